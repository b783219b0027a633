"""The journal of a run: what has been done so far, on disk, so that memory stays small and a stopped run can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from .points import json_line


class Journal:
    """A file with a line of settings and then the entry of each picture, in the order in which they were done.

    path: of the file; settings: what the entries depend on; resume: take over the entries of a journal that is there.
    Raises ValueError where that one was written with other settings, or is none. Every entry is on disk when `add`
    returns, a last line cut by a kill is forgotten, and only names and places in the file are held in memory.
    """

    def __init__(self, path: Path, settings: dict, resume: bool = False):
        self.path = Path(path)
        self._places: dict[str, int] = {}
        if resume and self.path.is_file():
            end = self._take_over(settings)
            self._file = self.path.open("r+b")
            self._file.truncate(end)
            self._file.seek(end)
        else:
            self._file = self.path.open("w+b")
            self._write(settings)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def add(self, entry: dict) -> None:
        """Keeps the entry of a picture, by its `file`."""
        self._places[entry["file"]] = self._write(entry)

    def entries(self, names: Iterable[str]) -> Iterator[dict]:
        """The entries of those of the names that are done, in the order of the names."""
        with self.path.open("rb") as file:
            for name in names:
                if name in self._places:
                    file.seek(self._places[name])
                    yield json.loads(file.readline())

    def close(self) -> None:
        """Leaves the file for a later run to resume."""
        self._file.close()

    def remove(self) -> None:
        """Takes the file away: all it held is written elsewhere."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _write(self, entry: dict) -> int:
        place = self._file.tell()
        self._file.write(json_line(entry).encode() + b"\n")
        self._file.flush()
        return place

    def _take_over(self, settings: dict) -> int:
        """Notes where the entries lie; the end of the last whole one."""
        with self.path.open("rb") as file:
            end = self._check_settings(file.readline(), settings)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._places[self._name(line)] = end
                end += len(line)
        return end

    def _check_settings(self, line: bytes, settings: dict) -> int:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ValueError(f"{self.path}: found no journal of a run, expected one; leave --resume out to begin anew")
        differing = [key for key in settings if found.get(key) != settings[key]]
        if differing:
            key = differing[0]
            raise ValueError(
                f"{self.path}: found a run with {key} {found.get(key)}, expected {settings[key]} as now; "
                "leave --resume out to begin anew"
            )
        return len(line)

    def _name(self, line: bytes) -> str:
        try:
            return json.loads(line)["file"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{self.path}: found a damaged line, expected an entry; leave --resume out") from None


def read_entries(path: Path) -> Iterator[dict]:
    """The entries of a `points.json` as this program writes it, a line each, one at a time; of other files nothing."""
    with Path(path).open("rb") as file:
        if file.readline() != b'{"images": [\n':
            return
        for line in file:
            try:
                entry = json.loads(line.rstrip(b",\n"))
            except ValueError:  # the last line, or somebody's own formatting
                return
            yield entry
