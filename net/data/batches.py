"""Batches from records through tf.data: training batches as a function of (seed, step), test batches in order."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from net.data.augment import Ranges, augment
from net.data.selection import Fold
from records import record
from records.landmarks import indices_of, part_of
from records.manifest import Shard
from records.mixes import check_mix, weight_of
from records.runtime import tf
from records.shards import checked_manifest
from records.split import SPLITS, hash_fraction

READ_AT_ONCE = 8  # shards that an epoch reads side by side
CHUNK = 4096  # faces of a mix that are drawn at once
VALIDATION = "validation"  # the split held out of the training records


class RecordSet:
    """A set of records on disk, checked against its manifest's counts and sizes."""

    def __init__(self, folder, fold: Fold | None = None, grey: bool = False, points: str = "", validation: float = 0.0):
        """folder: made by tools/make_records.py; fold: replaces the set's own split; grey: pictures of one channel;
        points: those that labels keep, as `records.landmarks.indices_of` reads them, all if empty; validation: part of
        the training sources, 0 to 1, that becomes a third split, "validation".

        Raises what `records.shards.checked_manifest` raises, ValueError for points that the records do not have, and
        where a split is asked of records without their source.
        """
        self.folder, self.fold, self.grey, self.validation = folder, fold, grey, validation
        self.manifest = checked_manifest(folder)
        self.stored = self.manifest.scheme
        self.scheme = part_of(self.stored, indices_of(points, self.stored)) if points else self.stored
        self.context = self.manifest.context
        self._subsets = self._count_splits() if fold or validation else self.manifest.subsets

    @property
    def judge(self) -> str:
        """The split that chooses the best weights: "validation" where there is one, else "test"."""
        return VALIDATION if self.count(VALIDATION) else "test"

    def count(self, split: str, subset: str | None = None) -> int:
        """Number of records in "train", "validation" or "test", of one subset or in all."""
        if subset is None and split in SPLITS and not self.fold and not self.validation:
            return self.manifest.count(split)
        return sum(counts.get(split, 0) for name, counts in self._subsets.items() if subset in (None, name))

    def subsets(self, split: str) -> list[str]:
        """Names of the subsets that have records in a split."""
        return [name for name, counts in self._subsets.items() if counts[split]]

    def holds(self, split: str, source: str) -> bool:
        """Whether the records of a source that lie in `files(split)` belong to the split."""
        if self.fold and not self.fold.holds("test" if split == "test" else "train", source):
            return False
        held_out = hash_fraction(f"{VALIDATION} {source}") < self.validation
        return split == "test" or held_out == (split == VALIDATION)

    def files(self, split: str) -> list[str]:
        """Paths of the shards that hold a split's records: of a fold, all."""
        splits = SPLITS if self.fold else ("test" if split == "test" else "train",)
        return [path for name in splits for path in self.manifest.files(self.folder, name)]

    def chosen(self, serialised: tf.data.Dataset, split: str, subset: str | None = None) -> tf.data.Dataset:
        """The serialised records of `files(split)` that belong to the split, and to the subset if one is given."""
        if not self.fold and subset is None and (not self.validation or split == "test"):
            return serialised

        def in_numpy(source, name):
            return self.holds(split, source.decode()) and subset in (None, name.decode())

        def wanted(record):
            parsed = self.peek(record)
            return tf.ensure_shape(tf.numpy_function(in_numpy, [parsed["source"], parsed["subset"]], tf.bool), [])

        return serialised.filter(wanted)

    def read(self, file: tf.Tensor | str) -> tf.data.Dataset:
        """The serialised records of a shard that are to be trained on, in order."""
        return tf.data.TFRecordDataset(file)

    def peek(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """The tensors of a serialised record, its image still encoded (see `records.record.parse`)."""
        return self._with_points(record.parse(serialised, self.stored.count))

    def parse(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decoded tensors of one serialised record of this set (see `records.record.decode`)."""
        return self._with_points(record.decode(serialised, self.manifest.encoding, self.context, self.stored.count))

    def _with_points(self, parsed: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The same with the label of the chosen points alone."""
        if not self.scheme.subset:
            return parsed
        columns = [2 * index + axis for index in self.scheme.subset for axis in (0, 1)]
        return {**parsed, "label": tf.gather(parsed["label"], columns, axis=-1)}

    def _count_splits(self) -> dict[str, dict[str, int]]:
        """Records of each subset in each split: one walk over the whole set."""
        counts = {name: dict.fromkeys((*SPLITS, VALIDATION), 0) for name in self.manifest.subsets}
        with tf.init_scope():
            for split in (*SPLITS, VALIDATION):
                for parsed in tf.data.TFRecordDataset(self.files(split)).map(self.peek):
                    source, subset = parsed["source"].numpy().decode(), parsed["subset"].numpy().decode()
                    if not source:
                        raise ValueError(f"{self.folder}: found records without their source, expected a set made anew")
                    counts[subset][split] += self.holds(split, source)
        return counts


class Share(RecordSet):
    """A worker's part of a set: its training shards are dealt to the workers, none to two of them.

    Where there are fewer shards than workers, the records of each shard are dealt. Test records stay whole.
    """

    def __init__(self, whole: RecordSet, number: int, workers: int):
        """number: the worker's, 0 to workers - 1. Raises ValueError where it gets no record."""
        vars(self).update(vars(whole))  # what was read and counted for the whole set is not read again
        files = whole.files("train")
        self._number, self._workers, self._by_record = number, workers, len(files) < workers
        self._files = files if self._by_record else files[number::workers]
        if not self.count("train"):
            found = f"found {whole.count('train')} training records in {len(files)} shards"
            raise ValueError(f"{self.folder}: {found}, expected some for each of {workers} workers")

    def files(self, split: str) -> list[str]:
        """As of the whole set, but of training records those of this worker."""
        return self._files if split == "train" else super().files(split)

    def read(self, file: tf.Tensor | str) -> tf.data.Dataset:
        """The serialised records of a shard that are this worker's, in order."""
        everything = super().read(file)
        return everything.shard(self._workers, self._number) if self._by_record else everything

    def count(self, split: str, subset: str | None = None) -> int:
        """Number of records in a split, of one subset or in all: of training records those of this worker."""
        if split != "train":
            return super().count(split, subset)
        if subset is None and not self.fold and not self.validation:
            return sum(self._dealt(shard.records) for shard in self.manifest.shards["train"] if self._is_own(shard))
        return sum(count for name, count in self._own.items() if subset in (None, name))

    def _is_own(self, shard: Shard) -> bool:
        return str(Path(self.folder) / shard.file) in self._files

    def _dealt(self, count: int) -> int:
        """How many of a shard's records are this worker's."""
        return len(range(self._number, count, self._workers)) if self._by_record else count

    @cached_property
    def _own(self) -> Counter:
        """Training records of each subset: one walk over the worker's shards."""
        counts = Counter()
        with tf.init_scope():
            for file in self._files:
                for parsed in self.read(file).map(self.peek):
                    if self.holds("train", parsed["source"].numpy().decode()):
                        counts[parsed["subset"].numpy().decode()] += 1
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

    Of a grey set the image is [B, 128, 128, 1].

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
    change = _augmenter(records, ranges, seed)
    return tf.data.Dataset.zip((steps, stream)).map(change, tf.data.AUTOTUNE).prefetch(4)


def test_batches(records: RecordSet, batch: int, split: str = "test") -> tf.data.Dataset:
    """The records of a split once, in order, without context: the dict of `decode`, image uint8 [B, 128, 128, C]."""
    stream = records.chosen(tf.data.TFRecordDataset(records.files(split)), split)
    return stream.map(records.parse).map(_middle(records.context, records.grey)).batch(batch)


def shares_of(records: RecordSet, mix: dict[str, float]) -> dict[str, float]:
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
        records.read, cycle_length=READ_AT_ONCE, block_length=16
    )
    return records.chosen(serialised, "train", subset).shuffle(shuffle, seed=seed * 1_000_003 + epoch + 1)


def _augmenter(records: RecordSet, ranges: Ranges, seed: int):
    def in_numpy(step, images, labels, poses):
        # one generator a batch, from the seed and the step alone
        rng = np.random.default_rng([seed, int(step)])
        images, *others = augment(images, labels, poses, record.SIZE, records.scheme.flip, ranges, rng)
        return (greyed(images) if records.grey else images, *others)

    def change(step, batch):
        size = [record.SIZE, record.SIZE, 1 if records.grey else 3]
        shapes = {"image": [batch["image"].shape[0], *size], "label": batch["label"].shape, "pose": batch["pose"].shape}
        inputs = [step, *(batch[key] for key in shapes)]
        changed = dict(
            zip(shapes, tf.numpy_function(in_numpy, inputs, [tf.uint8, tf.float32, tf.float32]), strict=True)
        )
        return {key: tf.ensure_shape(changed[key], shapes[key]) for key in shapes}

    return change


def _middle(context: int, grey: bool):
    def cut(parsed):
        inside = slice(context, context + record.SIZE)
        image = parsed["image"][inside, inside]
        if grey:
            (image,) = tf.numpy_function(lambda one: [greyed(one[None])[0]], [image], [tf.uint8])
            image = tf.ensure_shape(image, [record.SIZE, record.SIZE, 1])
        return {**parsed, "image": image}

    return cut


def greyed(images: np.ndarray) -> np.ndarray:
    """Pictures uint8 [B, S, S, 3] RGB in grey, [B, S, S, 1]: by OpenCV, as inference does it, to the bit."""
    return np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])[..., None]
