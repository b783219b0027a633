"""A set of records made from another: its training records rewritten one by one, its test records as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from infer.jobs.progress import Progress
from records.manifest import Manifest, Shard
from records.record import Record, decode, decode_image
from records.shards import checked_manifest, write_shard
from records.split import SPLITS
from records.tfrecords import read_records
from tools.make.preview import preview
from tools.make.staging import Staging

# a serialised training record and its set's manifest -> the serialised records in its place
Rewriter = Callable[[bytes, Manifest], Iterable[bytes]]
Notes = Callable[[], dict[str, Any]]  # asked for when all records are written


def rewrite(folder: Path, out: Path, overwrite: bool, rewriter: Rewriter, times: int, notes: Notes) -> Manifest:
    """Writes the new set beside its place and moves it there; returns its manifest.

    times: how many records the rewriter gives for one; notes: gives what the manifest is to say of it besides. Raises
    ValueError where something lies at `out` that may not be replaced or a shard is damaged, and what
    `records.shards.checked_manifest` and the rewriter raise; then nothing is left behind.
    """
    staging = Staging(out)
    staging.check(overwrite)
    if out.resolve() == folder.resolve():
        raise ValueError(f"{out}: found the set to be read, expected another place")
    manifest = checked_manifest(folder)
    try:
        staging.start()
        manifest = _write_set(folder, staging.set, manifest, rewriter, times, notes)
        staging.publish()
    finally:
        staging.remove()
    return manifest


def opened(serialised: bytes, manifest: Manifest) -> tuple[Record, np.ndarray]:
    """A record and its picture with its context, uint8 [edge, edge, 3] RGB."""
    found = decode(serialised)
    return found, decode_image(found.image, manifest.encoding, manifest.context)


def _write_set(folder: Path, out: Path, manifest: Manifest, rewriter: Rewriter, times: int, notes: Notes) -> Manifest:
    """Writes shards, manifest and preview; the new manifest."""
    written = _write_shards(folder, out, manifest, rewriter, times)
    subsets = {name: {**counts, "train": counts["train"] * times} for name, counts in manifest.subsets.items()}
    changed = replace(manifest, shards=written, subsets=subsets, notes={**manifest.notes, **notes()})
    changed.write(out)
    preview(out, out / "preview.jpg")
    return changed


def _write_shards(
    folder: Path, out: Path, manifest: Manifest, rewriter: Rewriter, times: int
) -> dict[str, tuple[Shard, ...]]:
    """Writes every shard; those of each split."""
    written = {}
    total = sum(manifest.count(split) * (times if split == "train" else 1) for split in SPLITS)
    with Progress(total, "faces") as progress:

        def changed(file: str, split: str) -> Iterator[bytes]:
            for serialised in read_records(file):
                for one in rewriter(serialised, manifest) if split == "train" else (serialised,):
                    progress.step()
                    yield one

        for split in SPLITS:
            files = manifest.files(folder, split)
            written[split] = tuple(write_shard(out / Path(file).name, changed(file, split)) for file in files)
    return written
