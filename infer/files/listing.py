"""The files that paths, folders and patterns stand for: pictures, videos, and what is left out of folders."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .console import counted, speakable
from .kinds import PICTURES, VIDEOS, decodes

SHOWN = 12  # kinds named of what is left out


@dataclass
class Listing:
    """pictures: (path, name) each; videos: paths; left: of folders and patterns what is neither, suffix -> how many.

    A picture's name is relative to the folder, or the bare file name; where two would share one, it is the path as
    found. Names use forward slashes, and can be said and written whatever the file's bytes are.
    """

    pictures: list[tuple[Path, str]] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """What is left out, by kind and count, as one line; empty for nothing."""
        kinds = [f"{number} {suffix or 'without a suffix'}" for suffix, number in self.left.most_common(SHOWN)]
        more = len(self.left) - len(kinds)
        listed = ", ".join([*kinds, *([f"{counted(more, 'kind')} more"] if more else [])])
        return f"left out {counted(self.left.total(), 'file')} of other kinds: {listed}" if kinds else ""


def list_pictures(paths: Iterable[str | Path], recursive: bool = False) -> list[tuple[Path, str]]:
    """The pictures alone of `list_files`."""
    return list_files(paths, recursive).pictures


def list_files(paths: Iterable[str | Path], recursive: bool = False, without: Path | None = None) -> Listing:
    """What the paths stand for, in the order given, each file once.

    A folder (with all in it if `recursive`) and a pattern give their files, sorted, by suffix; a file given by name is
    a picture whatever its suffix, and a missing path is kept as one, for `read_picture` to name. without: a folder
    whose files are passed over, resolved.
    """
    listing, found = Listing(), dict[Path, tuple[Path, str]]()
    for given in paths:
        for path, name, sure in _expand(Path(given), recursive):
            place = path.resolve()
            if place in found or (without and without in place.parents):
                continue
            kind = PICTURES.get(path.suffix.lower())
            if sure or (kind and decodes(kind)):
                found[place] = path, name
            elif path.suffix.lower() in VIDEOS:
                listing.videos.append(path)
            else:
                listing.left[speakable(path.suffix.lower())] += 1
    listing.pictures = _distinct(list(found.values()))
    return listing


def _distinct(found: Sequence[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """No name twice."""
    times = Counter(speakable(name) for _, name in found)
    names = [name if times[speakable(name)] == 1 else path.as_posix() for path, name in found]
    taken: Counter[str] = Counter()
    answer = []
    for (path, _), name in zip(found, map(speakable, names), strict=True):
        taken[name] += 1
        # one that is spelt as another one's escaped bytes
        answer.append((path, name if taken[name] == 1 else f"{name}#{taken[name]}"))
    return answer


def _expand(given: Path, recursive: bool) -> Iterator[tuple[Path, str, bool]]:
    """(path, name, whether it was given by its name) of each file."""
    if given.is_dir():
        inside = sorted(_walk(given) if recursive else given.iterdir())
        yield from ((path, path.relative_to(given).as_posix(), False) for path in inside if _counts(path))
        return
    matches = [] if given.exists() or not glob.has_magic(str(given)) else glob.glob(str(given), recursive=True)
    paths = [path for path in sorted(map(Path, matches)) if _counts(path)]
    yield from ((path, path.name, False) for path in paths)
    if not paths:
        yield given, given.name, True


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, but none of a hidden one; links to folders are not followed, for they may go round."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in files)


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file()
