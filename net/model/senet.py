"""The network: a residual network with squeeze-and-excite blocks, TF1 style, that answers 2K landmark coordinates.

    image [B, 128, 128, 3] RGB 0..255 -> scaled -> stem /4 -> four stages (32-64-128-256), all but the first /2
    -> head -> [B, 2K]

Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; He et al., "Deep Residual Learning for Image Recognition", CVPR
2016, for the blocks; Sun et al., "Integral Human Pose Regression", ECCV 2018, for the integral head. Every op is one
that OpenCV's TensorFlow importer reads rightly; `export/freeze.py` proves it for each model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from net.options import option
from records.runtime import tf

v1 = tf.compat.v1
BLOCKS = ("residual", "inverted")
HEADS = ("integral", "dense", "blend")
PICTURES, PIXELS, LABELS = ("rgb", "grey"), ("scaled", "standardised"), ("fractions", "standardised")
INPUT, OUTPUT = "image", "landmarks"  # node names of the exported graph
STRIDE = 32  # the stem halves the picture twice, the last three stages once each
BN_MOMENTUM, BN_EPSILON = 0.99, 1e-3
REDUCTION = 8  # squeeze-and-excite narrows to this part of the channels
EXPANSION = 2  # an inverted block widens by this


@dataclass(frozen=True)
class Shape:
    """What the network looks like; points: K, how many it answers; size: edge of the picture it sees.

    pixel_mean, pixel_std: taken off the pixels 0..255 and divided by; label_mean, label_std: of standardised labels,
    2K numbers each, in fractions of the crop's side.
    """

    points: int = 68
    block: str = option("residual", "two 3x3 convolutions, or MobileNet's inverted bottleneck", BLOCKS)
    width: int = option(32, "channels of the stem and the first stage, doubled by each further stage")
    widest: int = option(256, "channels of a stage at most")
    depth: int = option(1, "blocks a stage")
    head: str = option(
        "integral", "mean place under heat maps, one matrix, or the first corrected by the second", HEADS
    )
    decoder: int = option(64, "channels of the head")
    cell: int = option(8, "pixels of the picture along an edge of a heat map's cell", (4, 8))
    border: int = option(0, "cells by which heat maps reach beyond the picture")
    picture: str = option("rgb", "what the network sees", PICTURES)
    pixels: str = option("scaled", "to -1..1, or by mean and deviation of the training set", PIXELS)
    labels: str = option(
        "fractions",
        "standardised: the loss counts in deviations of the training set, and a dense head answers so",
        LABELS,
    )
    size: int = 128
    pixel_mean: float = 127.5
    pixel_std: float = 127.5
    label_mean: tuple[float, ...] = ()
    label_std: tuple[float, ...] = ()

    def __post_init__(self):
        for name in ("label_mean", "label_std"):  # JSON has lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        kinds = (("block", BLOCKS), ("head", HEADS), ("cell", (4, 8)))
        kinds += (("picture", PICTURES), ("pixels", PIXELS), ("labels", LABELS))
        for name, choices in kinds:
            if getattr(self, name) not in choices:
                expected = ", ".join(map(str, choices))
                raise ValueError(f"{name}: found {getattr(self, name)!r}, expected one of {expected}")
        numbers = self.points, self.width, self.widest, self.depth, self.decoder
        if min(numbers) < 1 or self.width % REDUCTION or self.widest % REDUCTION or self.border < 0:
            raise ValueError(
                f"network: found {self}, expected positive numbers, widths divisible by {REDUCTION}, border >= 0"
            )
        if self.size < 1 or self.size % STRIDE:
            raise ValueError(f"network: size is {self.size}, expected a multiple of {STRIDE}")
        lengths = {len(self.label_mean), len(self.label_std)}
        if lengths - {0} and lengths != {2 * self.points} or not min(self.pixel_std, *self.label_std, 1) > 0:
            raise ValueError(
                f"network: found pixel_std {self.pixel_std}, {len(self.label_mean)} label_mean, {len(self.label_std)} "
                f"label_std, expected deviations > 0 and {2 * self.points} or no numbers of labels"
            )

    def settings(self) -> dict:
        """The fields for a run's settings and a model's contract; those that came later only where they are used."""
        later = ("picture", "pixels", "labels", "pixel_mean", "pixel_std", "label_mean", "label_std")
        plain = Shape()
        found = {
            name: value for name, value in asdict(self).items() if name not in later or value != getattr(plain, name)
        }
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    @property
    def planes(self) -> int:
        """Channels of the picture."""
        return 1 if self.picture == "grey" else 3

    def channels(self, index: int) -> int:
        """Channels of stage `index`, 0 to 3."""
        return min(self.width << index, self.widest)


@dataclass(frozen=True)
class Answer:
    """What the network says of a batch.

    landmarks: float32 [B, 2K], x0 y0 x1 y1 ..., fractions of the crop's side; last: the last map [B, h, w, C]; heat:
    the heat maps before their softmax, float32 [B * K, cells], and centres: (x, y) of the cells in fractions, float32
    [cells, 2]; both None without heat maps.
    """

    landmarks: tf.Tensor
    last: tf.Tensor
    heat: tf.Tensor | None = None
    centres: np.ndarray | None = None


def senet(
    image: tf.Tensor, shape: Shape, is_training: bool, dropout: float = 0.0, seed=None, dtype=tf.float32
) -> Answer:
    """The answer to images [B, S, S, 3] RGB 0..255, or [B, S, S, 1] grey.

    is_training and dropout (the part dropped before the head) are Python constants: the exported graph holds neither.
    seed: int tensor [2] that makes the dropout a function of it; needed when dropout is on; dtype: of the maps (the
    variables and the mean place under the heat maps stay float32).
    """
    pixels = tf.multiply(tf.cast(image, tf.float32), 1 / shape.pixel_std) - shape.pixel_mean / shape.pixel_std
    x = tf.cast(pixels, dtype)
    with v1.variable_scope("senet", reuse=v1.AUTO_REUSE):
        x = stem(x, shape.width, is_training)  # [B, S/4, S/4, W]
        maps = []
        for index in range(4):
            x = stage(f"stage{index + 1}", x, index, shape, is_training)
            maps.append(x)  # [B, S/4, S/4, W], [B, S/8, S/8, 2W], [B, S/16, S/16, 4W], [B, S/32, S/32, 8W]
        if is_training and dropout > 0:
            maps[-1] = drop(maps[-1], dropout, seed)
        heat, centres = (None, None) if shape.head == "dense" else heat_maps(maps, shape, is_training)
        parts = [] if heat is None else [tf.reshape(mean_place(heat, centres), [-1, 2 * shape.points])]
        if shape.head != "integral":
            parts.append(dense_head(maps[-1], shape, is_training))
        landmarks = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    # OpenCV loses a name put on a bias_add or an identity; it keeps a reshape's
    return Answer(tf.reshape(landmarks, [-1, 2 * shape.points], name=OUTPUT), maps[-1], heat, centres)


def stem(x: tf.Tensor, channels: int, is_training: bool) -> tf.Tensor:
    """A convolution and the largest of every 2x2 pixels: [B, S, S, 3] -> [B, S/4, S/4, channels]."""
    # pooling, because OpenCV takes four times as long for the 3x3 convolution with stride that would do the same
    return tf.nn.max_pool2d(conv_bn_relu("stem", x, channels, 3, 2, is_training), 2, 2, "SAME")


def stage(name: str, x: tf.Tensor, index: int, shape: Shape, is_training: bool) -> tf.Tensor:
    """The blocks of a stage; but for stage 0 the first halves height and width: [B, H, W, C] -> [B, H/2, W/2, C']."""
    block = residual if shape.block == "residual" else inverted
    with v1.variable_scope(name):
        for number in range(shape.depth):
            stride = 2 if index and not number else 1
            x = block(f"block{number + 1}", x, shape.channels(index), stride, is_training)
        return x


def residual(name: str, x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """A residual block with squeeze-and-excite: relu(shortcut(x) + excite(bn(conv(relu(bn(conv(x)))))))."""
    with v1.variable_scope(name):
        y = conv_bn_relu("conv1", x, channels, 3, stride, is_training)
        y = batch_norm("bn2", conv("conv2", y, channels, 3, 1), is_training)
        return tf.nn.relu(shortcut(x, channels, stride, is_training) + squeeze_excite("se", y))


def inverted(name: str, x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """MobileNet's block: shortcut(x) + bn(conv1x1(excite(relu(bn(depthwise(relu(bn(conv1x1(x)))))))).

    Sandler et al., "MobileNetV2", CVPR 2018, figure 4d; squeeze-and-excite where MobileNetV3 (ICCV 2019) has it.
    """
    with v1.variable_scope(name):
        y = conv_bn_relu("expand", x, EXPANSION * int(x.shape[-1]), 1, 1, is_training)
        y = tf.nn.relu(batch_norm("bn1", depthwise("depthwise", y, stride), is_training))
        y = batch_norm("bn2", conv("project", squeeze_excite("se", y), channels, 1, 1), is_training)
        return shortcut(x, channels, stride, is_training) + y


def shortcut(x: tf.Tensor, channels: int, stride: int, is_training: bool) -> tf.Tensor:
    """x itself where it has the wanted shape, else bn(conv1x1(every second pixel of x))."""
    if stride == 1 and x.shape[-1] == channels:
        return x
    # picks every second pixel: the gradient of a strided 1x1 convolution can corrupt memory in TensorFlow 2.21
    x = tf.nn.max_pool2d(x, 1, stride, "SAME")
    return batch_norm("bn0", conv("conv0", x, channels, 1, 1), is_training)


def squeeze_excite(name: str, x: tf.Tensor) -> tf.Tensor:
    """x times a gate per channel: sigmoid(W2 relu(W1 mean(x)))  (Hu et al., section 3)."""
    channels = x.shape[-1]
    with v1.variable_scope(name):
        gate = tf.reduce_mean(x, [1, 2], keepdims=True)  # squeeze: [B, 1, 1, C]
        gate = tf.nn.relu(conv("squeeze", gate, channels // REDUCTION, 1, 1, bias=True))
        gate = tf.nn.sigmoid(conv("excite", gate, channels, 1, 1, bias=True))
        return x * gate


def dense_head(last: tf.Tensor, shape: Shape, is_training: bool) -> tf.Tensor:
    """The classic head: the last map, narrowed and flattened, through one matrix; [B, h, w, C] -> float32 [B, 2K].

    On its own it starts at the crop's centre; as a correction of heat maps, and where it answers in deviations from the
    mean face, it starts at nothing.
    """
    alone = shape.head == "dense"
    with v1.variable_scope("dense"):
        x = tf.cast(conv_bn_relu("narrow", last, shape.decoder, 1, 1, is_training), tf.float32)
        cells = (shape.size // STRIDE) ** 2 * shape.decoder
        x = tf.reshape(x, [-1, cells])
        initial = v1.glorot_uniform_initializer() if alone else v1.zeros_initializer()
        weights = v1.get_variable("weights", [cells, 2 * shape.points], initializer=initial)
        middle = 0.5 if alone and not shape.label_std else 0.0
        bias = v1.get_variable("bias", [2 * shape.points], initializer=v1.constant_initializer(middle))
        return fractions_of(tf.nn.bias_add(tf.matmul(x, weights), bias), shape)


def fractions_of(answer: tf.Tensor, shape: Shape) -> tf.Tensor:
    """A dense head's answer [B, 2K] as fractions of the crop's side, where it is in deviations of the labels.

    A product with a diagonal matrix and a bias: forms that OpenCV reads rightly, where a constant factor is not.
    """
    if not shape.label_std:
        return answer
    wide = tf.matmul(answer, tf.constant(np.diag(np.array(shape.label_std, np.float32))))
    mean = np.array(shape.label_mean, np.float32) * (shape.head == "dense")  # heat maps already say where the face is
    return tf.nn.bias_add(wide, tf.constant(mean))


def heat_maps(maps: list[tf.Tensor], shape: Shape, is_training: bool) -> tuple[tf.Tensor, np.ndarray]:
    """A heat map per point, flat and before its softmax, float32 [B * K, cells], and the cells' centres [cells, 2].

    They come from a decoder that walks up from the last map with lateral connections. Its maps reach beyond the picture
    (`border`) at every level, so that each cell out there learns its own heat from what lies inside.
    """
    levels = ((3, maps[2]), (2, maps[1]), (1, maps[0]))[: 2 if shape.cell == 8 else 3]
    around = 0  # cells of x beyond the picture, on every side
    with v1.variable_scope("integral"):
        x = conv("top", maps[-1], shape.decoder, 1, 1)
        for left, (level, lateral) in zip(reversed(range(len(levels))), levels, strict=True):
            wanted = shape.border >> left
            height, width = x.shape[1:3]
            x = padded(v1.image.resize_nearest_neighbor(x, [2 * height, 2 * width]), wanted - 2 * around)
            x = x + padded(conv(f"lateral{level}", lateral, shape.decoder, 1, 1), wanted)
            x = conv_bn_relu(f"merge{level}", x, shape.decoder, 3, 1, is_training)
            around = wanted
        heat = tf.cast(conv("heat", x, shape.points, 1, 1, bias=True), tf.float32)  # [B, cells up, cells across, K]
    centres = cell_centres(shape.size // shape.cell, shape.border)
    return tf.reshape(tf.transpose(heat, [0, 3, 1, 2]), [-1, len(centres)]), centres


def padded(x: tf.Tensor, cells: int) -> tf.Tensor:
    """The maps with so many cells of zeros more on every side: [B, H, W, C] -> [B, H + 2 cells, W + 2 cells, C]."""
    return tf.pad(x, [[0, 0], [cells] * 2, [cells] * 2, [0, 0]]) if cells else x


def mean_place(heat: tf.Tensor, centres: np.ndarray) -> tf.Tensor:
    """Mean place (x, y) under softmax(heat): [N, cells] -> float32 [N, 2], fractions of the picture.

    In the one form that OpenCV's importer reads rightly: flat, softmax, one constant matrix.
    """
    return tf.matmul(tf.nn.softmax(heat), tf.constant(centres))


def pose_head(last: tf.Tensor) -> tf.Tensor:
    """Pitch, yaw and roll in radians, float32 [B, 3], from the last map: an aid of training alone."""
    with v1.variable_scope("senet/pose", reuse=v1.AUTO_REUSE):
        mean = tf.cast(tf.reduce_mean(last, [1, 2]), tf.float32)
        weights = v1.get_variable("weights", [mean.shape[-1], 3], initializer=v1.glorot_uniform_initializer())
        return tf.matmul(mean, weights)


def cell_centres(side: int, border: int = 0) -> np.ndarray:
    """Centres (x, y) of the cells of a square map, fractions, float32 [(side + 2 * border)^2, 2], row by row.

    side: cells along an edge of the picture; border: cells beyond it on every side.
    """
    places = (np.arange(-border, side + border) + 0.5) / side
    y, x = np.meshgrid(places, places, indexing="ij")
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
        y = tf.nn.conv2d(x, tf.cast(weights, x.dtype), strides=stride, padding="SAME")
        if not bias:
            return y
        offset = v1.get_variable("bias", [channels], initializer=v1.zeros_initializer())
        return tf.nn.bias_add(y, tf.cast(offset, x.dtype))


def depthwise(name: str, x: tf.Tensor, stride: int) -> tf.Tensor:
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


def drop(x: tf.Tensor, rate: float, seed) -> tf.Tensor:
    """Dropout whose mask is a function of `seed` alone, so that a resumed run drops what an uninterrupted one does."""
    keep = tf.cast(tf.random.stateless_uniform(tf.shape(x), seed) >= rate, x.dtype)
    return x * keep / (1 - rate)


def weights_of(scope: str = "senet") -> list[tf.Variable]:
    """The trainable kernels (what weight decay pulls at): no biases, no batch-norm scales."""
    return [value for value in v1.trainable_variables(scope) if value.op.name.endswith("weights")]


def is_hidden_kernel(variable: tf.Variable) -> bool:
    """Whether a variable is the kernel of a convolution between maps: no first, no last, no gate, no depthwise one."""
    inside = not any(f"/{part}/" in variable.name for part in ("stem", "se", "heat", "depthwise"))
    return len(variable.shape) == 4 and inside
