"""Reader of CVAT's XML, "CVAT for images 1.1" (docs.cvat.ai, "XML annotation format"): any number of faces a picture.

    <annotations><image name="a.jpg" width="640" height="480">
      <skeleton label="face"><points label="1" outside="0" occluded="0" points="12.50,30.20"/> ... </skeleton>
      <points label="face" points="12.50,30.20;40.00,31.00; ..."/>
      <points label="nose" group_id="1" points="12.50,30.20"/> ...
    </image></annotations>

A face is a skeleton, several points in one shape, or single points of one group (those without a group are one). Labels
of points give the order (`labelled`), in a shape their places. A point that is `outside` is unknown, an occluded one is
a point. Of skeletons and shapes with different labels those with "face" in their label are taken. A box of the same
group is the face's. Pictures lie as their names say beside the XML file, or in `images` there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from records.split import source_of_picture
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.labelled import Labelled, LabelledListing, Place, by_label
from tools.read.listing import picture_named
from tools.read.marks import face_of, size_of
from tools.read.placing import Size
from tools.read.xml_events import Events, feed

FORMAT = "cvat"
# it draws the picture from (0, 0) to (width, height) and keeps where one clicks: the first pixel's centre is (0.5, 0.5)
ORIGIN = 0.5
CORNERS = ("xtl", "ytl", "xbr", "ybr")
FACE = "face"

_HEAD = 4096  # bytes to tell the format by
_FRAME = re.compile(r"frame_[0-9]+")  # its name for one of a video


def matches(path: Path) -> bool:
    """Whether it is an XML file, or a folder of such, that begins as `<annotations>`."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of an XML file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for one that is no XML, declares a DOCTYPE, is that of a
    video, has no face, or several kinds of skeletons and none of faces.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"<annotations" in stream.read(_HEAD).replace(b"\0", b"")  # the zeros of UTF-16


@dataclass
class _Found:
    """Points of one face as they stand in the file.

    kind: the label of the skeleton or shape that holds them, None for single points; group: its group, empty without
    one; points: label and "x,y" of each, an empty text where it is outside; listed: as `Labelled` has it.
    """

    kind: str | None
    group: str
    points: list[tuple[str, str]] = field(default_factory=list)
    listed: bool = False


def parse(file: Path) -> list[tuple[Path, Labelled]]:
    """The faces of an XML file, the picture's path with each, in its order. Raises ValueError."""
    images = _Images(file)
    feed(images, "that of CVAT for images")
    kinds = sorted({found.kind for image in images.found for found in image.faces if found.kind is not None})
    chosen = kinds if len(kinds) < 2 else [kind for kind in kinds if FACE in kind.lower()]
    if kinds and not chosen:
        raise ValueError(f"{file}: found skeletons or points {', '.join(kinds)}, expected one kind, or one of faces")
    faces = [(image, found) for image in images.found for found in image.faces if found.kind in (None, *chosen)]
    return [(image.picture, _face(found, image, file)) for image, found in faces]


@dataclass
class _Image:
    """A picture of the file, its size and video as this says, the faces in it, and boxes by their group."""

    picture: Path
    size: Size | None
    video: str | None
    faces: list[_Found] = field(default_factory=list)
    boxes: dict[str, list[dict[str, str]]] = field(default_factory=dict)


class _Images(Events):
    """Takes the parser's events and keeps the pictures."""

    def __init__(self, file: Path):
        super().__init__(file)
        self.found: list[_Image] = []
        self._open = self._in_source = False
        self._skeleton: _Found | None = None
        self._groups: dict[str, _Found] = {}  # single points of the open picture
        self._video = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        group = attributes.get("group_id", "")
        self._in_source = tag == "source" and not self.found
        if tag == "track":
            raise ValueError(f"{self.file}: found the <track> of a video, expected an export as CVAT for images")
        if tag == "image":
            self._open, self._groups = True, {}
            size = size_of(attributes.get("width"), attributes.get("height"))
            name = attributes.get("name", "")
            video = self._video.strip() if _FRAME.fullmatch(name) else None
            self.found.append(_Image(_picture(name, self.file.parent), size, video or None))
        elif self._open and tag == "skeleton":
            self._skeleton = _Found(attributes.get("label", ""), group)
            self.found[-1].faces.append(self._skeleton)
        elif self._open and tag == "points":
            self._take(attributes, group)
        elif self._open and tag == "box":
            self.found[-1].boxes.setdefault(group, []).append(attributes)

    def data(self, text: str) -> None:
        if self._in_source:
            self._video += text

    def end(self, tag: str) -> None:
        self._in_source = False
        if tag == "image":
            self._open = False
        elif tag == "skeleton":
            self._skeleton = None

    def _take(self, attributes: dict[str, str], group: str) -> None:
        """The points of a shape: those of a skeleton, several of a face, or a single one of a group."""
        label, faces = attributes.get("label", ""), self.found[-1].faces
        places = attributes.get("points", "").split(";")
        if self._skeleton is not None:
            self._skeleton.points.append((label, "" if attributes.get("outside") == "1" else ";".join(places)))
        elif len(places) > 1:
            faces.append(_Found(label, group, [(str(index), place) for index, place in enumerate(places)], True))
        else:
            if group not in self._groups:
                self._groups[group] = _Found(None, group)
                faces.append(self._groups[group])
            self._groups[group].points.append((label, places[0]))


def _picture(name: str, folder: Path) -> Path:
    """The picture of that name; frames of a video have no suffix in their names, and are exported as PNG."""
    names = [name] if Path(name).suffix else [f"{name}{suffix}" for suffix in (".png", ".PNG")]
    places = [picture_named(one, folder, folder / "images") for one in names]
    return next((place for place in places if place.is_file()), places[0])


def _face(found: _Found, image: _Image, file: Path) -> Labelled:
    what = found.kind if found.kind is not None else f"group {found.group or 'none'}"
    name = f"{file.name} {image.picture.name} {what}"
    source = source_of_picture(file.parent / image.video) if image.video else None
    try:
        points = by_label((label, _place(text)) for label, text in found.points)
    except BadSample as bad:
        return Labelled(name, source=source, fault=(bad.reason, f"{name}: {bad}"))
    grouped = found.group or found.kind is None  # what has no group is of one only with what needs one
    boxes = image.boxes.get(found.group, []) if grouped else []
    box = _box(boxes[0]) if len(boxes) == 1 else None
    return Labelled(name, points, found.listed, box, image.size, source)


def _place(text: str) -> Place:
    """The place "x,y", counted from 0; NaN for an empty text. Raises BadSample."""
    if not text:
        return np.nan, np.nan
    try:
        x, y = (float(number) - ORIGIN for number in text.split(","))
    except ValueError:
        raise BadSample("unreadable annotation", f"found the point {text[:40]!r}, expected x,y") from None
    return x, y


def _box(attributes: dict[str, str]) -> np.ndarray | None:
    try:
        return np.array([float(attributes[corner]) - ORIGIN for corner in CORNERS])
    except (KeyError, ValueError):
        return None


_WANTED = "<skeleton> or <points> elements in <image> elements"
_LISTING = LabelledListing(FORMAT, ".xml", _begins_right, parse, "an XML file of CVAT for images", _WANTED)
