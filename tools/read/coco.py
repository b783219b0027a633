"""Reader of COCO's keypoint JSON, for categories of any points (cocodataset.org, "Data format").

    {"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
     "annotations": [{"image_id": 1, "category_id": 1, "keypoints": [x0, y0, v0, x1, ...], "bbox": [x, y, w, h]}],
     "categories": [{"id": 1, "name": "face", "keypoints": ["0", ..., "67"]}]}

v = 0: unknown. The category's names of keypoints give the order (`labelled`); where it names none, as many as most of
its annotations have. Of several categories with other keypoints that of faces is taken, by its name, or else that of
68; annotations of others are left out. Pictures are relative to the JSON file, or lie in a folder `images` beside it or
beside its folder. Where the picture's size is named, the points count in a picture of that size.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68
from records.scheme import MOST
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.labelled import Labelled, Order, order_of_list
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import face_of, size_of

FORMAT = "coco"
# COCO's documentation: "0-indexed location x, y". Its keypoints are pixel indices (detectron2 adds half a pixel to them
# for that reason), so centres are at whole numbers; boxes are measured from the picture's edge, half a pixel before the
# first centre
ORIGIN = 0.0
BOX_ORIGIN = 0.5

FACE = "face"

_HEAD = 1 << 16  # bytes to tell the format by
_KEYS = ("images", "annotations", "categories")


def matches(path: Path) -> bool:
    """Whether it is a JSON object, or a folder of such, that begins with one of COCO's lists."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a JSON file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for one that is no JSON, lacks COCO's lists, has no category
    of keypoints or several of which none is of faces, no face, or two pictures of one id.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return any(f'"{key}"'.encode() in head for key in ("annotations", "categories", "file_name"))


@dataclass(frozen=True)
class _FaceCategories:
    """The ids of a file's categories that are faces and of those that are not; the faces' keypoints: labels, order."""

    ids: set[str]
    others: set[str]
    labels: tuple[str, ...]
    order: Order


def parse(file: Path) -> list[Entry]:
    """The faces of a JSON file, (picture, marks) each, in its order; an odd one with its fault. Raises ValueError."""
    document = _document(file)
    faces = _faces(document, file)
    images = _by_id(document["images"], "image", lambda image: image.get("file_name"), file)
    entries = []
    for number, annotation in enumerate(document["annotations"], start=1):
        entry = annotation if isinstance(annotation, dict) else {}
        if _id(entry.get("category_id")) not in faces.others:
            place = f"{file.name} annotation {entry.get('id', f'number {number}')}"
            picture, face = _entry(entry, faces, images, file.parent, place)
            entries.append((picture, faces.order.marks(face, upright=False)))
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


def _faces(document: dict, file: Path) -> _FaceCategories:
    """Which categories are faces, and their keypoints. Raises ValueError where none is, or nothing tells which."""
    known = _by_id(document["categories"], "category", _count, file)
    usual = _usual_counts(document["annotations"])
    keypoints = {number: _keypoints(category, usual.get(number, 0)) for number, category in known.items()}
    ids = _alike(keypoints, {number: str(category.get("name")) for number, category in known.items()})
    if not ids or len(keypoints[min(ids)]) > MOST:
        each = (f"{known[number].get('name')} of {len(names)} keypoints" for number, names in keypoints.items())
        raise ValueError(
            f"{file}: found categories {', '.join(each) or 'none'}, expected one of a face's, {MOST} at most"
        )
    names = keypoints[min(ids)]
    order = order_of_list(names)
    return _FaceCategories(ids, set(known) - ids, names if set(names) <= set(order.labels) else order.labels, order)


def _alike(keypoints: dict[str, tuple[str, ...]], names: dict[str, str]) -> set[str]:
    """The categories of faces: all with keypoints where these are the same, else those so named, else those of 68."""
    kinds: tuple[Callable[[str], bool], ...] = (
        lambda _: True,
        lambda number: FACE in names[number].lower(),
        lambda number: len(keypoints[number]) == IBUG_68.count,
    )
    for fits in kinds:
        ids = {number for number in keypoints if keypoints[number] and fits(number)}
        if len({keypoints[number] for number in ids}) == 1:
            return ids
    return set()


def _keypoints(category: dict, usual: int) -> tuple[str, ...]:
    """The names of a category's keypoints; where it lists none, numbers for as many as its annotations have."""
    return tuple(map(str, category["keypoints"] if _count(category) else range(usual)))


def _count(category: dict) -> int:
    return len(category["keypoints"]) if isinstance(category.get("keypoints"), list) else 0


def _usual_counts(annotations: Sequence[object]) -> dict[str, int]:
    """How many points most annotations of each category have, by its id."""
    counts: dict[str, Counter[int]] = {}
    for entry in annotations:
        if not isinstance(entry, dict):
            continue
        values = _numbers(entry.get("keypoints"))
        if values is not None and values.size and values.size % 3 == 0:
            counts.setdefault(_id(entry.get("category_id")) or "", Counter())[values.size // 3] += 1
    return {number: each.most_common(1)[0][0] for number, each in counts.items()}


def _entry(
    entry: dict, faces: _FaceCategories, images: dict[str, dict], folder: Path, place: str
) -> tuple[Path, Labelled]:
    """The picture of an annotation and what it says."""
    number = _id(entry.get("image_id"))
    image = images.get(number or "", {})
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        found = "has no file_name" if image else "is not among the images"
        message = f"{place}: image_id {entry.get('image_id')!r} {found}, expected a picture"
        return folder / f"image {number}", Labelled(place, fault=("unknown picture", message))
    picture = picture_named(name, folder, folder / "images", folder.parent / "images")
    try:
        rows = _rows(entry, faces)
    except BadSample as bad:
        return picture, Labelled(place, fault=(bad.reason, f"{place}: {bad}"))
    pairs = zip(faces.labels, rows, strict=True)
    points = {label: (x - ORIGIN, y - ORIGIN) for label, (x, y, visible) in pairs if visible > 0}
    return picture, Labelled(place, points, box=_box(entry), size=size_of(image.get("width"), image.get("height")))


def _box(entry: dict) -> np.ndarray | None:
    box = _numbers(entry.get("bbox"))
    if box is None or box.shape != (4,):
        return None
    return np.concatenate([box[:2], box[:2] + box[2:]]) - BOX_ORIGIN


def _rows(entry: dict, faces: _FaceCategories) -> np.ndarray:
    """x, y, v of each point, float64 [K, 3]. Raises BadSample without the name of the entry."""
    if _id(entry.get("category_id")) not in faces.ids:
        raise BadSample("unknown category", f"category_id is {entry.get('category_id')!r}, expected one of the file's")
    if entry.get("iscrowd") in (1, "1"):
        raise BadSample("crowd", "iscrowd is 1, expected a single face")
    if not entry.get("keypoints") or entry.get("num_keypoints") in (0, "0"):
        found = "num_keypoints is 0" if entry.get("keypoints") else "found no keypoints"
        raise BadSample("no labelled point", f"{found}, expected a labelled face")
    values, count = _numbers(entry["keypoints"]), len(faces.labels)
    if values is None or values.shape not in ((3 * count,), (count, 3)):
        found = "no numbers" if values is None else f"numbers of shape {values.shape}"
        raise BadSample("wrong shape", f"keypoints are {found}, expected {3 * count} in one list (x, y, v each)")
    return values.reshape(-1, 3)


def _numbers(values) -> np.ndarray | None:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None


_WANTED = "annotations with keypoints, some of them labelled"
_LISTING = ListingFormat(FORMAT, ".json", _begins_right, parse, "a COCO keypoint JSON", _WANTED)
