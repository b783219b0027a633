"""Losses on points. Labels and answers are fractions of the crop's side [B, 2K]; NaN in a label: point unknown."""

from __future__ import annotations

import numpy as np

from records.runtime import tf

PIXELS = 128.0  # losses count in pixels of the crop: Wing's two constants are lengths
LOSSES = ("l2", "wing")
WING_WIDTH, WING_CURVE = 10.0, 2.0  # Feng et al., section 5.1


def point_loss(name: str, predicted: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Mean loss over the known coordinates of a batch, float32 []; 0 where none is known.

    name: "l2" (mean squared pixels) or "wing". Raises ValueError on another.
    """
    known = tf.math.is_finite(label)
    # NaN must not enter the difference at all: 0 * NaN is NaN in the gradient
    difference = PIXELS * (predicted - tf.where(known, label, predicted))
    if name == "l2":
        loss = tf.square(difference)
    elif name == "wing":
        loss = wing(difference)
    else:
        raise ValueError(f"loss: found {name!r}, expected one of {', '.join(LOSSES)}")
    count = tf.maximum(tf.reduce_sum(tf.cast(known, tf.float32)), 1.0)
    return tf.reduce_sum(tf.where(known, loss, tf.zeros_like(loss))) / count


def wing(difference: tf.Tensor) -> tf.Tensor:
    """Wing loss of differences in pixels, same shape: w ln(1 + |x| / e) where |x| < w, else |x| - C.

    Feng et al., "Wing Loss for Robust Facial Landmark Localisation with CNNs", CVPR 2018, equation 5.
    """
    size = tf.abs(difference)
    constant = WING_WIDTH - WING_WIDTH * np.log(1 + WING_WIDTH / WING_CURVE)
    return tf.where(size < WING_WIDTH, WING_WIDTH * tf.math.log1p(size / WING_CURVE), size - constant)


def weight_decay(weights: list[tf.Tensor]) -> tf.Tensor:
    """L2 of the kernels, float32 []: half the sum of squares."""
    return tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
