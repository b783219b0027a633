"""Reader of Pascal VOC's XML, one file a picture (Everingham et al., "The PASCAL Visual Object Classes", IJCV 2010).

    <annotation><filename>a.jpg</filename><size><width>640</width><height>480</height></size>
      <object><name>face</name><difficult>0</difficult>
        <bndbox><xmin>49</xmin><ymin>75</ymin><xmax>128</xmax><ymax>170</ymax></bndbox></object></annotation>

An object whose name has "face" or "mask" in it is a face, its box the whole face's, of which the landmark box follows
as `whole_face` has it. Difficult faces are ignored, and so are objects of other names: a person has a face, but nobody
says where. Pictures lie beside the XML file, or in `images` or `JPEGImages` there or beside its folder. Pixels are
counted from 1; where the size is named, boxes count in a picture of that size.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from infer.faces.whole_face import landmark_boxes
from tools.read.face import Remark
from tools.read.listing import picture_named
from tools.read.marks import size_of
from tools.read.scene import SceneListing, SceneMarks, unknown_five
from tools.read.xml_events import Events, feed

ORIGIN = 1.0  # VOC's first pixel is (1, 1)
BY = "box"  # who says so: hands, of the whole face
OTHERS = "objects of other names, ignored"
ANNOTATIONS = ("Annotations", "annotations")  # folders in a data set's
CORNERS = ("xmin", "ymin", "xmax", "ymax")

_FACES = ("face", "mask")
_PICTURES = ("images", "JPEGImages")
_HEAD = 4096  # bytes to tell the format by
_ROOT = re.compile(rb"<annotation[\s>]")  # CVAT's is <annotations>


class _Folders(SceneListing):
    def files(self, path: Path) -> list[Path]:
        """As `ListingFormat.files`, in a data set's folder of annotations too."""
        inside = [Path(path) / name for name in ANNOTATIONS if (Path(path) / name).is_dir()]
        return [file for place in (path, *inside) for file in super(_Folders, self).files(place)]


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        return _ROOT.search(stream.read(_HEAD).replace(b"\0", b"")) is not None  # the zeros of UTF-16


def parse(file: Path) -> list[tuple[Path, SceneMarks]]:
    """The picture of a file with what it says of it; a damaged file with its fault."""
    fields = _Fields(file)
    try:
        feed(fields, "that of Pascal VOC")
        return [(fields.picture(), _marks(fields))]
    except ValueError as error:
        return [(file.with_suffix(""), SceneMarks(fault=("unreadable annotation", str(error))))]


class _Fields(Events):
    """Keeps the texts of a picture, and those of each object, by their paths: `size/width`, `bndbox/xmin`."""

    def __init__(self, file: Path):
        super().__init__(file)
        self.texts: dict[str, str] = {}
        self.objects: list[dict[str, str]] = []
        self._path: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        if self._path[1:] == ["object"]:
            self.objects.append({})

    def data(self, text: str) -> None:
        inside = self._path[1:2] == ["object"]
        texts, name = (self.objects[-1] if inside else self.texts), "/".join(self._path[2 if inside else 1 :])
        texts[name] = texts.get(name, "") + text

    def end(self, tag: str) -> None:
        self._path.pop()

    def picture(self) -> Path:
        """The picture's path. Raises ValueError where none is named."""
        name = self.texts.get("filename", "").strip()
        if not name:
            raise ValueError(f"{self.file.name}: found no <filename>, expected a picture's")
        around = self.file.parent, self.file.parent.parent
        return picture_named(name, self.file.parent, *(folder / inside for folder in around for inside in _PICTURES))


def _marks(fields: _Fields) -> SceneMarks:
    """Raises ValueError for a box that is none."""
    names = [one.get("name", "").strip() for one in fields.objects]
    boxes = np.array([_box(one, fields.file.name) for one in fields.objects], np.float64).reshape(-1, 4)
    faces = np.array([any(word in name.lower() for word in _FACES) for name in names], bool)
    easy = np.array([one.get("difficult", "").strip() not in ("1", "true") for one in fields.objects], bool)
    size = size_of(fields.texts.get("size/width"), fields.texts.get("size/height"))
    found = landmark_boxes(boxes[faces & easy])
    others = Counter(name for name, face in zip(names, faces, strict=True) if not face)
    ignore = boxes[~(faces & easy)]
    return SceneMarks(
        found, unknown_five(len(found)), (BY,) * len(found), ignore, size, remarks=_remarks(others, fields)
    )


def _remarks(others: Counter[str], fields: _Fields) -> tuple[Remark, ...]:
    told = ", ".join(f"{count} {name or '(no name)'}" for name, count in sorted(others.items()))
    return ((OTHERS, f"{fields.file.name}: {told}"),) if told else ()


def _box(texts: dict[str, str], file: str) -> list[float]:
    """x0, y0, x1, y1 of an object, counted from 0. Raises ValueError."""
    try:
        return [float(texts[f"bndbox/{corner}"]) - ORIGIN for corner in CORNERS]
    except (KeyError, ValueError):
        found = {corner: texts.get(f"bndbox/{corner}") for corner in CORNERS}
        raise ValueError(f"{file}: found a <bndbox> of {found}, expected numbers") from None


READER = _Folders("voc", ".xml", _begins_right, parse, "an XML file of Pascal VOC", "<annotation> files")
