"""Reader of dlib's XML (imglab): any number of faces a picture.

    <dataset><images><image file='a.jpg'>
      <box top='181' left='274' width='52' height='53'><part name='00' x='277' y='194'/> ... </box>
    </image></images></dataset>

Pictures are relative to the XML file. Parts may come in any order or be missing (unknown). A box marked ignore='1' is
skipped, and so is one without parts.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from records.landmarks import IBUG_68
from tools.read.face import Face, Item
from tools.read.marks import Marks, face_of, items_of

FORMAT = "dlib"
SCHEMES = (IBUG_68,)
ORIGIN = 0.0  # dlib's pixels are counted from 0, their centres at whole numbers

_HEAD = 4096  # bytes to tell the format by


def matches(path: Path) -> bool:
    """Whether it is an XML file, or a folder of such, that begins as a `<dataset>`."""
    return bool(_files(path))


def _files(path: Path) -> list[Path]:
    path = Path(path)
    return [file for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path]) if _begins_right(file)]


def _begins_right(file: Path) -> bool:
    if file.suffix.lower() != ".xml" or not file.is_file():
        return False
    with file.open("rb") as stream:
        return b"<dataset" in stream.read(_HEAD).replace(b"\0", b"")  # the zeros of UTF-16


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of an XML file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for one that is no XML, declares a DOCTYPE, or has no face.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file, expected an XML file of dlib's imglab")
    files = _files(path) if path.is_dir() else [path]
    items = [item for file in files for item in items_of(parse(file), file, dataset, FORMAT)]
    if not items:
        raise ValueError(f"{path}: found no face with points, expected <box> elements with <part> elements")
    return sorted(items, key=lambda item: item.key)


def parse(file: Path) -> list[tuple[Path, Marks]]:
    """The faces of an XML file, (picture, marks) each, in its order; no tree is built. Raises ValueError."""
    faces = _Faces(file)
    parser = ElementTree.XMLParser(target=faces)
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 16):
                parser.feed(chunk)
        parser.close()
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"{file}: found malformed XML ({error}), expected that of dlib's imglab") from None
    return faces.found


def read(item: Item, points_key: str = "pts_2d") -> Face:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data, IBUG_68)


class _Faces:
    """Takes the parser's events and keeps the faces."""

    def __init__(self, file: Path):
        self.file, self.found = file, []
        self.picture = self.box = self.parts = None

    def doctype(self, name, public, system):
        # the standard library expands the entities that a DOCTYPE defines, a few lines to gigabytes; one refused as it
        # begins leaves none to expand, without the package defusedxml, which does no more here. imglab writes none
        raise ValueError(f"{self.file}: found a DOCTYPE, expected none (it could define entities without end)")

    def start(self, tag, attributes):
        if tag == "image":
            if not attributes.get("file"):
                raise ValueError(f"{self.file}: found an <image> without a file, expected <image file='...'>")
            self.picture = self.file.parent / attributes["file"].replace("\\", "/")  # imglab on Windows
        elif tag == "box" and self.picture is not None:
            self.box, self.parts = attributes, []
        elif tag == "part" and self.parts is not None:
            self.parts.append(attributes)

    def end(self, tag):
        if tag == "box" and self.parts:
            if self.box.get("ignore") != "1":
                self.found.append((self.picture, _marks(self.box, self.parts, f"{self.file.name} {self.picture.name}")))
            self.box = self.parts = None
        elif tag == "image":
            self.picture = self.box = self.parts = None


def _marks(box: dict, parts: list[dict], place: str) -> Marks:
    points = np.full((IBUG_68.count, 2), np.nan)
    seen = set()
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
