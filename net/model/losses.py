"""Losses on points. Labels and answers are fractions of the crop's side [B, 2K]; NaN in a label: point unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from records.runtime import tf

PIXELS = 128.0  # losses count in pixels of the crop: Wing's two constants are lengths
WING_WIDTH, WING_CURVE = 10.0, 2.0  # Feng et al., section 5.1


def wing(difference: tf.Tensor) -> tf.Tensor:
    """Wing loss of differences in pixels, same shape: w ln(1 + |x| / e) where |x| < w, else |x| - C.

    Feng et al., "Wing Loss for Robust Facial Landmark Localisation with CNNs", CVPR 2018, equation 5.
    """
    size = tf.abs(difference)
    constant = WING_WIDTH - WING_WIDTH * np.log(1 + WING_WIDTH / WING_CURVE)
    return tf.where(size < WING_WIDTH, WING_WIDTH * tf.math.log1p(size / WING_CURVE), size - constant)


def smooth_l1(difference: tf.Tensor) -> tf.Tensor:
    """Smooth L1 of differences in pixels, same shape: x^2 / 2 where |x| < 1, else |x| - 1/2.

    Girshick, "Fast R-CNN", ICCV 2015, equation 3.
    """
    size = tf.abs(difference)
    return tf.where(size < 1, 0.5 * tf.square(size), size - 0.5)


FORMULAS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {"l2": tf.square, "wing": wing, "smooth_l1": smooth_l1}


def point_loss(name: str, predicted: tf.Tensor, label: tf.Tensor, deviations: Sequence[float] = ()) -> tf.Tensor:
    """Mean loss over the known coordinates of a batch, float32 []; 0 where none is known.

    name: "l2" (mean squared pixels), "wing" or "smooth_l1"; deviations: of standardised labels [2K], which are then the
    unit in place of pixels. Raises ValueError on another name.
    """
    if name not in FORMULAS:
        raise ValueError(f"loss: found {name!r}, expected one of {', '.join(FORMULAS)}")
    known = tf.math.is_finite(label)
    unit = 1 / np.array(deviations, np.float32) if deviations else PIXELS
    # NaN must not enter the difference at all: 0 * NaN is NaN in the gradient
    difference = unit * (predicted - tf.where(known, label, predicted))
    return mean_over(known, FORMULAS[name](difference))


def mean_absolute_error(predicted: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Mean of |predicted - label| over the known coordinates of a batch in pixels of the crop, float32 []."""
    known = tf.math.is_finite(label)
    return mean_over(known, PIXELS * tf.abs(predicted - tf.where(known, label, predicted)))


def mean_over(known: tf.Tensor, loss: tf.Tensor) -> tf.Tensor:
    """Mean of the losses where `known`, float32 []; 0 where nothing is."""
    count = tf.maximum(tf.reduce_sum(tf.cast(known, tf.float32)), 1.0)
    return tf.reduce_sum(tf.where(known, loss, tf.zeros_like(loss))) / count


def heat_loss(heat: tf.Tensor, centres: np.ndarray, label: tf.Tensor, width: float) -> tf.Tensor:
    """Mean cross-entropy of the heat maps with a normal distribution around each known point, float32 [].

    heat: [B * K, cells] before the softmax; centres: (x, y) of the cells, [cells, 2], and label [B, 2K], both in
    fractions of the crop's side; width: the distribution's standard deviation in cells. A point beyond the map counts
    at its rim. After Nibali et al., "Numerical Coordinate Regression with Convolutional Neural Networks" (2018),
    section 3.3, with cross-entropy as the divergence.
    """
    points = tf.reshape(label, [-1, 1, 2])
    known = tf.math.is_finite(points[:, 0, 0])
    points = tf.where(known[:, None, None], points, tf.zeros_like(points))
    cell = np.diff(np.unique(centres[:, 0])[:2]).item()
    squares = tf.reduce_sum(tf.square((centres[None] - points) / cell), axis=2)  # [B * K, cells], in cells
    wanted = tf.nn.softmax(squares / (-2 * width**2))
    return mean_over(known, tf.nn.softmax_cross_entropy_with_logits(labels=wanted, logits=heat))


def pose_loss(predicted: tf.Tensor, pose: tf.Tensor) -> tf.Tensor:
    """Mean squared error of the known angles, [B, 3] in radians, float32 []; 0 where none is known."""
    known = tf.math.is_finite(pose)
    return mean_over(known, tf.square(predicted - tf.where(known, pose, predicted)))


def weight_decay(weights: list[tf.Tensor]) -> tf.Tensor:
    """L2 of the kernels, float32 []: half the sum of squares."""
    return tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
