"""The layers that the network is built of, TF1 style: each makes its variables in a scope of its name.

Maps are float32 or bfloat16 [B, H, W, C]; variables are float32 whatever the maps are. Every op is one that OpenCV's
TensorFlow importer reads rightly.
"""

from __future__ import annotations

from net.model.shape import REDUCTION
from records.runtime import tf

v1 = tf.compat.v1
BN_MOMENTUM, BN_EPSILON = 0.99, 1e-3


def conv_bn_relu(name: str, x: tf.Tensor, channels: int, kernel: int, stride: int, is_training: bool) -> tf.Tensor:
    """relu(bn(conv(x)))."""
    with v1.variable_scope(name):
        return tf.nn.relu(batch_norm("bn", conv("conv", x, channels, kernel, stride), is_training))


def conv(
    name: str, x: tf.Tensor, channels: int, kernel: int, stride: int, bias: bool = False, zero: bool = False
) -> tf.Tensor:
    """A convolution with SAME padding: [B, H, W, C] -> [B, H/stride, W/stride, channels]; zero: it starts as 0."""
    with v1.variable_scope(name):
        # He et al.'s; the Keras initializer of that name draws its seed from Python's random, whatever the graph's seed
        he = v1.variance_scaling_initializer(2.0, "fan_in", "truncated_normal")
        initial = v1.zeros_initializer() if zero else he
        weights = v1.get_variable("weights", [kernel, kernel, x.shape[-1], channels], initializer=initial)
        y = tf.nn.conv2d(x, tf.cast(weights, x.dtype), strides=stride, padding="SAME")
        if not bias:
            return y
        offset = v1.get_variable("bias", [channels], initializer=v1.zeros_initializer())
        return tf.nn.bias_add(y, tf.cast(offset, x.dtype))


def depthwise_conv(name: str, x: tf.Tensor, stride: int) -> tf.Tensor:
    """A 3x3 convolution of each channel by itself: [B, H, W, C] -> [B, H/stride, W/stride, C]."""
    with v1.variable_scope(name):
        channels = int(x.shape[-1])
        # each output has 9 inputs, where the initializer counts 9 for every channel
        initial = v1.variance_scaling_initializer(2.0 * channels, "fan_in", "truncated_normal")
        weights = v1.get_variable("weights", [3, 3, channels, 1], initializer=initial)
        return tf.nn.depthwise_conv2d(x, tf.cast(weights, x.dtype), [1, stride, stride, 1], "SAME")


def batch_norm(name: str, x: tf.Tensor, is_training: bool) -> tf.Tensor:
    """Batch normalisation; in training it adds the updates of its moving averages to UPDATE_OPS.

    Ioffe and Szegedy, "Batch Normalization", ICML 2015.
    """
    with v1.variable_scope(name):
        channels = [x.shape[-1]]
        scale = v1.get_variable("scale", channels, initializer=v1.ones_initializer())
        offset = v1.get_variable("offset", channels, initializer=v1.zeros_initializer())
        mean = v1.get_variable("mean", channels, initializer=v1.zeros_initializer(), trainable=False)
        variance = v1.get_variable("variance", channels, initializer=v1.ones_initializer(), trainable=False)
        if not is_training:
            return v1.nn.fused_batch_norm(x, scale, offset, mean, variance, BN_EPSILON, is_training=False)[0]
        y, batch_mean, batch_variance = v1.nn.fused_batch_norm(x, scale, offset, epsilon=BN_EPSILON, is_training=True)
        for average, value in ((mean, batch_mean), (variance, batch_variance)):
            v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_sub(average, (average - value) * (1 - BN_MOMENTUM)))
        return y


def squeeze_excite(name: str, x: tf.Tensor) -> tf.Tensor:
    """x times a gate per channel: sigmoid(W2 relu(W1 mean(x)))  (Hu et al., section 3)."""
    channels = x.shape[-1]
    with v1.variable_scope(name):
        gate = tf.reduce_mean(x, [1, 2], keepdims=True)  # squeeze: [B, 1, 1, C]
        gate = tf.nn.relu(conv("squeeze", gate, channels // REDUCTION, 1, 1, bias=True))
        gate = tf.nn.sigmoid(conv("excite", gate, channels, 1, 1, bias=True))
        return x * gate


def stateless_dropout(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """x without the part `rate`, the rest scaled up; seed: int [2], the mask is a function of it alone.

    So a resumed run drops what an uninterrupted one does.
    """
    keep = tf.cast(tf.random.stateless_uniform(tf.shape(x), seed) >= rate, x.dtype)
    return x * keep / (1 - rate)
