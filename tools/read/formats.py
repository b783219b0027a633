"""All readers behind one interface: which format a path holds, its items, and the face of each.

A new format is a module with what `Reader` lists, and a place in READERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from infer.files.console import speakable
from tools.read import aflw2000, coco, cvat, dlib, kaggle, labelme, labels, openface, points_csv, pts, w300lp, wflw
from tools.read.face import AUTO, AnnotatedFace, Item


class Finder(Protocol):
    """What finds the items of one format, a module mostly."""

    @property
    def FORMAT(self) -> str:
        """The format's name."""

    def matches(self, path: Path) -> bool:
        """Whether the path holds data of this format."""

    def find(self, path: Path, dataset: str, /) -> list[Item]:
        """The items of a data set. Raises FileNotFoundError or ValueError."""


class Reader(Finder, Protocol):
    """A module that reads the faces of one format.

    ORIGIN: what it takes off the file's coordinates to count from 0, pixel centres at whole numbers.
    """

    ORIGIN: float

    def read(self, item: Item, points_key: str) -> AnnotatedFace:
        """The face of an item. Raises BadSample."""


READERS: tuple[Reader, ...] = (
    *(w300lp, aflw2000, pts, wflw, dlib, coco, labelme, cvat),
    *(points_csv, openface, kaggle, labels),
)
R = TypeVar("R", bound=Finder)
FORMATS = {reader.FORMAT: reader for reader in READERS}


def reader_of(name: str) -> Reader:
    """The reader of that format; ValueError names the known ones."""
    return named(name, FORMATS)


def named(name: str, known: Mapping[str, R]) -> R:
    """The reader of that format among those known; ValueError names them."""
    if name not in known:
        raise ValueError(f"format: found {name!r}, expected one of {', '.join(known)}")
    return known[name]


def detect(path: str | Path) -> Reader:
    """The reader whose format the path holds. Raises as `fitting`."""
    return fitting(path, FORMATS)


def fitting(path: str | Path, known: Mapping[str, R]) -> R:
    """The reader, of those known, whose format the path holds.

    Raises FileNotFoundError for a missing path, ValueError where no format or more than one fits.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file or folder, expected a data set")
    found = [name for name, reader in known.items() if reader.matches(path)]
    if len(found) != 1:
        seen = f"more than one format that fits ({', '.join(found)})" if found else "no format that fits"
        raise ValueError(f"{path}: found {seen}, expected one of {', '.join(known)}; --format chooses")
    return known[found[0]]


def find(path: str | Path, dataset: str, format: str | None = None, orientation: str = AUTO) -> list[Item]:
    """The items of a data set, of the format given or detected. Raises FileNotFoundError or ValueError.

    orientation: one of `tools.read.face.ORIENTATIONS`, for pictures that EXIF turns.
    """
    return items_of(reader_of(format) if format else detect(path), path, dataset, orientation)


def items_of(reader: Finder, path: str | Path, dataset: str, orientation: str) -> list[Item]:
    """The items that a reader finds, as `find` has them."""
    return [_named(replace(item, orientation=orientation)) for item in reader.find(Path(path), speakable(dataset))]


def _named(item: Item) -> Item:
    """The item with names that can be written anywhere; its files keep theirs, whatever bytes these have."""
    if item.key.isprintable() and item.source.isprintable():  # surrogates are not
        return item
    return replace(item, subset=speakable(item.subset), name=speakable(item.name), source=speakable(item.source))


def read(item: Item, points_key: str) -> AnnotatedFace:
    """The face of an item, by the reader of its format. Raises BadSample."""
    return reader_of(item.format).read(item, points_key)
