"""Batches from records through tf.data: training batches as a function of (seed, step), test batches in order.

shards, in an order of their own each epoch -> shuffled records -> decoded -> batches -> augmented
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np

from net.data.augment import augment
from net.data.ranges import Ranges
from net.data.record_set import RecordSet
from net.data.weights import weigher
from records import record
from records.mixes import check_mix, weight_of
from records.runtime import tf

READ_AT_ONCE = 8  # shards that an epoch reads side by side
CHUNK = 4096  # faces of a mix that are drawn at once
FOREVER = np.iinfo(np.int64).max
Tensors = dict[str, tf.Tensor]


def training_batches(
    records: RecordSet,
    batch: int,
    ranges: Ranges,
    seed: int,
    first_step: int = 0,
    shuffle: int = 4096,
    mix: Mapping[str, float] | None = None,
    weigh: Mapping[str, float] | None = None,
    offset: float = 0.0,
) -> tf.data.Dataset:
    """Endless augmented batches: image uint8 [B, 128, 128, 3], label float32 [B, 2K], pose float32 [B, 3].

    Of a grey set the image is [B, 128, 128, 1]. With `weigh` there is also weight float32 [B], how much each face
    counts, as `net.data.weights.weigher` has it.

    Batch i belongs to step i: the order is a shuffle per epoch by (seed, epoch) and the augmentation one by (seed,
    step), so that what starts at `first_step` goes on exactly as if it had started at 0. mix: how many times as often
    as the others a subset comes, by its name or a pattern (`300W/*`); without it all records come once an epoch.
    Points whose mirror partners nobody knows are not mirrored; offset: how far labels lie to the right of their faces,
    fractions of the crop's side. Raises ValueError where the set has no training records,
    or for a mix that leaves none.
    """
    if not records.count("train"):
        raise ValueError(f"{records.folder}: found no training records, expected at least one")
    if mix:
        stream = _mixed(records, subset_shares(records, mix), seed, first_step * batch, shuffle)
    else:
        stream = _endless(records, None, seed, first_step * batch, shuffle)
    stream = stream.map(records.decode, tf.data.AUTOTUNE).batch(batch, drop_remainder=True)
    if weigh:
        weights = weigher(weigh, records.subsets("train"))
        stream = stream.map(lambda batch: {**batch, "weight": weights(batch["doubt"], batch["subset"])})
    steps = tf.data.Dataset.range(first_step, FOREVER)
    return (
        tf.data.Dataset.zip((steps, stream))
        .map(_augmenter(records, ranges, seed, offset), tf.data.AUTOTUNE)
        .prefetch(4)
    )


def test_batches(records: RecordSet, batch: int, split: str = "test") -> tf.data.Dataset:
    """The records of a split once, in order, without context: the dict of `decode`, image uint8 [B, 128, 128, C]."""
    stream = records.select(tf.data.TFRecordDataset(records.files(split)), split)
    return stream.map(records.decode).map(_without_context(records)).batch(batch)


def subset_shares(records: RecordSet, mix: Mapping[str, float]) -> dict[str, float]:
    """Part of the training faces that comes from each subset: its size times its weight in the mix, 1 where unnamed.

    Raises ValueError where a name or pattern of the mix fits no subset, or nothing is left.
    """
    names = records.subsets("train")
    check_mix(mix, names, records.folder)
    weights = {name: records.count("train", name) * weight_of(name, mix) for name in names}
    total = sum(weights.values())
    if not total:
        raise ValueError(f"mix: found {mix}, which leaves no training record")
    return {name: weight / total for name, weight in weights.items() if weight}


def _mixed(records: RecordSet, shares: dict[str, float], seed: int, first: int, shuffle: int) -> tf.data.Dataset:
    """The stream of serialised records from face `first` on, each drawn from a subset's own endless stream."""
    names = list(shares)
    before = np.bincount(draw_subsets(shares, seed, 0, first), minlength=len(names))
    streams = [
        _endless(records, name, seed, int(skipped), shuffle) for name, skipped in zip(names, before, strict=True)
    ]

    def in_numpy(chunk: np.ndarray) -> np.ndarray:
        return draw_subsets(shares, seed, max(first, CHUNK * int(chunk)), CHUNK * (int(chunk) + 1))

    chunks = tf.data.Dataset.range(first // CHUNK, FOREVER)
    order = chunks.map(lambda chunk: tf.ensure_shape(tf.numpy_function(in_numpy, [chunk], tf.int64), [None]))
    return tf.data.Dataset.choose_from_datasets(streams, order.unbatch())


def draw_subsets(shares: dict[str, float], seed: int, start: int, end: int) -> np.ndarray:
    """Which subset each of the faces `start` to `end` of a run comes from, int64: a function of (seed, its number)."""
    chunks = [
        np.random.default_rng([seed, chunk]).choice(len(shares), CHUNK, p=list(shares.values()))
        for chunk in range(start // CHUNK, -(-end // CHUNK))
    ]
    begin = start // CHUNK * CHUNK
    return np.concatenate([np.empty(0, np.int64), *chunks])[start - begin : end - begin].astype(np.int64)


def _endless(records: RecordSet, subset: str | None, seed: int, first: int, shuffle: int) -> tf.data.Dataset:
    """Serialised training records of a subset, or of all, epoch after epoch, from the one numbered `first` on."""
    count = records.count("train", subset)
    first_epoch, skipped = divmod(first, count)

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        return _epoch(records, subset, seed, number, min(shuffle, count))

    return tf.data.Dataset.range(first_epoch, FOREVER).flat_map(epoch).skip(skipped)


def _epoch(records: RecordSet, subset: str | None, seed: int, epoch: tf.Tensor, shuffle: int) -> tf.data.Dataset:
    """Serialised training records of one epoch, in its own order: shards shuffled, read side by side, then records."""
    order = tf.random.experimental.stateless_shuffle(
        tf.constant(records.files("train")), seed=tf.stack([tf.cast(seed, tf.int64), epoch])
    )
    serialised = tf.data.Dataset.from_tensor_slices(order).interleave(
        records.read, cycle_length=READ_AT_ONCE, block_length=16
    )
    return records.select(serialised, "train", subset).shuffle(shuffle, seed=seed * 1_000_003 + epoch + 1)


def _augmenter(records: RecordSet, ranges: Ranges, seed: int, offset: float) -> Callable[[tf.Tensor, Tensors], Tensors]:
    """A function of (step, batch) that cuts and changes the batch at random, as (seed, step) say."""
    planes = 1 if records.grey else 3
    ranges = ranges if records.scheme.flip else replace(ranges, flip=0.0)

    def in_numpy(step: np.ndarray, images: np.ndarray, labels: np.ndarray, poses: np.ndarray) -> list[np.ndarray]:
        # one generator a batch, from the seed and the step alone
        rng = np.random.default_rng([seed, int(step)])
        images, labels, poses = augment(images, labels, poses, record.SIZE, records.scheme.flip, ranges, rng, offset)
        return [to_grey(images) if records.grey else images, labels, poses]

    def change(step: tf.Tensor, batch: Tensors) -> Tensors:
        image, label, pose = batch["image"], batch["label"], batch["pose"]
        changed = tf.numpy_function(in_numpy, [step, image, label, pose], [tf.uint8, tf.float32, tf.float32])
        shapes = [image.shape[0], record.SIZE, record.SIZE, planes], label.shape, pose.shape
        parts = zip(("image", "label", "pose"), changed, shapes, strict=True)
        kept = {name: batch[name] for name in ("weight",) if name in batch}
        return {name: tf.ensure_shape(value, shape) for name, value, shape in parts} | kept

    return change


def _without_context(records: RecordSet) -> Callable[[Tensors], Tensors]:
    """A function of a decoded record that leaves the crop alone of its picture, grey where the set is."""
    inside = slice(records.context, records.context + record.SIZE)

    def cut(parsed: Tensors) -> Tensors:
        image = parsed["image"][inside, inside]
        if records.grey:
            image = tf.numpy_function(lambda one: to_grey(one[None])[0], [image], tf.uint8)
            image = tf.ensure_shape(image, [record.SIZE, record.SIZE, 1])
        return {**parsed, "image": image}

    return cut


def to_grey(images: np.ndarray) -> np.ndarray:
    """Pictures uint8 [B, S, S, 3] RGB in grey, [B, S, S, 1]: by OpenCV, as inference does it, to the bit."""
    return np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])[..., None]
