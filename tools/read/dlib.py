"""Reader of dlib's XML (imglab): any number of faces a picture.

    <dataset><images><image file='a.jpg' width='640' height='480'>
      <box top='181' left='274' width='52' height='53'><part name='00' x='277' y='194'/> ... </box>
    </image></images></dataset>

Pictures are relative to the XML file. Parts may come in any order or be missing (unknown). A box marked ignore='1' is
skipped, and so is one without parts. The picture's size need not be there; where it is, the points count in a picture
of that size.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68
from tools.read.face import AnnotatedFace, Item
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import Marks, face_of, size_of
from tools.read.placing import Size
from tools.read.xml_events import Events, feed

FORMAT = "dlib"
ORIGIN = 0.0  # dlib's pixels are counted from 0, their centres at whole numbers

NO_FILE = "(no file)"  # stands for the name of a picture that has none

_HEAD = 4096  # bytes to tell the format by


def matches(path: Path) -> bool:
    """Whether it is an XML file, or a folder of such, that begins as a `<dataset>`."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of an XML file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for one that is no XML, declares a DOCTYPE, or has no face.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"<dataset" in stream.read(_HEAD).replace(b"\0", b"")  # the zeros of UTF-16


def parse(file: Path) -> list[Entry]:
    """The faces of an XML file, (picture, marks) each, in its order; no tree is built. Raises ValueError."""
    faces = _Faces(file)
    feed(faces, "that of dlib's imglab")
    return faces.found


class _Faces(Events):
    """Takes the parser's events and keeps the faces."""

    def __init__(self, file: Path):
        super().__init__(file)
        self.found: list[Entry] = []
        self.picture: Path | None = None
        self.size: Size | None = None
        self.box: dict[str, str] = {}
        self.parts: list[dict[str, str]] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "image":
            self.picture = picture_named(attributes.get("file") or NO_FILE, self.file.parent)
            self.size = size_of(attributes.get("width"), attributes.get("height"))
        elif tag == "box" and self.picture is not None:
            self.box, self.parts = attributes, []
        elif tag == "part" and self.parts is not None:
            self.parts.append(attributes)

    def end(self, tag: str) -> None:
        if tag == "box":
            if self.picture is not None and self.parts and self.box.get("ignore") != "1":
                self.found.append((self.picture, self._face(self.box, self.parts, self.picture.name)))
            self.parts = None
        elif tag == "image":
            self.picture = self.parts = None

    def _face(self, box: dict[str, str], parts: list[dict[str, str]], picture: str) -> Marks:
        marks = _marks(box, parts, f"{self.file.name} {picture}")
        if picture == NO_FILE:
            message = f"{self.file.name}: found an <image> without a file, expected <image file='...'>"
            return replace(marks, fault=("unknown picture", message))
        return replace(marks, size=self.size)


def _marks(box: dict, parts: list[dict], place: str) -> Marks:
    points = np.full((IBUG_68.count, 2), np.nan)
    seen: set[int] = set()
    for part in parts:
        name = part.get("name", "")
        index = int(name) if re.fullmatch("[0-9]{1,3}", name) else -1
        x, y = _number(part, "x"), _number(part, "y")
        if not 0 <= index < IBUG_68.count or index in seen or not np.isfinite((x, y)).all():
            found = f"part {name!r} at {part.get('x')}, {part.get('y')}{' twice' if index in seen else ''}"
            expected = f"expected each of '00' to '{IBUG_68.count - 1}' at most once, with numbers x and y"
            return Marks(points, None, ("unreadable annotation", f"{place}: found {found}, {expected}"))
        seen.add(index)
        points[index] = x - ORIGIN, y - ORIGIN
    left, top, width, height = (_number(box, key) for key in ("left", "top", "width", "height"))
    return Marks(points, np.array([left, top, left + width - 1, top + height - 1]))


def _number(attributes: dict, key: str) -> float:
    """The attribute's value, NaN where it is missing or no number."""
    try:
        return float(attributes[key])
    except (KeyError, ValueError):
        return float("nan")


_WANTED = "<box> elements with <part> elements"
_LISTING = ListingFormat(FORMAT, ".xml", _begins_right, parse, "an XML file of dlib's imglab", _WANTED)
