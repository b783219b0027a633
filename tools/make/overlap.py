"""Faces that several data sets hold: told by the bytes of their pictures and by where they are in them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

import numpy as np

from infer.geometry.boxes import OVERLAP, box_of, overlaps
from tools.read import formats as readers
from tools.read.face import BadSample, Item

HEAD = 4096  # bytes that tell most pictures of one size apart


class SeenPictures:
    """The pictures of data sets that were looked at already, one item each.

    They are compared by size, then by their first bytes, then whole: sets that share nothing cost a look at each file's
    size, and a few kilobytes of some.
    """

    def __init__(self) -> None:
        self._items: dict[Hashable, list[Item]] = defaultdict(list)
        self._heads: dict[Path, bytes] = {}
        self._digests: dict[Path, bytes] = {}

    def add(self, items: Iterable[Item]) -> None:
        """Remembers the items."""
        for item in items:
            self._items[_kind(item)].append(item)

    def twin_of(self, item: Item) -> Item | None:
        """An item seen before that is the same one; None without one."""
        return next(iter(self._alike(item)), None)

    def _alike(self, item: Item) -> list[Item]:
        """The items seen before that have the same picture."""
        kind = _kind(item)
        return [other for other in self._items.get(kind, ()) if kind and self._same_picture(item, other)]

    def _same_picture(self, item: Item, other: Item) -> bool:
        if _in_table(item):  # its source is the hash of its pixels
            return True
        pair = item.picture, other.picture
        heads = [_remembered(self._heads, path, _head) for path in pair]
        return heads[0] == heads[1] and len({_remembered(self._digests, path, _digest) for path in pair}) == 1


class Seen(SeenPictures):
    """The faces of data sets that were looked at already, several of a picture; they are read only where pictures are
    alike. points_key: 300W-LP's."""

    def __init__(self, points_key: str):
        super().__init__()
        self._points_key = points_key
        self._boxes: dict[tuple[str, Path], np.ndarray | None] = {}

    def twin_of(self, item: Item) -> Item | None:
        """A face seen before that is the same one in the same picture; None without one, or where it can't be read."""
        alike = self._alike(item)
        boxes = [(other, self._box(other)) for other in alike]
        own = self._box(item) if alike else None
        if own is None:
            return None
        return next((other for other, box in boxes if box is not None and overlaps(own, box[None])[0] > OVERLAP), None)

    def _box(self, item: Item) -> np.ndarray | None:
        key = item.key, item.picture
        if key not in self._boxes:
            self._boxes[key] = _box_of_face(item, self._points_key)
        return self._boxes[key]


def _in_table(item: Item) -> bool:
    """Whether the picture lies in the table that holds the points, as Kaggle's do."""
    return item.picture == item.annotation


def _kind(item: Item) -> Hashable:
    """What the same pictures have in common and is known at once; None for a missing file, and for an empty one."""
    if _in_table(item):
        return item.source
    try:
        return item.picture.stat().st_size or None
    except (OSError, ValueError):
        return None


def _remembered(known: dict[Path, bytes], path: Path, read) -> bytes:
    if path not in known:
        try:
            known[path] = read(path)
        except OSError:
            known[path] = str(path).encode(errors="surrogateescape")  # like no other
    return known[path]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(HEAD)).digest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _box_of_face(item: Item, points_key: str) -> np.ndarray | None:
    try:
        return box_of(readers.read(item, points_key).points)
    except (BadSample, ValueError):  # it is named where it is cut
        return None
