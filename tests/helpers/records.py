"""Sets of records, read as they lie on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from records import shards, tensors
from records.runtime import tf


def stored_records(folder: Path, split: str) -> list[bytes]:
    """The serialised records of a split, in their order."""
    files = shards.checked_manifest(folder).files(folder, split)
    return [one.numpy() for one in tf.data.TFRecordDataset(files)]


def records_of(folder: Path, split: str) -> list[dict[str, np.ndarray]]:
    """The decoded records of a split, in their order."""
    manifest = shards.checked_manifest(folder)
    how = manifest.encoding, manifest.context, manifest.scheme.count
    decoded = (tensors.decode(one, *how) for one in stored_records(folder, split))
    return [{key: value.numpy() for key, value in one.items()} for one in decoded]


def damaged_copy(folder: Path, copy: Path) -> Path:
    """A copy of a set in which a bit of each training shard has flipped."""
    shutil.copytree(folder, copy)
    for shard in copy.glob("train-*"):
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 4
        shard.write_bytes(data)
    return copy
