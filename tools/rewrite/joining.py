"""Several sets of records as one: their shards together, and what their manifests say."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from records.landmarks import told
from records.manifest import Manifest, Shard
from records.shards import checked_manifest, shard_name
from records.split import SPLITS
from tools.make.parts import merged
from tools.rewrite.sets import published

ALIKE = ("points", "size", "margin", "context", "encoding", "upright", "split")  # of sets that may be joined


def join_records(folders: Sequence[Path], out: Path, overwrite: bool) -> Manifest:
    """Writes the set of all records of sets; returns its manifest.

    Raises ValueError for fewer than two sets, for sets of different points, crops or splits, a subset that two of them
    have, and where something lies at `out` that may not be replaced.
    """
    places = {folder.resolve() for folder in folders}
    if not 1 < len(folders) == len(places):
        named = ", ".join(map(str, folders))
        raise ValueError(f"join: found {named}, expected two or more sets of records, each once")
    if out.resolve() in places:
        raise ValueError(f"{out}: found a set to be read, expected another place")
    sets = {folder: checked_manifest(folder) for folder in folders}
    _check_alike(sets)
    return published(out, overwrite, lambda place: _joined(sets, place))


def _check_alike(sets: dict[Path, Manifest]) -> None:
    (first, manifest), *others = sets.items()
    for folder, other in others:
        for name in ALIKE:
            if getattr(other, name) != getattr(manifest, name):
                expected = f"expected {getattr(manifest, name)}, as {first} has"
                raise ValueError(f"{folder}: found {name} {getattr(other, name)}, {expected}")
        if told(other.scheme) != told(manifest.scheme):
            raise ValueError(f"{folder}: found points of {other.scheme.name}, expected those of {first}")
    names = [name for manifest in sets.values() for name in manifest.subsets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"{first}: found the subset {twice} in two of the sets, expected each in one")


def _joined(sets: dict[Path, Manifest], out: Path) -> Manifest:
    """Copies the shards into a folder; the manifest of all."""
    parts = list(sets.values())
    return replace(
        parts[0],
        shards={split: _copied(sets, split, out) for split in SPLITS},
        subsets={name: counts for part in parts for name, counts in part.subsets.items()},
        datasets={name: entry for part in reversed(parts) for name, entry in part.datasets.items()},
        doubts={name: doubt for part in parts for name, doubt in part.doubts.items()},
        skipped=merged(*(part.skipped for part in parts)),
        remarks=merged(*(part.remarks for part in parts)),
        notes=_notes(sets),
    )


def _copied(sets: dict[Path, Manifest], split: str, out: Path) -> tuple[Shard, ...]:
    """A split's shards under new names, in the order of the sets."""
    files = [(folder / shard.file, shard) for folder, part in sets.items() for shard in part.shards[split]]
    names = [shard_name(split, index, len(files)) for index in range(len(files))]
    for (file, _), name in zip(files, names, strict=True):
        shutil.copyfile(file, out / name)
    return tuple(replace(shard, file=name) for (_, shard), name in zip(files, names, strict=True))


def _notes(sets: dict[Path, Manifest]) -> dict[str, Any]:
    """What else made each set, by its folder's name; the terms of all together, as training reads them."""
    terms = {term for part in sets.values() for term in part.notes.get("terms", [])}
    return {"joined": [{"records": folder.name, **part.notes} for folder, part in sets.items()], "terms": sorted(terms)}
