"""The detector's network: residual and squeeze-and-excite blocks, fully convolutional, TF1 style.

    image [B, H, W, 3] RGB 0..255 -> scaled -> stem /4 -> fine stage -> stages /8, /16, /32
    -> merged from coarse to fine -> cells8 [B, H/8, W/8, 15], cells16, cells32

H and W are any multiples of 32. What a cell says stands in `infer.geometry.cells`. One score and one box a cell without
anchors, as in Tian et al., "FCOS", ICCV 2019; maps merged from coarse to fine as in Lin et al., "Feature Pyramid
Networks for Object Detection", CVPR 2017. Every op is one that OpenCV's TensorFlow importer reads rightly, at any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infer.geometry.levels import FIELDS
from net.detector.shape import LEVELS, PATCH, DetectorShape
from net.model.layers import batch_norm, conv, conv_bn_relu, squeeze_excite
from net.model.senet import shortcut
from records.runtime import tf, v1

SCOPE = "detector"
RARE = 0.01  # the score that every cell starts with: faces are rare (Lin et al., "Focal Loss", section 4.1)


@dataclass(frozen=True)
class LevelAnswer:
    """What one level says: logits float32 [B, h, w, 1] of the score; rest float32 [B, h, w, 14], fields 1 to 14."""

    logits: tf.Tensor
    rest: tf.Tensor


def detector(
    image: tf.Tensor, shape: DetectorShape, is_training: bool, dtype: tf.DType = tf.float32
) -> list[LevelAnswer]:
    """The answers of all levels, fine to coarse, to pictures [B, H, W, 3] RGB 0..255.

    dtype: of the maps; variables and answers stay float32.
    """
    x = tf.cast(tf.multiply(tf.cast(image, tf.float32), 1 / 127.5) - 1.0, dtype)
    with v1.variable_scope(SCOPE, reuse=v1.AUTO_REUSE):
        maps = feature_maps(x, shape, is_training)
        merged = None
        answers = []
        for level, x in zip(LEVELS[::-1], maps[::-1], strict=True):
            with v1.variable_scope(level.name):
                lateral = conv("lateral", x, shape.merge, 1, 1)
                merged = lateral if merged is None else lateral + doubled(merged)
                merged = conv_bn_relu("merge", merged, shape.merge, 3, 1, is_training)
                answers.append(head(merged))
    return answers[::-1]


def named_cells(answers: list[LevelAnswer]) -> list[tf.Tensor]:
    """The graph's outputs, fine to coarse: float32 [B, h, w, 15] each, named as their levels."""
    # OpenCV keeps a concatenation's name, and reads no slice of a map
    pairs = zip(LEVELS, answers, strict=True)
    return [tf.concat([tf.sigmoid(answer.logits), answer.rest], -1, name=level.name) for level, answer in pairs]


def feature_maps(x: tf.Tensor, shape: DetectorShape, is_training: bool) -> list[tf.Tensor]:
    """The maps after each stage: [B, H/8, W/8, C8], [B, H/16, W/16, C16], [B, H/32, W/32, C32]."""
    # patches side by side, because OpenCV takes twice as long for a 3x3 convolution at half the stride
    x = conv_bn_relu("stem", x, shape.stem, PATCH, PATCH, is_training)  # [B, H/4, W/4, stem]
    for number in range(shape.fine):
        x = conv_bn_relu(f"fine{number + 1}", x, shape.stem, 3, 1, is_training)
    maps = []
    for index, (level, channels) in enumerate(zip(LEVELS, shape.stages, strict=True)):
        # pooled, because OpenCV has Winograd's way for convolutions without stride alone
        x = tf.nn.max_pool2d(x, 2, 2, "SAME")
        for number in range(shape.depth):
            x = block(f"stage{level.stride}/block{number + 1}", x, channels, index > 0, is_training)
        maps.append(x)
    return maps


def block(name: str, x: tf.Tensor, channels: int, excite: bool, is_training: bool) -> tf.Tensor:
    """relu(shortcut(x) + excite(bn(conv(relu(bn(conv(x))))))); on the finest maps the gate costs more than it gives."""
    with v1.variable_scope(name):
        y = conv_bn_relu("conv1", x, channels, 3, 1, is_training)
        y = batch_norm("bn2", conv("conv2", y, channels, 3, 1), is_training)
        y = squeeze_excite("se", y) if excite else y
        return tf.nn.relu(shortcut(x, channels, 1, is_training) + y)


def doubled(x: tf.Tensor) -> tf.Tensor:
    """A map twice as high and wide, each cell four times; in the one form that OpenCV follows at any size."""
    return v1.image.resize_nearest_neighbor(x, tf.shape(x)[1:3] * tf.constant([2, 2]))


def head(x: tf.Tensor) -> LevelAnswer:
    """The answer of a level: [B, h, w, C] -> logits and the rest."""
    rest = conv("rest", x, FIELDS - 1, 1, 1, bias=True)
    with v1.variable_scope("score"):
        prior = v1.constant_initializer(-np.log(1 / RARE - 1))
        weights = v1.get_variable("weights", [1, 1, x.shape[-1], 1], initializer=v1.random_normal_initializer(0, 0.01))
        bias = v1.get_variable("bias", [1], initializer=prior)
        logits = tf.nn.bias_add(tf.nn.conv2d(x, tf.cast(weights, x.dtype), 1, "SAME"), tf.cast(bias, x.dtype))
    return LevelAnswer(tf.cast(logits, tf.float32), tf.cast(rest, tf.float32))
