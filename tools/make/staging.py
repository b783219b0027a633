"""Where a set of records lies until it is whole: beside its place, so that a run goes on where an interrupted one was.

`<out>.partial/set` is what will be the set, `<out>.partial/notes` holds a note for each finished shard. A shard without
its note is written again.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infer.files.atomic import remove_leftovers, write_text_atomically
from infer.files.console import speakable
from records.manifest import MANIFEST, Shard


@dataclass(frozen=True)
class ShardNote:
    """A finished shard: its split, faces of each subset; of those left out, by reason, a line each; remarks on those
    taken, by kind, a line each."""

    shard: Shard
    split: str
    subsets: dict[str, int]
    skipped: dict[str, list[str]]
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def text(self) -> str:
        """The note as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> ShardNote:
        """The note that `text` gave. Raises ValueError, KeyError or TypeError on other text."""
        document = json.loads(text)
        return cls(**{**document, "shard": Shard(**document["shard"])})


class Staging:
    """The folder of an unfinished set whose place is `out`."""

    def __init__(self, out: Path):
        self.out = out
        self.root = out.with_name(out.name + ".partial")
        self.set, self.notes, self.plan = self.root / "set", self.root / "notes", self.root / "plan"

    def check(self, overwrite: bool) -> None:
        """Raises ValueError where something lies at the set's place that may not be replaced, and for a place that
        TensorFlow can't write to."""
        name = speakable(str(self.out))
        if name != str(self.out):
            raise ValueError(f"{name}: found a name that is no UTF-8, expected one that is: TensorFlow takes no other")
        if not self.out.exists() or (self.out.is_dir() and not any(self.out.iterdir())):
            return
        check_replaceable(str(self.out), (self.out / MANIFEST).is_file(), overwrite)

    def open(self, digest: str) -> bool:
        """True if it holds an interrupted run of the same plan; otherwise it is made anew, empty."""
        if self.plan.is_file() and self.plan.read_text(encoding="utf-8") == digest:
            # or what was half written when it was killed would become part of the set
            remove_leftovers(self.set)
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

    def note_of(self, file: str) -> ShardNote | None:
        """The note of a finished shard, None where the shard is not whole."""
        try:
            note = ShardNote.parse(self._note(file).read_text(encoding="utf-8"))
            return note if (self.set / file).stat().st_size == note.shard.bytes else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, note: ShardNote) -> None:
        """Writes the note of a finished shard."""
        write_text_atomically(self._note(note.shard.file), note.text())

    def _note(self, file: str) -> Path:
        return self.notes / f"{file}.json"


def check_replaceable(place: str, is_set: bool, overwrite: bool) -> None:
    """Raises ValueError for a place that holds something, unless it is a set of records that may be replaced."""
    if not overwrite:
        raise ValueError(f"{place}: found an existing folder, expected none (--overwrite replaces it)")
    if not is_set:
        raise ValueError(f"{place}: found a folder without {MANIFEST}, will not replace what is no set of records")
