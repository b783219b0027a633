"""Losses of the detector: of scores, boxes and points, each per cell that sees a face.

A cell's target is that of `net.detector.targets`: its state, fields 1 to 14 and the face's roll.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer.geometry.levels import FIELDS
from net.detector.network import LevelAnswer
from net.detector.targets import FACE, IGNORED
from net.model.losses import smooth_l1
from records.runtime import tf

FOCUS = 2.0  # the focal exponent (Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017: gamma)
SURE = 0.5  # a face's target score is at least this, and 1 where its box is right
LOGARITHM = 4.0  # of a length that is taken: a start's random answers must not overflow
SHARP = 8.0  # point errors in parts of the face, times this, are what smooth L1 sees: quadratic below an eighth


def detection_losses(answers: Sequence[LevelAnswer], targets: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
    """`score`, `box` and `points`, float32 [] each: means over the levels, so that all sizes of faces count alike.

    targets: float32 [B, h, w, 16] of each level, fine to coarse. Points that are unknown (NaN) take no part.
    """
    levels = [level_losses(answer, target) for answer, target in zip(answers, targets, strict=True)]
    return {name: tf.add_n([level[name] for level in levels]) / len(levels) for name in levels[0]}


def level_losses(answer: LevelAnswer, target: tf.Tensor) -> dict[str, tf.Tensor]:
    """The losses of one level, over the number of its cells that see a face."""
    logits, rest = tf.reshape(answer.logits, [-1]), tf.reshape(answer.rest, [-1, FIELDS - 1])
    target = tf.reshape(target, [-1, FIELDS + 1])
    state = target[:, 0]
    seen = tf.where(tf.equal(state, FACE))[:, 0]
    count = tf.maximum(tf.cast(tf.size(seen), tf.float32), 1.0)
    rest, wanted, roll = (tf.gather(values, seen) for values in (rest, target[:, 1:FIELDS], target[:, FIELDS]))
    shared, apart = overlap(rest, wanted, roll)
    quality = tf.scatter_nd(seen[:, None], SURE + (1 - SURE) * tf.stop_gradient(shared), tf.shape(state, tf.int64))
    scores = focal(logits, quality) * tf.cast(tf.not_equal(state, IGNORED), tf.float32)
    return {
        "score": tf.reduce_sum(scores) / count,
        "box": tf.reduce_sum(1 - shared + apart) / count,
        "points": tf.reduce_sum(point_errors(rest, wanted)) / count,
    }


def focal(logits: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    """Quality focal loss, same shape: |quality - score|^2 times the cross entropy; quality 0 is background.

    Li et al., "Generalized Focal Loss", NeurIPS 2020, equation 2.
    """
    weight = tf.abs(quality - tf.sigmoid(logits)) ** FOCUS
    return weight * tf.nn.sigmoid_cross_entropy_with_logits(labels=quality, logits=logits)


def overlap(rest: tf.Tensor, wanted: tf.Tensor, roll: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Intersection over union of boxes that stand alike, 0 to 1, and how far they lie apart, 0 to 3; float32 [N].

    rest, wanted: fields 1 to 14 [N, 14]; roll: of the wanted one [N], which both are taken to have. Apart: squares of
    the centres' distance over the diagonal of what encloses both, of the widths' difference over its width, and of the
    heights' over its height (Zhang et al., "Focal and Efficient IOU Loss", Neurocomputing 2022, equation 7).
    """
    difference = rest[:, :2] - wanted[:, :2]
    cos, sin = tf.cos(roll), tf.sin(roll)
    x, y = difference[:, 0], difference[:, 1]
    centre = tf.stack([x * cos + y * sin, y * cos - x * sin], axis=1)  # in the head's own frame
    found = tf.exp(tf.clip_by_value(rest[:, 2:4], -LOGARITHM, LOGARITHM)) / 2
    true = tf.exp(wanted[:, 2:4]) / 2
    low, high = tf.maximum(centre - found, -true), tf.minimum(centre + found, true)
    shared = tf.reduce_prod(tf.maximum(high - low, 0), axis=1)
    union = 4 * (tf.reduce_prod(found, axis=1) + tf.reduce_prod(true, axis=1)) - shared
    around = tf.maximum(centre + found, true) - tf.minimum(centre - found, -true)
    sizes = 2 * (found - true) / around
    apart = tf.reduce_sum(centre**2, axis=1) / tf.reduce_sum(around**2, axis=1) + tf.reduce_sum(sizes**2, axis=1)
    return shared / union, apart


def point_errors(rest: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Mean smooth L1 of a face's known points in parts of its size, float32 [N]; 0 where none is known."""
    points = wanted[:, 4:]
    known = tf.math.is_finite(points)
    size = tf.exp(tf.reduce_mean(wanted[:, 2:4], axis=1, keepdims=True))
    difference = (rest[:, 4:] - tf.where(known, points, tf.zeros_like(points))) / size
    errors = tf.where(known, smooth_l1(SHARP * difference), tf.zeros_like(difference))
    return tf.reduce_sum(errors, axis=1) / (FIELDS - 5)
