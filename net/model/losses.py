"""Losses on points. Labels and answers are fractions of the crop's side [B, 2K]; NaN in a label: point unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from net.model.contours import Neighbours, along_and_across
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


@dataclass(frozen=True)
class PointLoss:
    """The loss on the points of a batch.

    name: "l2" (squared pixels), "wing" or "smooth_l1"; deviations: of standardised labels [2K], which are then the unit
    in place of pixels; along: how much an error along a contour counts beside one across, for a point that slides along
    the jaw is half right; neighbours: as `net.model.contours.neighbours_of` has them, without which no point lies on a
    contour. With an `along` of 1 errors count by x and y, with another one by the contours' frames, which is not quite
    the same to the formulas that are no squares. Raises ValueError on another name.

    Huang et al., "ADNet: Leveraging Error-Bias Towards Normal Direction in Face Alignment", ICCV 2021, for
    the anisotropic direction loss, in which errors across weigh more.
    """

    name: str
    deviations: Sequence[float] = ()
    along: float = 1.0
    neighbours: Neighbours = ()

    def __post_init__(self) -> None:
        if self.name not in FORMULAS:
            raise ValueError(f"loss: found {self.name!r}, expected one of {', '.join(FORMULAS)}")

    def __call__(self, predicted: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None) -> tf.Tensor:
        """Mean over the known coordinates, float32 []; 0 where none is known.

        predicted, label: [B, 2K]; weight: how much each face counts, [B], None: all alike.
        """
        known = tf.math.is_finite(label)
        unit = 1 / np.array(self.deviations, np.float32) if self.deviations else PIXELS
        # NaN must not enter the difference at all: 0 * NaN is NaN in the gradient
        difference = unit * (predicted - tf.where(known, label, predicted))
        weights = None if weight is None else weight[:, None]
        if self.along != 1 and self.neighbours:
            difference, is_along = along_and_across(difference, label, self.neighbours)
            by_direction = tf.where(is_along, tf.constant(self.along, tf.float32), 1.0)
            weights = by_direction if weights is None else weights * by_direction
        return mean_over(known, FORMULAS[self.name](difference), weights)


def mean_absolute_error(predicted: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Mean of |predicted - label| over the known coordinates of a batch in pixels of the crop, float32 []."""
    known = tf.math.is_finite(label)
    return mean_over(known, PIXELS * tf.abs(predicted - tf.where(known, label, predicted)))


def mean_over(known: tf.Tensor, loss: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """Mean of the losses where `known`, float32 []; 0 where nothing is.

    weights: how much each counts, broadcast to the losses, None: all alike. Where they sum up to less than 1 the
    weighted sum is not divided.
    """
    counts = tf.cast(known, tf.float32)
    if weights is not None:
        counts, loss = counts * weights, loss * weights
    count = tf.maximum(tf.reduce_sum(counts), 1.0)
    return tf.reduce_sum(tf.where(known, loss, tf.zeros_like(loss))) / count


def heat_loss(
    heat: tf.Tensor, centres: np.ndarray, label: tf.Tensor, width: float, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean cross-entropy of the heat maps with a normal distribution around each known point, float32 [].

    heat: [B * K, cells] before the softmax; centres: (x, y) of the cells, [cells, 2], and label [B, 2K], both in
    fractions of the crop's side; width: the distribution's standard deviation in cells; weight: how much each face
    counts, [B], None: all alike. A point beyond the map counts at its rim. After Nibali et al., "Numerical Coordinate
    Regression with Convolutional Neural Networks" (2018), section 3.3, with cross-entropy as the divergence.
    """
    points = tf.reshape(label, [-1, 1, 2])
    known = tf.math.is_finite(points[:, 0, 0])
    points = tf.where(known[:, None, None], points, tf.zeros_like(points))
    cell = np.diff(np.unique(centres[:, 0])[:2]).item()
    squares = tf.reduce_sum(tf.square((centres[None] - points) / cell), axis=2)  # [B * K, cells], in cells
    wanted = tf.nn.softmax(squares / (-2 * width**2))
    weights = None if weight is None else tf.repeat(weight, label.shape[1] // 2)
    return mean_over(known, tf.nn.softmax_cross_entropy_with_logits(labels=wanted, logits=heat), weights)


def pose_loss(predicted: tf.Tensor, pose: tf.Tensor) -> tf.Tensor:
    """Mean squared error of the known angles, [B, 3] in radians, float32 []; 0 where none is known."""
    known = tf.math.is_finite(pose)
    return mean_over(known, tf.square(predicted - tf.where(known, pose, predicted)))


def weight_decay(weights: list[tf.Tensor]) -> tf.Tensor:
    """L2 of the kernels, float32 []: half the sum of squares."""
    return tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
