"""A set of records made from others: training records rewritten one by one, test records as they are, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
# a manifest -> the same with what is to be said besides; asked when all records are written
Told = Callable[[Manifest], Manifest]


@dataclass(frozen=True)
class Rewriting:
    """What becomes of a set.

    record: of a training record; told: of the manifest; test: whether test records stay, as they are, or go.
    """

    record: Rewriter
    told: Told
    test: bool = True


def rewrite(folder: Path, out: Path, overwrite: bool, way: Rewriting) -> Manifest:
    """Writes the new set beside its place and moves it there; returns its manifest.

    Raises ValueError where something lies at `out` that may not be replaced, a shard is damaged or no training record
    is left, and what `records.shards.checked_manifest` and the rewriter raise; then nothing is left behind.
    """
    if out.resolve() == folder.resolve():
        raise ValueError(f"{out}: found the set to be read, expected another place")
    manifest = checked_manifest(folder)
    return published(out, overwrite, lambda place: _write_set(folder, place, manifest, way))


def published(out: Path, overwrite: bool, write: Callable[[Path], Manifest]) -> Manifest:
    """Has a set's shards written beside its place, adds manifest and preview and moves all there; the manifest.

    write: puts the shards into a folder and returns the manifest. Raises as `rewrite`.
    """
    staging = Staging(out)
    staging.check(overwrite)
    try:
        staging.start()
        manifest = write(staging.set)
        if not manifest.count("train"):
            raise ValueError(f"{out}: found no record left for training, expected some")
        manifest.write(staging.set)
        preview(staging.set, staging.set / "preview.jpg")
        staging.publish()
    finally:
        staging.remove()
    return manifest


def noting(notes: Mapping[str, Any]) -> Told:
    """What adds notes to a manifest."""
    return lambda manifest: replace(manifest, notes={**manifest.notes, **notes})


def opened(serialised: bytes, manifest: Manifest) -> tuple[Record, np.ndarray]:
    """A record and its picture with its context, uint8 [edge, edge, 3] RGB."""
    found = decode(serialised)
    return found, decode_image(found.image, manifest.encoding, manifest.context)


def _write_set(folder: Path, out: Path, manifest: Manifest, way: Rewriting) -> Manifest:
    """Writes the shards; the new manifest."""
    rewriters = {"train": way.record} | ({"test": _kept} if way.test else {})
    shards: dict[str, tuple[Shard, ...]] = dict.fromkeys(SPLITS, ())
    subsets = {name: dict.fromkeys(SPLITS, 0) for name in manifest.subsets}
    with Progress(sum(map(manifest.count, rewriters)), "faces") as progress:

        def changed(file: str, split: str) -> Iterator[bytes]:
            for serialised in read_records(file):
                for one in rewriters[split](serialised, manifest):
                    subsets[decode(one).subset][split] += 1
                    yield one
                progress.step()

        for split in rewriters:
            files = manifest.files(folder, split)
            shards[split] = tuple(write_shard(out / Path(file).name, changed(file, split)) for file in files)
    return way.told(replace(manifest, shards=shards, subsets=subsets))


def _kept(serialised: bytes, _: Manifest) -> Iterable[bytes]:
    return (serialised,)
