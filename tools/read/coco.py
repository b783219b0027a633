"""Reader of COCO's keypoint JSON, for categories of 68 points (cocodataset.org, "Data format").

    {"images": [{"id": 1, "file_name": "a.jpg"}],
     "annotations": [{"image_id": 1, "category_id": 1, "keypoints": [x0, y0, v0, x1, ...], "bbox": [x, y, w, h]}],
     "categories": [{"id": 1, "name": "face", "keypoints": ["0", ..., "67"]}]}

v = 0: unknown. Pictures are relative to the JSON file, or lie in a folder `images` beside it or beside its folder.
Annotations of crowds, of other categories and without a labelled point are left out.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68
from tools.read.face import Face, Item
from tools.read.listing import Entry, Listing
from tools.read.marks import Marks, face_of

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

    Raises FileNotFoundError for a missing file; ValueError for one that is no JSON, lacks COCO's lists or their fields,
    has no category of 68 points, or no labelled face.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> Face:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return any(f'"{key}"'.encode() in head for key in ("annotations", "categories", "file_name"))


def parse(file: Path) -> list[Entry]:
    """The faces of a JSON file, (picture, marks) each, in its order. Raises ValueError."""
    document = _document(file)
    try:
        wanted = _face_categories(document["categories"], file)
        pictures = {image["id"]: _picture(file.parent, image["file_name"]) for image in document["images"]}
        chosen = [entry for entry in document["annotations"] if entry["category_id"] in wanted and _labelled(entry)]
        return [(pictures[entry["image_id"]], _marks(entry, file)) for entry in chosen]
    except (KeyError, TypeError, AttributeError) as error:
        found = f"entries that are not COCO's ({type(error).__name__} {error})"
        raise ValueError(f"{file}: found {found}, expected the fields id, file_name, image_id, category_id") from None


def _document(file: Path) -> dict:
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: found malformed JSON ({error}), expected COCO keypoints") from None
    missing = [key for key in _KEYS if not isinstance(document, dict) or not isinstance(document.get(key), list)]
    if missing:
        raise ValueError(f"{file}: found no list {', '.join(missing)}, expected {', '.join(_KEYS)}")
    return document


def _face_categories(categories: list, file: Path) -> set:
    counts = {entry["id"]: len(entry.get("keypoints") or ()) for entry in categories}
    wanted = {number for number, count in counts.items() if count == IBUG_68.count}
    if not wanted:
        found = ", ".join(f"{entry.get('name')} of {counts[entry['id']]} keypoints" for entry in categories)
        raise ValueError(f"{file}: found categories {found or 'none'}, expected one of {IBUG_68.count} keypoints")
    return wanted


def _picture(folder: Path, name: str) -> Path:
    places = [folder / name, folder / "images" / name, folder.parent / "images" / name]
    try:
        return next((place for place in places if place.is_file()), places[0])
    except OSError:  # a name longer than the system allows
        return places[0]


def _labelled(entry: dict) -> bool:
    return bool(entry.get("keypoints")) and entry.get("num_keypoints") != 0 and entry.get("iscrowd") != 1


def _marks(entry: dict, file: Path) -> Marks:
    unknown = np.full((IBUG_68.count, 2), np.nan)
    values, count = _numbers(entry["keypoints"]), 3 * IBUG_68.count
    if values is None or values.shape != (count,):
        found = "no numbers" if values is None else f"{values.size} numbers"
        message = f"{file.name} annotation {entry.get('id')}: keypoints are {found}, expected {count} (x, y, v each)"
        return Marks(unknown, None, ("wrong shape", message))
    rows = values.reshape(-1, 3)
    points = np.where(rows[:, 2:] > 0, rows[:, :2] - ORIGIN, np.nan)
    box = _numbers(entry.get("bbox"))
    if box is None or box.shape != (4,):
        return Marks(points)
    return Marks(points, np.concatenate([box[:2], box[:2] + box[2:]]) - BOX_ORIGIN)


def _numbers(values) -> np.ndarray | None:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


_WANTED = f"annotations with {IBUG_68.count} keypoints, some of them labelled"
_LISTING = Listing(FORMAT, ".json", _begins_right, parse, "a COCO keypoint JSON", _WANTED)
