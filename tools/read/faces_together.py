"""Scenes of landmark sets: the faces of one picture together. Box, roll and five points follow from the points.

People whom a set does not annotate stand in such a scene without a word: a set that names all of a picture's faces
teaches a detector more.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from infer.geometry.boxes import distinct
from tools.read import formats
from tools.read.face import BadSample, Item
from tools.read.scene import AnnotatedScene, Places
from tools.read.standing import five_of, oriented_of

BY = "points"  # who says so of such a face
SAME = 0.8  # of the union of two boxes: one face, annotated twice


def grouped(items: Iterable[Item]) -> list[Item]:
    """An item for each picture, `data` its faces' items; a picture that lies there in copies, as 300-W has one for each
    of its faces, is one."""
    pictures: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        in_table = item.picture == item.annotation
        pictures[item.dataset, item.subset, item.key if in_table else item.picture].append(item)
    return [_scene(faces) for faces in _without_copies(list(pictures.values()))]


def _without_copies(pictures: Sequence[list[Item]]) -> list[list[Item]]:
    """The faces of pictures, those of a source whose files hold the same bytes together."""
    kept: dict[Hashable, list[list[Item]]] = defaultdict(list)
    for faces in pictures:
        size = _size(faces[0])
        alike = kept[faces[0].dataset, faces[0].source, size]
        same = next((others for others in alike if size and _same(faces[0], others[0])), None)
        if same:
            same.extend(faces)
        else:
            alike.append(faces)
    return [faces for alike in kept.values() for faces in alike]


def _size(item: Item) -> int | None:
    """Bytes of an item's picture; None for one that is missing or lies in a table, which has no copies."""
    try:
        return None if item.picture == item.annotation else item.picture.stat().st_size
    except (OSError, ValueError):
        return None


def _same(item: Item, other: Item) -> bool:
    return item.mirrored == other.mirrored and filecmp.cmp(item.picture, other.picture, shallow=False)


def _scene(faces: list[Item]) -> Item:
    first = faces[0]
    name = first.name if first.picture == first.annotation else first.picture.stem
    further = tuple(file for face in faces[1:] for file in face.files)
    return replace(first, name=name, data=tuple(faces), further=further)


def read(item: Item, points_key: str) -> AnnotatedScene:
    """The scene of an item that `grouped` made. Raises BadSample where one of its faces is none: it would stand in the
    picture as background."""
    faces = [formats.read(face, points_key) for face in item.data]
    sizes = {face.image.shape for face in faces}
    if len(sizes) > 1:
        raise BadSample("other picture size", f"{item.name}: found sizes {sorted(sizes)}, expected one picture")
    five = np.array([five_of(face) for face in faces])
    oriented = np.array([oriented_of(face) for face in faces])
    box = np.array([face.box for face in faces], np.float64)
    single = distinct(box, SAME)
    remarks = tuple(dict.fromkeys(remark for face in faces for remark in face.remarks))
    by = (BY,) * len(single)
    places = Places(oriented[single], box[single], five[single], by, np.zeros((0, 4)))
    return AnnotatedScene(faces[0].image, places, remarks)
