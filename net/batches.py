"""Batches from records through tf.data: training batches as a function of (seed, step), test batches in order."""

from __future__ import annotations

import numpy as np

from net.augment import Ranges, augment
from records import record, shards
from records.landmarks import scheme_of
from records.runtime import tf

READ_AT_ONCE = 8  # shards that an epoch reads side by side


class RecordSet:
    """A set of records on disk, checked against its manifest's counts and sizes."""

    def __init__(self, folder):
        """folder: made by tools/make_records.py. Raises what `records.shards.read_manifest` raises."""
        self.folder = folder
        self.manifest = shards.read_manifest(folder)
        self.scheme = scheme_of(self.manifest["scheme"])
        self.context = self.manifest["context"]

    def count(self, split: str) -> int:
        """Number of records in "train" or "test"."""
        return shards.count_of(self.manifest, split)

    def files(self, split: str) -> list[str]:
        """Paths of the split's shards."""
        return shards.shard_files(self.folder, self.manifest, split)

    def parse(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decoded tensors of one serialised record of this set (see `records.record.decode`)."""
        return record.decode(serialised, self.manifest["encoding"], self.context, self.scheme.count)


def training_batches(
    records: RecordSet, batch: int, ranges: Ranges, seed: int, first_step: int = 0, shuffle: int = 4096
) -> tf.data.Dataset:
    """Endless augmented batches: image uint8 [B, 128, 128, 3], label float32 [B, 2K]; batch i belongs to step i.

    The order is a shuffle per epoch by (seed, epoch) and the augmentation one by (seed, step), so that what starts at
    `first_step` goes on exactly as if it had started at 0. Raises ValueError where the set has no training records.
    """
    count = records.count("train")
    if not count:
        raise ValueError(f"{records.folder}: found no training records, expected at least one")
    first_epoch, skipped = divmod(first_step * batch, count)
    stream = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
    stream = stream.flat_map(lambda epoch: _epoch(records.files("train"), seed, epoch, min(shuffle, count)))
    stream = stream.skip(skipped).map(records.parse, tf.data.AUTOTUNE).batch(batch, drop_remainder=True)
    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    change = _augmenter(records.scheme, ranges, seed)
    return tf.data.Dataset.zip((steps, stream)).map(change, tf.data.AUTOTUNE).prefetch(4)


def test_batches(records: RecordSet, batch: int, split: str = "test") -> tf.data.Dataset:
    """The records of a split once, in order, without context: the dict of `decode`, image uint8 [B, 128, 128, 3]."""
    return tf.data.TFRecordDataset(records.files(split)).map(records.parse).map(_middle(records.context)).batch(batch)


def _epoch(files: list[str], seed: int, epoch: tf.Tensor, shuffle: int) -> tf.data.Dataset:
    order = tf.random.experimental.stateless_shuffle(
        tf.constant(files), seed=tf.stack([tf.cast(seed, tf.int64), epoch])
    )
    serialised = tf.data.Dataset.from_tensor_slices(order).interleave(
        tf.data.TFRecordDataset, cycle_length=READ_AT_ONCE, block_length=16
    )
    return serialised.shuffle(shuffle, seed=seed * 1_000_003 + epoch + 1)


def _augmenter(scheme, ranges: Ranges, seed: int):
    def in_numpy(step, images, labels):
        # one generator a batch, from the seed and the step alone
        rng = np.random.default_rng([seed, int(step)])
        return augment(images, labels, record.SIZE, scheme.flip, ranges, rng)

    def change(step, batch):
        shapes = (batch["image"].shape[0], record.SIZE, record.SIZE, 3), batch["label"].shape
        image, label = tf.numpy_function(in_numpy, [step, batch["image"], batch["label"]], [tf.uint8, tf.float32])
        return tf.ensure_shape(image, shapes[0]), tf.ensure_shape(label, shapes[1])

    return change


def _middle(context: int):
    def cut(parsed):
        inside = slice(context, context + record.SIZE)
        return {**parsed, "image": parsed["image"][inside, inside]}

    return cut
