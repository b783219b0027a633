"""Reader of dlib's XML (imglab): any number of faces a picture.

    <dataset><images><image file='a.jpg' width='640' height='480'>
      <box top='181' left='274' width='52' height='53'><part name='00' x='277' y='194'/> ... </box>
    </image></images></dataset>

Pictures are relative to the XML file. Parts may come in any order or be missing (unknown); their names give the order
(`labelled`). A box marked ignore='1' is skipped, and so is one without parts. The picture's size need not be there;
where it is, the points count in a picture of that size.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.labelled import Labelled, LabelledListing, Place, by_label
from tools.read.listing import picture_named
from tools.read.marks import face_of, size_of
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


def parse(file: Path) -> list[tuple[Path, Labelled]]:
    """The faces of an XML file, the picture's path with each, in its order; no tree is built. Raises ValueError."""
    faces = _Faces(file)
    feed(faces, "that of dlib's imglab")
    return faces.found


class _Faces(Events):
    """Takes the parser's events and keeps the faces."""

    def __init__(self, file: Path):
        super().__init__(file)
        self.found: list[tuple[Path, Labelled]] = []
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

    def _face(self, box: dict[str, str], parts: list[dict[str, str]], picture: str) -> Labelled:
        if picture == NO_FILE:
            message = f"{self.file.name}: found an <image> without a file, expected <image file='...'>"
            return Labelled(self.file.name, fault=("unknown picture", message))
        return replace(_labelled(box, parts, f"{self.file.name} {picture}"), size=self.size)


def _labelled(box: dict[str, str], parts: list[dict[str, str]], name: str) -> Labelled:
    try:
        points = by_label((part.get("name", ""), _place(part)) for part in parts)
    except BadSample as bad:
        return Labelled(name, fault=(bad.reason, f"{name}: {bad}"))
    left, top, width, height = (_number(box, key) for key in ("left", "top", "width", "height"))
    return Labelled(name, points, box=np.array([left, top, left + width - 1, top + height - 1]))


def _place(part: dict[str, str]) -> Place:
    """The place of a part, counted from 0. Raises BadSample where it has no numbers x and y."""
    x, y = _number(part, "x"), _number(part, "y")
    if not (math.isfinite(x) and math.isfinite(y)):
        found = f"part {part.get('name', '')[:40]!r} at {part.get('x')}, {part.get('y')}"
        raise BadSample("unreadable annotation", f"found {found}, expected numbers x and y")
    return x - ORIGIN, y - ORIGIN


def _number(attributes: dict, key: str) -> float:
    """The attribute's value, NaN where it is missing or no number."""
    try:
        return float(attributes[key])
    except (KeyError, ValueError):
        return math.nan


_WANTED = "<box> elements with <part> elements"
_LISTING = LabelledListing(FORMAT, ".xml", _begins_right, parse, "an XML file of dlib's imglab", _WANTED, upright=False)
