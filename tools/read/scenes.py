"""All readers of scenes behind one interface: formats that list pictures with their faces, and all those of landmarks.

A new format of scenes is a module with a `READER`, as `SceneReader` has it, and a place here; landmark sets follow by
themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tools.read import faces_together, formats, labels, voc, wider
from tools.read.face import AUTO, Item
from tools.read.formats import Finder
from tools.read.scene import AnnotatedScene


class SceneReader(Finder, Protocol):
    """What reads the scenes of one format."""

    def read(self, item: Item) -> AnnotatedScene:
        """The scene of an item. Raises BadSample."""


_READERS: tuple[SceneReader, ...] = (labels.READER, wider.READER, voc.READER)
OWN = {reader.FORMAT: reader for reader in _READERS}
FORMATS: dict[str, Finder] = {**OWN, **formats.FORMATS, **OWN}  # own ones first, and as they read a list of both kinds


def find(path: str | Path, dataset: str, format: str | None = None, orientation: str = AUTO) -> list[Item]:
    """The pictures of a data set, of the format given or detected, an item each.

    orientation: one of `tools.read.face.ORIENTATIONS`, for pictures that EXIF turns. Raises FileNotFoundError or
    ValueError.
    """
    reader = formats.named(format, FORMATS) if format else formats.fitting(path, FORMATS)
    items = formats.items_of(reader, path, dataset, orientation)
    return items if reader.FORMAT in OWN else faces_together.grouped(items)


def read(item: Item, points_key: str) -> AnnotatedScene:
    """The scene of an item, by the reader of its format; points_key: 300W-LP's. Raises BadSample."""
    return OWN[item.format].read(item) if item.format in OWN else faces_together.read(item, points_key)
