"""Batches from records through tf.data: training batches as a function of (seed, step), test batches in order."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

import numpy as np

from net.augment import Ranges, augment
from records import record, shards
from records.landmarks import scheme_of
from records.runtime import tf
from records.split import SPLITS, fold_of

READ_AT_ONCE = 8  # shards that an epoch reads side by side
CHUNK = 4096  # faces of a mix that are drawn at once


@dataclass(frozen=True)
class Fold:
    """One of k parts for cross-validation: its sources are the test records, all others the training records.

    index: 0 to count - 1. Raises ValueError where it is not.
    """

    index: int
    count: int

    def __post_init__(self):
        if not 0 <= self.index < self.count or self.count < 2:
            raise ValueError(f"fold: found {self.index}/{self.count}, expected i/k with k >= 2 and 0 <= i < k")

    @classmethod
    def parse(cls, text: str) -> Fold:
        """The fold that "i/k" names. Raises ValueError on other text."""
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal()):
            raise ValueError(f"fold: found {text!r}, expected i/k, such as 0/5")
        return cls(int(index), int(count))

    def holds(self, split: str, source: str) -> bool:
        """Whether the records of a source belong to "train" or "test"."""
        return (fold_of(source, self.count) == self.index) == (split == "test")


class RecordSet:
    """A set of records on disk, checked against its manifest's counts and sizes."""

    def __init__(self, folder, fold: Fold | None = None):
        """folder: made by tools/make_records.py; fold: replaces the set's own split.

        Raises what `records.shards.read_manifest` raises, and ValueError for a fold of records without their source.
        """
        self.folder, self.fold = folder, fold
        self.manifest = shards.read_manifest(folder)
        self.scheme = scheme_of(self.manifest["scheme"])
        self.context = self.manifest["context"]
        self._subsets = self._count_fold() if fold else self.manifest["subsets"]

    def count(self, split: str, subset: str | None = None) -> int:
        """Number of records in "train" or "test", of one subset or in all."""
        if subset is None and not self.fold:
            return shards.count_of(self.manifest, split)
        return sum(counts[split] for name, counts in self._subsets.items() if subset in (None, name))

    def subsets(self, split: str) -> list[str]:
        """Names of the subsets that have records in a split."""
        return [name for name, counts in self._subsets.items() if counts[split]]

    def files(self, split: str) -> list[str]:
        """Paths of the shards that hold a split's records: of a fold, all."""
        splits = SPLITS if self.fold else (split,)
        return [path for name in splits for path in shards.shard_files(self.folder, self.manifest, name)]

    def chosen(self, serialised: tf.data.Dataset, split: str, subset: str | None = None) -> tf.data.Dataset:
        """The serialised records of `files(split)` that belong to the split, and to the subset if one is given."""
        if not self.fold and subset is None:
            return serialised

        def in_numpy(source, name):
            return bool((not self.fold or self.fold.holds(split, source.decode())) and subset in (None, name.decode()))

        def wanted(record):
            parsed = self.peek(record)
            return tf.ensure_shape(tf.numpy_function(in_numpy, [parsed["source"], parsed["subset"]], tf.bool), [])

        return serialised.filter(wanted)

    def peek(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """The tensors of a serialised record, its image still encoded (see `records.record.parse`)."""
        return record.parse(serialised, self.scheme.count)

    def parse(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decoded tensors of one serialised record of this set (see `records.record.decode`)."""
        return record.decode(serialised, self.manifest["encoding"], self.context, self.scheme.count)

    def _count_fold(self) -> dict[str, dict[str, int]]:
        """Records of each subset on either side of the fold: one walk over the whole set."""
        counts = {name: dict.fromkeys(SPLITS, 0) for name in self.manifest["subsets"]}
        with tf.init_scope():
            for parsed in tf.data.TFRecordDataset(self.files("train")).map(self.peek):
                source, subset = parsed["source"].numpy().decode(), parsed["subset"].numpy().decode()
                if not source:
                    raise ValueError(f"{self.folder}: found records without their source, expected a set made anew")
                for split in SPLITS:
                    counts[subset][split] += self.fold.holds(split, source)
        return counts


def training_batches(
    records: RecordSet,
    batch: int,
    ranges: Ranges,
    seed: int,
    first_step: int = 0,
    shuffle: int = 4096,
    mix: dict[str, float] | None = None,
) -> tf.data.Dataset:
    """Endless augmented batches: image uint8 [B, 128, 128, 3], label float32 [B, 2K], pose float32 [B, 3].

    Batch i belongs to step i: the order is a shuffle per epoch by (seed, epoch) and the augmentation one by (seed,
    step), so that what starts at `first_step` goes on exactly as if it had started at 0. mix: how many times as often
    as the others a subset comes, by its name or a pattern (`300W/*`); without it all records come once an epoch.
    Raises ValueError where the set has no training records, or for a mix that leaves none.
    """
    if not records.count("train"):
        raise ValueError(f"{records.folder}: found no training records, expected at least one")
    if mix:
        stream = _mixed(records, shares_of(records, mix), seed, first_step * batch, shuffle)
    else:
        stream = _endless(records, None, seed, first_step * batch, shuffle)
    stream = stream.map(records.parse, tf.data.AUTOTUNE).batch(batch, drop_remainder=True)
    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    change = _augmenter(records.scheme, ranges, seed)
    return tf.data.Dataset.zip((steps, stream)).map(change, tf.data.AUTOTUNE).prefetch(4)


def test_batches(records: RecordSet, batch: int, split: str = "test") -> tf.data.Dataset:
    """The records of a split once, in order, without context: the dict of `decode`, image uint8 [B, 128, 128, 3]."""
    stream = records.chosen(tf.data.TFRecordDataset(records.files(split)), split)
    return stream.map(records.parse).map(_middle(records.context)).batch(batch)


def shares_of(records: RecordSet, mix: dict[str, float]) -> dict[str, float]:
    """Part of the training faces that comes from each subset: its size times its weight in the mix, 1 where unnamed.

    Raises ValueError where a name or pattern of the mix fits no subset, or nothing is left.
    """
    names = records.subsets("train")
    for pattern in mix:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"mix: found {pattern!r}, expected a subset of {records.folder}: {', '.join(names)}")
    weights = {name: records.count("train", name) * _weight_of(name, mix) for name in names}
    total = sum(weights.values())
    if not total:
        raise ValueError(f"mix: found {mix}, which leaves no training record")
    return {name: weight / total for name, weight in weights.items() if weight}


def _weight_of(name: str, mix: dict[str, float]) -> float:
    """The weight of the last pattern that fits."""
    return next((mix[pattern] for pattern in reversed(mix) if fnmatch.fnmatchcase(name, pattern)), 1.0)


def _mixed(records: RecordSet, shares: dict[str, float], seed: int, first: int, shuffle: int) -> tf.data.Dataset:
    """The stream of serialised records from face `first` on, each drawn from a subset's own endless stream."""
    names = list(shares)
    before = np.bincount(choices(shares, seed, 0, first), minlength=len(names))
    streams = [
        _endless(records, name, seed, int(skipped), shuffle) for name, skipped in zip(names, before, strict=True)
    ]

    def in_numpy(chunk):
        return choices(shares, seed, max(first, CHUNK * int(chunk)), CHUNK * (int(chunk) + 1))

    chunks = tf.data.Dataset.range(first // CHUNK, np.iinfo(np.int64).max)
    order = chunks.map(lambda chunk: tf.ensure_shape(tf.numpy_function(in_numpy, [chunk], tf.int64), [None]))
    return tf.data.Dataset.choose_from_datasets(streams, order.unbatch())


def choices(shares: dict[str, float], seed: int, start: int, end: int) -> np.ndarray:
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

    def epoch(number):
        return _epoch(records, subset, seed, number, min(shuffle, count))

    return tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max).flat_map(epoch).skip(skipped)


def _epoch(records: RecordSet, subset: str | None, seed: int, epoch: tf.Tensor, shuffle: int) -> tf.data.Dataset:
    order = tf.random.experimental.stateless_shuffle(
        tf.constant(records.files("train")), seed=tf.stack([tf.cast(seed, tf.int64), epoch])
    )
    serialised = tf.data.Dataset.from_tensor_slices(order).interleave(
        tf.data.TFRecordDataset, cycle_length=READ_AT_ONCE, block_length=16
    )
    return records.chosen(serialised, "train", subset).shuffle(shuffle, seed=seed * 1_000_003 + epoch + 1)


def _augmenter(scheme, ranges: Ranges, seed: int):
    def in_numpy(step, images, labels, poses):
        # one generator a batch, from the seed and the step alone
        rng = np.random.default_rng([seed, int(step)])
        return augment(images, labels, poses, record.SIZE, scheme.flip, ranges, rng)

    def change(step, batch):
        size = [record.SIZE, record.SIZE, 3]
        shapes = {"image": [batch["image"].shape[0], *size], "label": batch["label"].shape, "pose": batch["pose"].shape}
        inputs = [step, *(batch[key] for key in shapes)]
        changed = dict(
            zip(shapes, tf.numpy_function(in_numpy, inputs, [tf.uint8, tf.float32, tf.float32]), strict=True)
        )
        return {key: tf.ensure_shape(changed[key], shapes[key]) for key in shapes}

    return change


def _middle(context: int):
    def cut(parsed):
        inside = slice(context, context + record.SIZE)
        return {**parsed, "image": parsed["image"][inside, inside]}

    return cut
