"""Mean and deviation of the training set's pixels and labels, for networks that want them standardised."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from net.data.batches import test_batches
from net.data.record_set import RecordSet
from net.model.shape import Shape
from records.runtime import tf

FACES = 2000  # the first training records, which are in no special order
BATCH = 100
DIGITS = 6


@dataclass(frozen=True)
class Moments:
    """Mean and deviation of pixels, 0..255, and of each coordinate of the labels, 2K fractions of the crop's side."""

    pixel_mean: float
    pixel_std: float
    label_mean: tuple[float, ...]
    label_std: tuple[float, ...]


def with_moments(shape: Shape, records: RecordSet) -> Shape:
    """The shape with what its pixels and labels are standardised by, measured on the records where it asks for that.

    What a shape brings along, as that of a model to go on from does, stays.
    """
    pixels = shape.pixels == "standardised" and shape.pixel_mean == Shape.pixel_mean
    labels = shape.labels == "standardised" and not shape.label_std
    return _replaced(shape, measure_moments(records), pixels, labels) if pixels or labels else shape


def inherit_moments(shape: Shape, start: Shape) -> Shape:
    """The shape with the moments of the network that it goes on from, as far as both are standardised alike.

    Labels of other points keep their own moments.
    """
    pixels = start.pixels == shape.pixels == "standardised"
    labels = start.labels == shape.labels == "standardised" and len(start.label_std) == 2 * shape.points
    return _replaced(shape, start, pixels, labels)


def _replaced(shape: Shape, found: Moments | Shape, pixels: bool, labels: bool) -> Shape:
    if pixels:
        shape = replace(shape, pixel_mean=found.pixel_mean, pixel_std=found.pixel_std)
    if labels:
        shape = replace(shape, label_mean=found.label_mean, label_std=found.label_std)
    return shape


def measure_moments(records: RecordSet) -> Moments:
    """The moments of the training records: of the crops themselves, without augmentation, the same with every call.

    A coordinate that is never known counts as 0.5 with a deviation of 1, one that never varies has the least deviation,
    a thousandth.
    """
    sums, labels = np.zeros(3), []
    with tf.init_scope():
        for batch in test_batches(records, BATCH, "train").take(FACES // BATCH):
            image = batch["image"].numpy().astype(np.float64)
            sums += image.size, image.sum(), np.square(image).sum()
            labels.append(batch["label"].numpy())
    mean = sums[1] / sums[0]
    deviation = np.sqrt(max(sums[2] / sums[0] - mean**2, 1.0))
    label_mean, label_std = label_moments(np.concatenate(labels).astype(np.float64))
    return Moments(
        pixel_mean=round(float(mean), DIGITS),
        pixel_std=round(float(deviation), DIGITS),
        label_mean=tuple(label_mean.round(DIGITS).tolist()),
        label_std=tuple(label_std.round(DIGITS).tolist()),
    )


def label_moments(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation, [2K] each, of the known values of labels [N, 2K], as `measure_moments` says."""
    known = np.isfinite(labels)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, labels, 0).sum(axis=0) / count
    variance = np.square(np.where(known, labels - mean, 0)).sum(axis=0) / count
    never = ~known.any(axis=0)
    return np.where(never, 0.5, mean), np.where(never, 1.0, np.maximum(np.sqrt(variance), 1e-3))
