"""Sets of records, read as they lie on disk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from records import record, shards, tensors
from records.manifest import Doubt, Manifest
from records.runtime import tf
from tools.rewrite.sets import Rewriting, rewrite


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


def doubted_copy(folder: Path, out: Path) -> tuple[Path, dict[str, float]]:
    """A copy of a set whose training records are in doubt, but for every third one; with the doubts by name."""
    doubts: dict[str, float] = {}

    def changed(serialised: bytes, _: Manifest) -> list[bytes]:
        found = record.decode(serialised)
        number = len(seen)
        seen.append(found.name)
        if number % 3 == 0:
            return [serialised]
        doubts[found.name] = 0.01 * number
        return [record.encode(replace(found, doubt=doubts[found.name]))]

    seen: list[str] = []
    subsets = shards.checked_manifest(folder).subsets
    told = dict.fromkeys(subsets, Doubt(0.05, 0.1))
    rewrite(folder, out, False, Rewriting(changed, lambda manifest: replace(manifest, doubts=told)))
    return out, doubts
