"""The plan of a set of records and its shards, one by one: a shard depends on the plan alone.

So a set comes out byte for byte the same from one process or many, interrupted or not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from infer.files.console import counted, speakable
from records.manifest import Dataset, SetManifest, Shard
from records.shards import shard_name, write_shard
from records.split import SPLITS, Split, hash_fraction
from tools.make.kind import SetKind
from tools.make.staging import ShardNote, Staging
from tools.make.workers import Made, Work, cut_all
from tools.read.face import BadSample, Item

EMPTY_TEST = "the test split is empty"
Tell = Callable[
    [Item, str, Made | BadSample], None
]  # is told each item that is worked on, its split, what became of it


@dataclass(frozen=True)
class Part:
    """What goes into one shard, in order."""

    file: str
    split: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class SetPlan:
    """All that a set depends on: its kind, its shards to be, what is done with items, what is known of the data sets.

    datasets, skipped, remarks: as `tools.make.datasets.FoundItems` has them.
    """

    kind: SetKind
    parts: tuple[Part, ...]
    settings: Work
    split: Split
    datasets: dict[str, Dataset]
    skipped: dict[str, list[str]]
    remarks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def items(self) -> int:
        """How many items there are, those that count several times as often."""
        return sum(len(part.items) for part in self.parts)

    @property
    def sources(self) -> int:
        """How many sources the split parts."""
        return len({item.source for part in self.parts for item in part.items})

    def told_sources(self) -> str:
        """Their number in words; why there is one alone where it has several items."""
        said = counted(self.sources, "source")
        return f"{said} (pictures of one name count as one photo)" if self.sources == 1 < self.items else said

    def digest(self) -> str:
        """A hash of what the shards depend on: settings, items, and size and time of their files."""
        digest = hashlib.sha256(json.dumps(asdict(self.settings)).encode())
        for part in self.parts:
            digest.update(part.file.encode())
            for item in part.items:
                files = " ".join(map(_state, item.files))
                how = f"{item.copy} {item.mirrored} {item.format} {item.orientation}"
                digest.update(f"{item.key} {how} {files}\n".encode())
        return digest.hexdigest()


def _state(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:
        return "missing"
    return f"{state.st_size} {state.st_mtime_ns}"


def plan_parts(items: Iterable[Item], split: Split, shard_size: int) -> tuple[Part, ...]:
    """The items split by source and dealt to shards, in an order that mixes sets but depends on the names alone."""
    ordered = sorted(items, key=lambda item: (hash_fraction(f"{item.copy} {item.key}"), item.key))
    parts = []
    for side in SPLITS:
        chosen = [item for item in ordered if split.side_of(item.source) == side]
        count = max(1, round(len(chosen) / shard_size)) if chosen else 0
        for index in range(count):
            inside = chosen[len(chosen) * index // count : len(chosen) * (index + 1) // count]
            parts.append(Part(shard_name(side, index, count), side, tuple(inside)))
    return tuple(parts)


def write_parts(plan: SetPlan, workers: int, staging: Staging, tell: Tell) -> list[ShardNote]:
    """Writes the shards that are not there yet; returns the notes of all, in order."""
    notes = {part.file: staging.note_of(part.file) for part in plan.parts}
    missing = [part for part in plan.parts if notes[part.file] is None]
    cuts = cut_all((item for part in missing for item in part.items), plan.settings, workers)
    for part in missing:
        notes[part.file] = note = write_part(staging.set, part, plan.kind, cuts, tell)
        staging.keep(note)
    return [note for note in notes.values() if note]


Cuts = Iterator[tuple[Item, Made | BadSample]]  # items in order, with what became of them


def write_part(folder: Path, part: Part, kind: SetKind, cuts: Cuts, tell: Tell) -> ShardNote:
    """Writes one shard into a folder, from the next cuts of `cuts`; its note."""
    note = ShardNote(Shard(part.file, 0, 0, ""), part.split, {}, {})
    shard = write_shard(folder / part.file, _serialised(part, kind, cuts, note, tell))
    return replace(note, shard=shard)


def _serialised(part: Part, kind: SetKind, cuts: Cuts, note: ShardNote, tell: Tell) -> Iterator[bytes]:
    """The records of a part; what becomes of its items is noted on the way."""
    for _ in part.items:
        item, cut = next(cuts)
        tell(item, part.split, cut)
        if isinstance(cut, BadSample):
            note.skipped.setdefault(cut.reason, []).append(f"{item.key}: {cut}")
            continue
        for name, words in cut.remarks:
            note.remarks.setdefault(name, []).append(words)
        note.subsets[item.part] = note.subsets.get(item.part, 0) + 1
        yield kind.encode(item, cut)


def manifest_of(notes: Sequence[ShardNote], plan: SetPlan) -> SetManifest:
    """The manifest of a set from its shards' notes, in the shards' order."""
    subsets: dict[str, dict[str, int]] = {}
    for note in notes:
        for name, count in note.subsets.items():
            subsets.setdefault(name, dict.fromkeys(SPLITS, 0))[note.split] += count
    return plan.kind.manifest(
        **plan.kind.fields(plan.settings),
        split=plan.split,
        shards={side: tuple(note.shard for note in notes if note.split == side) for side in SPLITS},
        subsets=dict(sorted(subsets.items())),
        datasets=plan.datasets,
        skipped=merged(plan.skipped, *(note.skipped for note in notes)),
        remarks=merged(plan.remarks, _empty_split(notes, plan), *(note.remarks for note in notes)),
    )


def _empty_split(notes: Sequence[ShardNote], plan: SetPlan) -> dict[str, list[str]]:
    """A remark where a test split was wanted and nothing fell into it, as in small sets."""
    if plan.split.test_fraction == 0 or any(note.split == "test" and note.shard.records for note in notes):
        return {}
    found = f"none of {plan.told_sources()} fell into it at --test-fraction {plan.split.test_fraction:g}"
    return {EMPTY_TEST: [f"{found}, so that nothing is held out"]}


def merged(*several: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Lines by kind from several places, sorted, each once: what counts several times says the same.

    Names of files that are no UTF-8 are escaped in them.
    """
    merged: dict[str, set[str]] = {}
    for lines_of_kind in several:
        for kind, lines in lines_of_kind.items():
            merged.setdefault(kind, set()).update(map(speakable, lines))
    return {kind: sorted(lines) for kind, lines in sorted(merged.items())}
