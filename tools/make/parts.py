"""Writes a planned set of records shard by shard beside its place, and goes on where an interrupted run was.

Until the set is whole it lies in `<out>.partial/set`, with a note for each finished shard in `<out>.partial/notes`. A
shard without its note is written again. A shard depends on the plan alone, so the set comes out byte for byte as from a
run that was never interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from infer.files.atomic import remove_leftovers, write_text_atomically
from records import record
from records.landmarks import scheme_of
from records.manifest import Dataset, Manifest, Shard
from records.shards import shard_name, write_shard
from records.split import SPLITS, Split, hash_fraction
from tools.make.cut import Cut, Settings, cut_all
from tools.read.face import BadSample, Item


@dataclass(frozen=True)
class Part:
    """What goes into one shard, in order."""

    file: str
    split: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Note:
    """A finished shard: its split, faces of each subset, and of those left out, by reason, a line each."""

    shard: Shard
    split: str
    subsets: dict[str, int]
    skipped: dict[str, list[str]]

    def text(self) -> str:
        """The note as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Note:
        """The note that `text` gave. Raises ValueError, KeyError or TypeError on other text."""
        document = json.loads(text)
        return cls(**{**document, "shard": Shard(**document["shard"])})


class Partial:
    """The folder of an unfinished set: `set`, what will be the set, and `notes`, what is known of finished shards."""

    def __init__(self, out: Path):
        self.out = out
        self.root = out.with_name(out.name + ".partial")
        self.set, self.notes, self.plan = self.root / "set", self.root / "notes", self.root / "plan"

    def open(self, digest: str) -> bool:
        """True if it holds an interrupted run of the same plan; otherwise it is made anew, empty."""
        if self.plan.is_file() and self.plan.read_text(encoding="utf-8") == digest:
            remove_leftovers(self.set)  # or what was half written when it was killed would become part of the set
            remove_leftovers(self.notes)
            return True
        self.start()
        write_text_atomically(self.plan, digest)
        return False

    def start(self) -> None:
        """Makes the folder anew, empty."""
        self.remove()
        self.set.mkdir(parents=True)
        self.notes.mkdir()

    def remove(self) -> None:
        """Removes the folder and all in it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def publish(self) -> None:
        """Moves the finished set to its place; an older one there is removed only after it."""
        old = self.out.with_name(self.out.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.out.exists():
            os.replace(self.out, old)
        os.replace(self.set, self.out)
        shutil.rmtree(old, ignore_errors=True)
        self.remove()

    def note_of(self, part: Part) -> Note | None:
        """The note of a finished shard, None where the shard is not whole."""
        try:
            note = Note.parse(self._note(part).read_text(encoding="utf-8"))
            return note if (self.set / part.file).stat().st_size == note.shard.bytes else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, part: Part, note: Note) -> None:
        """Writes the note of a finished shard."""
        write_text_atomically(self._note(part), note.text())

    def _note(self, part: Part) -> Path:
        return self.notes / f"{part.file}.json"


def plan_parts(items: Iterable[Item], split: Split, shard_size: int) -> list[Part]:
    """The items split by source and dealt to shards, in an order that mixes sets but depends on the names alone."""
    ordered = sorted(items, key=lambda item: (hash_fraction(f"{item.copy} {item.key}"), item.key))
    parts = []
    for side in SPLITS:
        chosen = [item for item in ordered if split.side_of(item.source) == side]
        count = max(1, round(len(chosen) / shard_size)) if chosen else 0
        for index in range(count):
            inside = chosen[len(chosen) * index // count : len(chosen) * (index + 1) // count]
            parts.append(Part(shard_name(side, index, count), side, tuple(inside)))
    return parts


def digest_of(parts: list[Part], settings: Settings) -> str:
    """A hash of all that the set depends on: settings, items, and size and time of their files."""
    digest = hashlib.sha256(json.dumps(asdict(settings)).encode())
    for part in parts:
        digest.update(part.file.encode())
        for item in part.items:
            files = f"{_state(item.picture)} {_state(item.annotation)}"
            digest.update(f"{item.key} {item.copy} {item.mirrored} {item.format} {files}\n".encode())
    return digest.hexdigest()


def write_parts(parts: list[Part], settings: Settings, workers: int, partial: Partial, tell: Callable) -> list[Note]:
    """Writes the shards that are not there yet; returns the notes of all, in order.

    tell: called with (item, split, Cut or BadSample) for every face that is worked on.
    """
    notes = {part.file: partial.note_of(part) for part in parts}
    missing = [part for part in parts if notes[part.file] is None]
    cuts = cut_all((item for part in missing for item in part.items), settings, workers)
    for part in missing:
        notes[part.file] = write_part(partial.set, part, cuts, tell)
        partial.keep(part, notes[part.file])
    return [notes[part.file] for part in parts]


def write_part(folder: Path, part: Part, cuts: Iterator, tell: Callable) -> Note:
    """Writes one shard into a folder, from the next cuts of `cuts`; its note."""
    subsets: Counter[str] = Counter()
    skipped: dict[str, list[str]] = {}
    shard = write_shard(folder / part.file, _serialised(part, cuts, subsets, skipped, tell))
    return Note(shard, part.split, dict(subsets), skipped)


def _serialised(part: Part, cuts: Iterator, subsets: Counter, skipped: dict, tell: Callable) -> Iterable[bytes]:
    for _ in part.items:
        item, cut = next(cuts)
        tell(item, part.split, cut)
        if isinstance(cut, BadSample):
            skipped.setdefault(cut.reason, []).append(f"{item.key}: {cut}")
        else:
            subsets[f"{item.dataset}/{item.subset}"] += 1
            yield record.encode(to_record(item, cut))


def to_record(item: Item, cut: Cut) -> record.Record:
    """The record of a cut face."""
    subset = f"{item.dataset}/{item.subset}"
    return record.Record(cut.image, cut.label, cut.pose, cut.side, subset, item.name, item.source)


def manifest_of(
    notes: Sequence[Note],
    settings: Settings,
    split: Split,
    datasets: dict[str, Dataset],
    skipped: dict[str, list[str]],
) -> Manifest:
    """The manifest of a set from its shards' notes, in order; datasets, skipped: as `find_items` has them."""
    subsets, left_out = {}, dict(skipped)
    for note in notes:
        for name, count in note.subsets.items():
            subsets.setdefault(name, dict.fromkeys(SPLITS, 0))[note.split] += count
        for reason, lines in note.skipped.items():
            left_out[reason] = left_out.get(reason, []) + lines
    return Manifest(
        **{**asdict(settings), "scheme": scheme_of(settings.scheme)},
        split=split,
        shards={side: tuple(note.shard for note in notes if note.split == side) for side in SPLITS},
        subsets=dict(sorted(subsets.items())),
        datasets=datasets,
        skipped={reason: sorted(set(lines)) for reason, lines in sorted(left_out.items())},
    )


def _state(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:
        return "missing"
    return f"{state.st_size} {state.st_mtime_ns}"
