"""Reader of LabelMe's JSON, one file a picture (github.com/wkentaro/labelme): its shapes that are points.

    {"shapes": [{"label": "nose", "points": [[12.5, 30.2]], "group_id": 1, "shape_type": "point"}],
     "imagePath": "a.jpg", "imageHeight": 480, "imageWidth": 640}

Points of one `group_id` are a face, and so are those without any. Labels give the order (`labelled`). A rectangle of
the same group is the face's box; other shapes are left alone. Pictures are relative to the JSON file; `imageData` is
not read.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np

from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.labelled import Labelled, LabelledListing, Place, by_label
from tools.read.listing import picture_named
from tools.read.marks import face_of, size_of

FORMAT = "labelme"
# it draws the picture from (0, 0) to (width, height) and keeps where one clicks: the first pixel's centre is (0.5, 0.5)
ORIGIN = 0.5

_HEAD = 1 << 16  # bytes to tell the format by
_KEYS = ("shapes", "imagePath", "imageData")


def matches(path: Path) -> bool:
    """Whether it is a JSON object, or a folder of such, that begins with one of LabelMe's keys."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a JSON file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file, ValueError where no picture has a point.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return any(f'"{key}"'.encode() in head for key in _KEYS)


def parse(file: Path) -> list[tuple[Path, Labelled]]:
    """The faces of a picture, its path with each; a damaged file is one face with its fault."""
    try:
        document = json.loads(file.read_bytes())
        picture = picture_named(_text(document, "imagePath"), file.parent)
        groups = _groups(document["shapes"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"no {error}" if isinstance(error, KeyError) else str(error)
        message = f"{file.name}: found {found}, expected LabelMe's shapes and imagePath"
        return [(file.with_suffix(""), Labelled(file.name, fault=("unreadable annotation", message)))]
    size = size_of(document.get("imageWidth"), document.get("imageHeight"))
    faces = [_face(shapes, size, f"{file.name} group {group}") for group, shapes in groups.items()]
    return [(picture, face) for face in faces if face]


def _text(document: dict[str, Any], key: str) -> str:
    if not isinstance(document[key], str) or not document[key]:
        raise ValueError(f"{key} {str(document[key])[:40]!r}")
    return document[key]


def _groups(shapes: list[dict[str, Any]]) -> dict[Hashable, list[dict[str, Any]]]:
    groups: dict[Hashable, list[dict[str, Any]]] = {}
    for shape in shapes:
        groups.setdefault(json.dumps(shape.get("group_id")), []).append(shape)
    return groups


def _face(shapes: list[dict[str, Any]], size: tuple[float, float] | None, name: str) -> Labelled | None:
    """The face of a group; None for one without points."""
    points = [shape for shape in shapes if shape.get("shape_type") == "point"]
    if not points:
        return None
    try:
        places = by_label((str(shape.get("label")), _corners(shape, 1)[0]) for shape in points)
        boxes = [_corners(shape, 2) for shape in shapes if shape.get("shape_type") == "rectangle"]
    except BadSample as bad:
        return Labelled(name, fault=(bad.reason, f"{name}: {bad}"))
    box = np.array([np.min(boxes[0], axis=0), np.max(boxes[0], axis=0)]).ravel() if len(boxes) == 1 else None
    return Labelled(name, places, box=box, size=size)


def _corners(shape: dict[str, Any], count: int) -> list[Place]:
    """The points of a shape, counted from 0. Raises BadSample."""
    try:
        values = np.array(shape.get("points"), np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.zeros(0)
    if values.shape != (count, 2):
        found = f"{str(shape.get('points'))[:40]} of {str(shape.get('label'))[:40]!r}"
        raise BadSample("unreadable annotation", f"found points {found}, expected {count} of x and y")
    return [(float(x), float(y)) for x, y in values - ORIGIN]


_LISTING = LabelledListing(FORMAT, ".json", _begins_right, parse, "a JSON file of LabelMe", "shapes that are points")
