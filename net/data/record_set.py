"""A set of records as training sees it: which of its files and records belong to a split, a fold or a worker."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path

import numpy as np

from net.data.selection import Fold, Selection
from records import tensors
from records.landmarks import indices_of, part_of
from records.manifest import Shard
from records.runtime import tf
from records.shards import checked_manifest
from records.split import SPLITS, hash_fraction

VALIDATION = "validation"  # the split held out of the training records


class RecordSet:
    """A set of records on disk, checked against its manifest's counts and sizes."""

    def __init__(
        self,
        folder: Path,
        fold: Fold | None = None,
        grey: bool = False,
        points: str = "",
        validation: float = 0.0,
    ):
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

    @classmethod
    def of(cls, selection: Selection, grey: bool) -> RecordSet:
        """The records that a run uses; grey: pictures of one channel. Raises as the constructor does."""
        return cls(selection.folder, selection.fold, grey, selection.points, selection.validation)

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

    def read(self, file: tf.Tensor | str) -> tf.data.Dataset:
        """The serialised records of a shard that are to be trained on, in order."""
        return tf.data.TFRecordDataset(file)

    def select(self, serialised: tf.data.Dataset, split: str, subset: str | None = None) -> tf.data.Dataset:
        """The serialised records of `files(split)` that belong to the split, and to the subset if one is given."""
        if not self.fold and subset is None and (not self.validation or split == "test"):
            return serialised

        def belongs(source: bytes, name: bytes) -> bool:
            return self.holds(split, source.decode()) and subset in (None, name.decode())

        def belongs_in_graph(one: tf.Tensor) -> tf.Tensor:
            parsed = self.parse(one)
            return tf.ensure_shape(tf.numpy_function(belongs, [parsed["source"], parsed["subset"]], tf.bool), [])

        return serialised.filter(belongs_in_graph)

    def parse(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """The tensors of a serialised record, its image still encoded (see `records.tensors.parse`)."""
        return self._with_points(tensors.parse(serialised, self.stored.count))

    def decode(self, serialised: tf.Tensor) -> dict[str, tf.Tensor]:
        """The tensors of a serialised record with its picture (see `records.tensors.decode`)."""
        return self._with_points(tensors.decode(serialised, self.manifest.encoding, self.context, self.stored.count))

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
                for parsed in tf.data.TFRecordDataset(self.files(split)).map(self.parse):
                    source, subset = _text(parsed["source"]), _text(parsed["subset"])
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
    def _own(self) -> Counter[str]:
        """Training records of each subset: one walk over the worker's shards."""
        counts: Counter[str] = Counter()
        with tf.init_scope():
            for file in self._files:
                for parsed in self.read(file).map(self.parse):
                    if self.holds("train", _text(parsed["source"])):
                        counts[_text(parsed["subset"])] += 1
        return counts


def _text(value: tf.Tensor) -> str:
    """The text that a string tensor [] holds, outside graphs."""
    text: np.bytes_ | bytes = value.numpy()
    return text.decode()
