"""Reader of COCO's keypoint JSON, for categories of 68 points (cocodataset.org, "Data format").

    {"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
     "annotations": [{"image_id": 1, "category_id": 1, "keypoints": [x0, y0, v0, x1, ...], "bbox": [x, y, w, h]}],
     "categories": [{"id": 1, "name": "face", "keypoints": ["0", ..., "67"]}]}

v = 0: unknown. Pictures are relative to the JSON file, or lie in a folder `images` beside it or beside its folder.
Where the picture's size is named, the points count in a picture of that size. Annotations of other categories are left
out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import Marks, face_of, size_of
from tools.read.placing import Size

FORMAT = "coco"
# COCO's documentation: "0-indexed location x, y". Its keypoints are pixel indices (detectron2 adds half a pixel to them
# for that reason), so centres are at whole numbers; boxes are measured from the picture's edge, half a pixel before the
# first centre
ORIGIN = 0.0
BOX_ORIGIN = 0.5

_HEAD = 1 << 16  # bytes to tell the format by
_KEYS = ("images", "annotations", "categories")


def matches(path: Path) -> bool:
    """Whether it is a JSON object, or a folder of such, that begins with one of COCO's lists."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a JSON file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for one that is no JSON, lacks COCO's lists, has no category
    of 68 points, no face, or two pictures of one id.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return any(f'"{key}"'.encode() in head for key in ("annotations", "categories", "file_name"))


def parse(file: Path) -> list[Entry]:
    """The faces of a JSON file, (picture, marks) each, in its order; an odd one with its fault. Raises ValueError."""
    document = _document(file)
    faces, others = _categories(document["categories"], file)
    images = _by_id(document["images"], "image", lambda image: image.get("file_name"), file)
    entries = []
    for number, annotation in enumerate(document["annotations"], start=1):
        entry = annotation if isinstance(annotation, dict) else {}
        if _id(entry.get("category_id")) not in others:
            place = f"{file.name} annotation {entry.get('id', f'number {number}')}"
            entries.append(_entry(entry, faces, images, file.parent, place))
    return entries


def _document(file: Path) -> dict:
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: found malformed JSON ({error}), expected COCO keypoints") from None
    missing = [key for key in _KEYS if not isinstance(document, dict) or not isinstance(document.get(key), list)]
    if missing:
        raise ValueError(f"{file}: found no list {', '.join(missing)}, expected {', '.join(_KEYS)}")
    return document


def _id(value: object) -> str | None:
    """An id as text, for some tools write numbers and some text; None for what is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, int | str) else None


def _by_id(entries: list, what: str, meaning: Callable[[dict], object], file: Path) -> dict[str, dict]:
    """The entries by their ids; those without one are left out, for nothing can belong to them.

    Raises ValueError where two of one id differ in `meaning`: files were appended to each other, and nothing tells
    which of the two is meant.
    """
    found: dict[str, dict] = {}
    for entry in entries:
        number = _id(entry.get("id")) if isinstance(entry, dict) else None
        if number is None:
            continue
        first, again = (meaning(one) for one in (found.setdefault(number, entry), entry))
        if first != again:
            raise ValueError(f"{file}: found {what} id {number} twice ({first} and {again}), expected each id once")
    return found


def _categories(categories: list, file: Path) -> tuple[set[str], set[str]]:
    """The ids of the categories of 68 points, and those of the others."""
    known = _by_id(categories, "category", _count, file)
    counts = {number: _count(entry) for number, entry in known.items()}
    faces = {number for number, count in counts.items() if count == IBUG_68.count}
    if not faces:
        found = ", ".join(f"{known[number].get('name')} of {count} keypoints" for number, count in counts.items())
        raise ValueError(f"{file}: found categories {found or 'none'}, expected one of {IBUG_68.count} keypoints")
    return faces, set(counts) - faces


def _count(category: dict) -> int:
    return len(category["keypoints"]) if isinstance(category.get("keypoints"), list) else 0


def _entry(entry: dict, faces: set[str], images: dict[str, dict], folder: Path, place: str) -> Entry:
    """The picture of an annotation and what it says."""
    number = _id(entry.get("image_id"))
    image = images.get(number or "", {})
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        found = "has no file_name" if image else "is not among the images"
        fault = "unknown picture", f"{place}: image_id {entry.get('image_id')!r} {found}, expected a picture"
        return folder / f"image {number}", Marks(_UNKNOWN, None, fault)
    picture = picture_named(name, folder, folder / "images", folder.parent / "images")
    return picture, _marks(entry, faces, size_of(image.get("width"), image.get("height")), place)


def _marks(entry: dict, faces: set[str], size: Size | None, place: str) -> Marks:
    try:
        rows = _rows(entry, faces)
    except BadSample as bad:
        return Marks(_UNKNOWN, None, (bad.reason, f"{place}: {bad}"))
    points = np.where(rows[:, 2:] > 0, rows[:, :2] - ORIGIN, np.nan)
    box = _numbers(entry.get("bbox"))
    if box is None or box.shape != (4,):
        return Marks(points, size=size)
    return Marks(points, np.concatenate([box[:2], box[:2] + box[2:]]) - BOX_ORIGIN, size=size)


def _rows(entry: dict, faces: set[str]) -> np.ndarray:
    """x, y, v of each point, float64 [68, 3]. Raises BadSample without the name of the entry."""
    if _id(entry.get("category_id")) not in faces:
        raise BadSample("unknown category", f"category_id is {entry.get('category_id')!r}, expected one of the file's")
    if entry.get("iscrowd") in (1, "1"):
        raise BadSample("crowd", "iscrowd is 1, expected a single face")
    if not entry.get("keypoints") or entry.get("num_keypoints") in (0, "0"):
        found = "num_keypoints is 0" if entry.get("keypoints") else "found no keypoints"
        raise BadSample("no labelled point", f"{found}, expected a labelled face")
    values = _numbers(entry["keypoints"])
    if values is None or values.shape not in ((3 * IBUG_68.count,), (IBUG_68.count, 3)):
        found = "no numbers" if values is None else f"numbers of shape {values.shape}"
        expected = f"expected {3 * IBUG_68.count} in one list (x, y, v each)"
        raise BadSample("wrong shape", f"keypoints are {found}, {expected}")
    return values.reshape(-1, 3)


def _numbers(values) -> np.ndarray | None:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


_UNKNOWN = np.full((IBUG_68.count, 2), np.nan)
_WANTED = f"annotations with {IBUG_68.count} keypoints, some of them labelled"
_LISTING = ListingFormat(FORMAT, ".json", _begins_right, parse, "a COCO keypoint JSON", _WANTED)
