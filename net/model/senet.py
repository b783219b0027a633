"""The network: a residual network with squeeze-and-excite blocks, TF1 style, that answers 2K landmark coordinates.

    image [B, 128, 128, 3] RGB 0..255 -> scaled -> stem /4 -> four stages (32-64-128-256), all but the first /2
    -> head -> [B, 2K], and with heat maps how far off each point may be, [B, K]

Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; He et al., "Deep Residual Learning for Image Recognition", CVPR
2016, for the blocks; Sun et al., "Integral Human Pose Regression", ECCV 2018, for the integral head. Every op is one
that OpenCV's TensorFlow importer reads rightly; `export/freeze.py` proves it for each model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from net.model.layers import batch_norm, conv, conv_bn_relu, depthwise_conv, squeeze_excite, stateless_dropout
from net.model.shape import HEAT, STRIDE, Shape
from net.model.spread import heat_spread, learned_spread
from records.runtime import tf

v1 = tf.compat.v1
INPUT, OUTPUT, SPREAD = "image", "landmarks", "spread"  # node names of the exported graph
EXPANSION = 2  # an inverted block widens by this
POINTWISE = ("senet/integral/heat", "senet/integral/doubt", "senet/dense")  # layers whose channels are points
CELL = 8  # pixels of the picture along an edge of a heat map's cell; maps twice as fine were no better


@dataclass(frozen=True)
class Answer:
    """What the network says of a batch.

    landmarks: float32 [B, 2K], x0 y0 x1 y1 ..., fractions of the crop's side; last: the last map [B, h, w, C]; heat:
    the heat maps before their softmax, float32 [B * K, cells], and centres: (x, y) of the cells in fractions, float32
    [cells, 2]; spread: how far off each point may be, float32 [B, K], fractions of the crop's side; all three None
    without heat maps.
    """

    landmarks: tf.Tensor
    last: tf.Tensor
    heat: tf.Tensor | None = None
    centres: np.ndarray | None = None
    spread: tf.Tensor | None = None


def senet(
    image: tf.Tensor,
    shape: Shape,
    is_training: bool,
    dropout: float = 0.0,
    seed: tf.Tensor | None = None,
    dtype: tf.DType = tf.float32,
) -> Answer:
    """The answer to images [B, S, S, 3] RGB 0..255, or [B, S, S, 1] grey.

    is_training and dropout (the part dropped before the head) are Python constants: the exported graph holds neither.
    seed: int tensor [2] that makes the dropout a function of it; needed when dropout is on; dtype: of the maps
    (the variables and the mean place under the heat maps stay float32).
    """
    x = tf.cast(scaled(image, shape), dtype)
    with v1.variable_scope("senet", reuse=v1.AUTO_REUSE):
        maps = feature_maps(x, shape, is_training)
        if is_training and dropout > 0:
            maps[-1] = stateless_dropout(maps[-1], dropout, seed)
        if shape.head == "dense":
            answer = Answer(dense_head(maps[-1], shape, is_training), maps[-1])
        else:
            answer = integral_head(maps, shape, is_training)
    landmarks = named(answer.landmarks, OUTPUT, 2 * shape.points)
    spread = None if answer.spread is None else named(answer.spread, SPREAD, shape.points)
    return replace(answer, landmarks=landmarks, spread=spread)


def named(values: tf.Tensor, name: str, count: int) -> tf.Tensor:
    """The values as an output [B, count] of that name."""
    # OpenCV loses a name put on a bias_add or an identity; it keeps a reshape's
    return tf.reshape(values, [-1, count], name=name)


def scaled(image: tf.Tensor, shape: Shape) -> tf.Tensor:
    """Pixels 0..255 less their mean and over their deviation, float32, same shape: -1..1 where not standardised."""
    return tf.multiply(tf.cast(image, tf.float32), 1 / shape.pixel_std) - shape.pixel_mean / shape.pixel_std


def feature_maps(x: tf.Tensor, shape: Shape, is_training: bool) -> list[tf.Tensor]:
    """The maps after each stage: [B, S/4, S/4, W], [B, S/8, S/8, 2W], [B, S/16, S/16, 4W], [B, S/32, S/32, 8W]."""
    x = stem(x, shape.width, is_training)  # [B, S/4, S/4, W]
    maps = []
    for index in range(4):
        x = stage(f"stage{index + 1}", x, index, shape, is_training)
        maps.append(x)
    return maps


def stem(x: tf.Tensor, channels: int, is_training: bool) -> tf.Tensor:
    """A convolution and the largest of every 2x2 pixels: [B, S, S, 3] -> [B, S/4, S/4, channels]."""
    # pooling, because OpenCV takes four times as long for the 3x3 convolution with stride that would do the same
    return tf.nn.max_pool2d(conv_bn_relu("stem", x, channels, 3, 2, is_training), 2, 2, "SAME")


def stage(name: str, x: tf.Tensor, index: int, shape: Shape, is_training: bool) -> tf.Tensor:
    """The blocks of a stage; but for stage 0 the first halves height and width: [B, H, W, C] -> [B, H/2, W/2, C']."""
    block = residual_block if shape.block == "residual" else inverted_block
    with v1.variable_scope(name):
        for number in range(shape.depth):
            stride = 2 if index and not number else 1
            x = block(f"block{number + 1}", x, shape.channels(index), stride, is_training)
        return x


def residual_block(name: str, x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """A residual block with squeeze-and-excite: relu(shortcut(x) + excite(bn(conv(relu(bn(conv(x)))))))."""
    with v1.variable_scope(name):
        y = conv_bn_relu("conv1", x, channels, 3, stride, is_training)
        y = batch_norm("bn2", conv("conv2", y, channels, 3, 1), is_training)
        return tf.nn.relu(shortcut(x, channels, stride, is_training) + squeeze_excite("se", y))


def inverted_block(name: str, x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """MobileNet's block: shortcut(x) + bn(conv1x1(excite(relu(bn(depthwise(relu(bn(conv1x1(x)))))))).

    Sandler et al., "MobileNetV2", CVPR 2018, figure 4d; squeeze-and-excite where MobileNetV3 (ICCV 2019) has it.
    """
    with v1.variable_scope(name):
        y = conv_bn_relu("expand", x, EXPANSION * int(x.shape[-1]), 1, 1, is_training)
        y = tf.nn.relu(batch_norm("bn1", depthwise_conv("depthwise", y, stride), is_training))
        y = batch_norm("bn2", conv("project", squeeze_excite("se", y), channels, 1, 1), is_training)
        return shortcut(x, channels, stride, is_training) + y


def shortcut(x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """x itself where it has the wanted shape, else bn(conv1x1(every second pixel of x))."""
    if stride == 1 and x.shape[-1] == channels:
        return x
    # picks every second pixel: the gradient of a strided 1x1 convolution can corrupt memory in TensorFlow 2.21
    x = tf.nn.max_pool2d(x, 1, stride, "SAME")
    return batch_norm("bn0", conv("conv0", x, channels, 1, 1), is_training)


def integral_head(maps: list[tf.Tensor], shape: Shape, is_training: bool) -> Answer:
    """The head with heat maps: what it says of the stages' maps."""
    decoded = decoded_map(maps, shape, is_training)
    heat, centres = heat_maps(decoded, shape)
    chance = tf.nn.softmax(heat)
    landmarks = mean_place(chance, centres)
    if shape.spread == HEAT:
        spread = heat_spread(chance, shape.size // CELL)
    else:
        spread = learned_spread(chance, decoded, shape.points)
    return Answer(landmarks, maps[-1], heat, centres, spread)


def decoded_map(maps: list[tf.Tensor], shape: Shape, is_training: bool) -> tf.Tensor:
    """The map [B, S/8, S/8, D] of a walk up from the last map to the second with lateral connections."""
    with v1.variable_scope("integral"):
        x = conv("top", maps[-1], shape.decoder, 1, 1)  # [B, S/32, S/32, D]
        for level in (3, 2):
            height, width = x.shape[1:3]
            x = v1.image.resize_nearest_neighbor(x, [2 * height, 2 * width])
            x = x + conv(f"lateral{level}", maps[level - 1], shape.decoder, 1, 1)
            x = conv_bn_relu(f"merge{level}", x, shape.decoder, 3, 1, is_training)  # [B, S/16, S/16, D], then S/8
        return x


def heat_maps(decoded: tf.Tensor, shape: Shape) -> tuple[tf.Tensor, np.ndarray]:
    """A heat map per point, flat and before its softmax, float32 [B * K, cells], and the cells' centres [cells, 2]."""
    with v1.variable_scope("integral"):
        heat = tf.cast(conv("heat", decoded, shape.points, 1, 1, bias=True), tf.float32)  # [B, S/8, S/8, K]
    # faces mirror and labels that lie aside do not: so the maps tell the face, and their grid the labels' place
    centres = cell_centres(shape.size // CELL) + np.array([shape.label_offset, 0], np.float32)
    return tf.reshape(tf.transpose(heat, [0, 3, 1, 2]), [-1, len(centres)]), centres


def mean_place(chance: tf.Tensor, centres: np.ndarray) -> tf.Tensor:
    """Mean place (x, y) under the softmax of the heat: [N, cells] -> float32 [N, 2], fractions of the picture.

    In the one form that OpenCV's importer reads rightly: flat, softmax, one constant matrix.
    """
    return tf.matmul(chance, tf.constant(centres))


def cell_centres(side: int) -> np.ndarray:
    """Centres (x, y) of the side x side cells of a square map, fractions, float32 [side^2, 2], row by row."""
    places = (np.arange(side) + 0.5) / side
    y, x = np.meshgrid(places, places, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def dense_head(last: tf.Tensor, shape: Shape, is_training: bool) -> tf.Tensor:
    """The classic head: the last map, narrowed and flattened, through one matrix; [B, h, w, C] -> float32 [B, 2K].

    It starts at the crop's centre, or at the mean face where it answers in deviations from that.
    """
    with v1.variable_scope("dense"):
        x = tf.cast(conv_bn_relu("narrow", last, shape.decoder, 1, 1, is_training), tf.float32)
        cells = (shape.size // STRIDE) ** 2 * shape.decoder
        x = tf.reshape(x, [-1, cells])
        weights = v1.get_variable("weights", [cells, 2 * shape.points], initializer=v1.glorot_uniform_initializer())
        middle = v1.constant_initializer(0.0 if shape.label_std else 0.5)
        bias = v1.get_variable("bias", [2 * shape.points], initializer=middle)
        return to_fractions(tf.nn.bias_add(tf.matmul(x, weights), bias), shape)


def to_fractions(answer: tf.Tensor, shape: Shape) -> tf.Tensor:
    """A dense head's answer [B, 2K] as fractions of the crop's side, where it is in deviations of the labels.

    A product with a diagonal matrix and a bias: forms that OpenCV reads rightly, where a constant factor is not.
    """
    if not shape.label_std:
        return answer
    wide = tf.matmul(answer, tf.constant(np.diag(np.array(shape.label_std, np.float32))))
    return tf.nn.bias_add(wide, tf.constant(np.array(shape.label_mean, np.float32)))


def pose_head(last: tf.Tensor) -> tf.Tensor:
    """Pitch, yaw and roll in radians, float32 [B, 3], from the last map: an aid of training alone."""
    with v1.variable_scope("senet/pose", reuse=v1.AUTO_REUSE):
        mean = tf.cast(tf.reduce_mean(last, [1, 2]), tf.float32)
        weights = v1.get_variable("weights", [mean.shape[-1], 3], initializer=v1.glorot_uniform_initializer())
        return tf.matmul(mean, weights)


def kernels(scope: str = "senet") -> list[tf.Variable]:
    """The trainable kernels (what weight decay pulls at): no biases, no batch-norm scales."""
    return [value for value in v1.trainable_variables(scope) if value.op.name.endswith("weights")]


def is_hidden_kernel(variable: tf.Variable) -> bool:
    """Whether a variable is the kernel of a convolution between maps: no first, no last, no gate, no depthwise one."""
    inside = not any(f"/{part}/" in variable.name for part in ("stem", "se", "heat", "depthwise"))
    return len(variable.shape) == 4 and inside
