"""The network: a residual network with squeeze-and-excite blocks, TF1 style, that answers 2K landmark coordinates.

    image [B, 128, 128, 3] RGB 0..255 -> scaled -> stem /2 -> four stages /2 each (32-64-128-256) -> head -> [B, 2K]

Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; He et al., "Deep Residual Learning for Image Recognition", CVPR
2016, for the blocks; Sun et al., "Integral Human Pose Regression", ECCV 2018, for the integral head. Every op is one
that OpenCV's TensorFlow importer reads rightly; `export/freeze.py` proves it for each model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from net.options import option
from records.runtime import tf

v1 = tf.compat.v1
HEADS = ("integral", "dense")
INPUT, OUTPUT = "image", "landmarks"  # node names of the exported graph
STRIDE = 32  # the stem and four stages halve the picture once each
BN_MOMENTUM, BN_EPSILON = 0.99, 1e-3
REDUCTION = 8  # squeeze-and-excite narrows to this part of the channels


@dataclass(frozen=True)
class Shape:
    """What the network looks like; points: K, how many it answers; size: edge of the picture it sees."""

    points: int = 68
    width: int = option(32, "channels of the stem and the first stage, doubled by each further stage")
    depth: int = option(1, "blocks a stage")
    head: str = option("integral", "mean place under heat maps, or one matrix", HEADS)
    decoder: int = option(64, "channels of the head")
    size: int = 128

    def __post_init__(self):
        if self.head not in HEADS:
            raise ValueError(f"head: found {self.head!r}, expected one of {', '.join(HEADS)}")
        if min(self.points, self.width, self.depth, self.decoder) < 1 or self.width % REDUCTION:
            raise ValueError(f"network: found {self}, expected positive numbers and a width divisible by {REDUCTION}")
        if self.size < 1 or self.size % STRIDE:
            raise ValueError(f"network: size is {self.size}, expected a multiple of {STRIDE}")


def senet(image: tf.Tensor, shape: Shape, is_training: bool, dropout: float = 0.0, seed=None) -> tf.Tensor:
    """Landmarks [B, 2K] float32 (x0 y0 x1 y1 ..., fractions of the crop's side) of images [B, S, S, 3] RGB 0..255.

    is_training and dropout (the part dropped before the head) are Python constants: the exported graph holds neither.
    seed: int tensor [2] that makes the dropout a function of it; needed when dropout is on.
    """
    x = tf.multiply(tf.cast(image, tf.float32), 1 / 127.5) - 1.0
    with v1.variable_scope("senet", reuse=v1.AUTO_REUSE):
        x = conv_bn_relu("stem", x, shape.width, 3, 2, is_training)  # [B, S/2, S/2, W]
        maps = []
        for index in range(4):
            x = stage(f"stage{index + 1}", x, shape.width << index, shape.depth, is_training)
            maps.append(x)  # [B, S/4, S/4, W], [B, S/8, S/8, 2W], [B, S/16, S/16, 4W], [B, S/32, S/32, 8W]
        if is_training and dropout > 0:
            maps[-1] = drop(maps[-1], dropout, seed)
        head = integral_head if shape.head == "integral" else dense_head
        answer = head(maps, shape, is_training)
    # OpenCV loses a name put on a bias_add or an identity; it keeps a reshape's
    return tf.reshape(answer, [-1, 2 * shape.points], name=OUTPUT)


def stage(name: str, x: tf.Tensor, channels: int, depth: int, is_training: bool) -> tf.Tensor:
    """`depth` blocks, the first of which halves height and width: [B, H, W, C] -> [B, H/2, W/2, channels]."""
    with v1.variable_scope(name):
        for index in range(depth):
            x = block(f"block{index + 1}", x, channels, 2 if index == 0 else 1, is_training)
        return x


def block(name: str, x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """A residual block with squeeze-and-excite: relu(shortcut(x) + excite(bn(conv(relu(bn(conv(x)))))))."""
    with v1.variable_scope(name):
        y = conv_bn_relu("conv1", x, channels, 3, stride, is_training)
        y = batch_norm("bn2", conv("conv2", y, channels, 3, 1), is_training)
        y = squeeze_excite("se", y)
        if stride != 1 or x.shape[-1] != channels:
            # picks every second pixel: the gradient of a strided 1x1 convolution can corrupt memory in TensorFlow 2.21
            x = tf.nn.max_pool2d(x, 1, stride, "SAME")
            x = batch_norm("bn0", conv("conv0", x, channels, 1, 1), is_training)
        return tf.nn.relu(x + y)


def squeeze_excite(name: str, x: tf.Tensor) -> tf.Tensor:
    """x times a gate per channel: sigmoid(W2 relu(W1 mean(x)))  (Hu et al., section 3)."""
    channels = x.shape[-1]
    with v1.variable_scope(name):
        gate = tf.reduce_mean(x, [1, 2], keepdims=True)  # squeeze: [B, 1, 1, C]
        gate = tf.nn.relu(conv("squeeze", gate, channels // REDUCTION, 1, 1, bias=True))
        gate = tf.nn.sigmoid(conv("excite", gate, channels, 1, 1, bias=True))
        return x * gate


def dense_head(maps: list[tf.Tensor], shape: Shape, is_training: bool) -> tf.Tensor:
    """The classic head: the last map, narrowed and flattened, through one matrix; [B, h, w, C] -> [B, 2K]."""
    with v1.variable_scope("dense"):
        x = conv_bn_relu("narrow", maps[-1], shape.decoder, 1, 1, is_training)
        cells = (shape.size // STRIDE) ** 2 * shape.decoder
        x = tf.reshape(x, [-1, cells])
        weights = v1.get_variable("weights", [cells, 2 * shape.points], initializer=v1.glorot_uniform_initializer())
        bias = v1.get_variable("bias", [2 * shape.points], initializer=v1.constant_initializer(0.5))
        return tf.nn.bias_add(tf.matmul(x, weights), bias)


def integral_head(maps: list[tf.Tensor], shape: Shape, is_training: bool) -> tf.Tensor:
    """Each point as the mean place under its own heat map, [B, 2K]: sum of softmax(heat) times the cells' centres.

    The heat maps [B, S/8, S/8, K] come from a decoder that walks up from the last map with lateral connections.
    """
    with v1.variable_scope("integral"):
        x = conv("top", maps[-1], shape.decoder, 1, 1)
        for level, lateral in ((3, maps[-2]), (2, maps[-3])):
            height, width = lateral.shape[1:3]
            x = v1.image.resize_nearest_neighbor(x, [height, width])
            x = x + conv(f"lateral{level}", lateral, shape.decoder, 1, 1)
            x = conv_bn_relu(f"merge{level}", x, shape.decoder, 3, 1, is_training)
        heat = conv("heat", x, shape.points, 1, 1, bias=True)  # [B, S/8, S/8, K]
        return soft_argmax(heat)


def soft_argmax(heat: tf.Tensor) -> tf.Tensor:
    """Mean place (x, y) under softmax(heat) per point, fractions of the map: [B, h, w, K] -> [B * K, 2].

    In the one form that OpenCV's importer reads rightly: channels first, flat, softmax, one constant matrix.
    """
    height, width, points = heat.shape[1:]
    flat = tf.reshape(tf.transpose(heat, [0, 3, 1, 2]), [-1, height * width])  # [B * K, h * w]
    return tf.matmul(tf.nn.softmax(flat), tf.constant(cell_centres(height, width)))


def cell_centres(height: int, width: int) -> np.ndarray:
    """Centres (x, y) of the cells of a map, fractions, float32 [height * width, 2], row by row."""
    y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def conv_bn_relu(name: str, x: tf.Tensor, channels: int, kernel: int, stride: int, is_training: bool) -> tf.Tensor:
    """relu(bn(conv(x)))."""
    with v1.variable_scope(name):
        return tf.nn.relu(batch_norm("bn", conv("conv", x, channels, kernel, stride), is_training))


def conv(name: str, x: tf.Tensor, channels: int, kernel: int, stride: int, bias: bool = False) -> tf.Tensor:
    """A convolution with SAME padding: [B, H, W, C] -> [B, H/stride, W/stride, channels]."""
    with v1.variable_scope(name):
        # He et al.'s; the Keras initializer of that name draws its seed from Python's random, whatever the graph's seed
        initial = v1.variance_scaling_initializer(2.0, "fan_in", "truncated_normal")
        weights = v1.get_variable("weights", [kernel, kernel, x.shape[-1], channels], initializer=initial)
        y = tf.nn.conv2d(x, weights, strides=stride, padding="SAME")
        if not bias:
            return y
        return tf.nn.bias_add(y, v1.get_variable("bias", [channels], initializer=v1.zeros_initializer()))


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


def drop(x: tf.Tensor, rate: float, seed) -> tf.Tensor:
    """Dropout whose mask is a function of `seed` alone, so that a resumed run drops what an uninterrupted one does."""
    keep = tf.cast(tf.random.stateless_uniform(tf.shape(x), seed) >= rate, x.dtype)
    return x * keep / (1 - rate)


def weights_of(scope: str = "senet") -> list[tf.Variable]:
    """The trainable kernels (what weight decay pulls at): no biases, no batch-norm scales."""
    return [value for value in v1.trainable_variables(scope) if value.op.name.endswith("weights")]
