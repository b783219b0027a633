"""Errors in the frame of the contours that points lie on, such as jaw and brows: along them, and across."""

from __future__ import annotations

from records.runtime import tf
from records.scheme import Scheme

Neighbours = tuple[tuple[int, int], ...]


def neighbours_of(scheme: Scheme) -> Neighbours:
    """For each point those before and after it on its line, the first that goes on beyond it; itself twice where none
    does."""
    found: dict[int, tuple[int, int]] = {}
    for chain in (chain for chains in scheme.lines.values() for chain in chains):
        closed = len(chain) > 2 and chain[0] == chain[-1]
        whole = (chain[-2], *chain) if closed else chain
        for before, point, after in zip(whole, whole[1:], whole[2:], strict=False):
            found.setdefault(point, (before, after))
    return tuple(found.get(index, (index, index)) for index in range(scheme.count))


def along_and_across(difference: tf.Tensor, label: tf.Tensor, neighbours: Neighbours) -> tuple[tf.Tensor, tf.Tensor]:
    """Errors in the frames of contours, float32 [B, 2K], and which of them lie along one, bool [B, 2K].

    difference: [B, 2K], x0 y0 x1 y1 ..., in a unit that is the same for x and y; label: [B, 2K] in fractions of the
    crop's side, NaN where unknown. The contour's direction at a point is that from the label of the point before to
    that of the point after. x and y of such a point become its error along, then across. They stay as they are at the
    end of a line, beside an unknown point, and where the line turns by a right angle or more: a corner of the eye or
    the mouth does not slide.
    """
    points = tf.reshape(label, [-1, len(neighbours), 2])
    before, after = (tf.gather(points, list(side), axis=1) for side in zip(*neighbours, strict=True))
    is_on = tf.reduce_sum((points - before) * (after - points), axis=2) > 0  # NaN is not, nor is what has no line
    direction = tf.where(is_on[..., None], after - before, tf.constant([1.0, 0.0]))
    direction /= tf.norm(direction, axis=2, keepdims=True)
    (x, y), (to_x, to_y) = (tf.unstack(tf.reshape(one, tf.shape(points)), axis=2) for one in (difference, direction))
    turned = tf.stack([to_x * x + to_y * y, to_x * y - to_y * x], axis=2)
    is_along = tf.stack([is_on, tf.zeros_like(is_on)], axis=2)
    return tf.reshape(turned, tf.shape(label)), tf.reshape(is_along, tf.shape(label))
