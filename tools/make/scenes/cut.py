"""From an item of a data set to a scene's picture and places: what the worker processes of make_scenes.py do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from infer.files.kinds import kind_of
from infer.files.pictures import decoded
from infer.geometry.boxes import picture_box
from tools.make.cut import COORDINATE, MIRRORED, encode_image, eyes_apart
from tools.make.workers import Work
from tools.read import scenes as readers
from tools.read.face import BadSample, Item, Remark
from tools.read.scene import AnnotatedScene, Places

KEPT = (".jpg", ".png", ".webp")  # kinds of files that go into records as they are


@dataclass(frozen=True)
class SceneSettings(Work):
    """How scenes are made: 300W-LP's key, pixels of a picture's longer side at most."""

    points: str
    longest: int

    def cut(self, item: Item) -> SceneCut:
        return cut_scene(item, self)


@dataclass(frozen=True, eq=False)
class SceneCut:
    """A scene: encoded picture, its size in pixels, the places of its faces, remarks of its reader."""

    image: bytes
    width: int
    height: int
    places: Places
    remarks: tuple[Remark, ...] = ()


def cut_scene(item: Item, settings: SceneSettings) -> SceneCut:
    """The scene of an item, its picture as the file has it where it is not too large. Raises BadSample."""
    scene = readers.read(item, settings.points)
    check_places(scene, item)
    small = reduced(scene, settings.longest)
    image = stored_bytes(item, small.image) or encode_image(small.image, "jpeg")
    height, width = small.image.shape[:2]
    return SceneCut(image, width, height, small.places, small.remarks)


def check_places(scene: AnnotatedScene, item: Item) -> None:
    """Raises BadSample for places that can't be right: a face that lies outside the picture, or with left and right
    exchanged."""
    box, five = scene.places.box, scene.places.five
    largest = max(np.nanmax(np.abs(places), initial=0) for places in (box, five, scene.places.ignore))
    if largest > COORDINATE:
        message = f"{item.key}: found a coordinate of {largest:.3g}, expected at most {COORDINATE:g}"
        raise BadSample("points far outside", message)
    x0, y0, x1, y1 = picture_box(*scene.image.shape[:2])
    seen = (box[:, :2] < (x1, y1)).all(axis=1) & (box[:, 2:] > (x0, y0)).all(axis=1)
    if not seen.all():
        found = box[~seen][0].round(1).tolist()
        raise BadSample("face outside the picture", f"{item.key}: the picture shows nothing of the face at {found}")
    spans = np.array([eyes_apart(one[0], one[1], one[3:].mean(axis=0)) for one in five])
    if (spans < -MIRRORED).any():
        found = f"eye span {np.nanmin(spans):.2f} of the face at {box[np.nanargmin(spans)].round(1).tolist()}"
        message = f"{item.key}: left and right are exchanged ({found}), expected over {-MIRRORED}"
        raise BadSample("mirrored order", message)


def reduced(scene: AnnotatedScene, longest: int) -> AnnotatedScene:
    """The scene with its picture's longer side at most so many pixels, all places with it."""
    height, width = scene.image.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return scene
    size = max(1, round(width * factor)), max(1, round(height * factor))
    image = cv2.resize(scene.image, size, interpolation=cv2.INTER_AREA)
    return replace(scene, image=image, places=scene.places.scaled(np.array(size) / (width, height)))


def stored_bytes(item: Item, image: np.ndarray) -> bytes | None:
    """What the picture's file holds, where that is a usual kind of picture and decodes, as stored, to this very image;
    else None: the picture was turned or reduced."""
    if item.picture == item.annotation:
        return None  # a table
    data = item.picture.read_bytes()
    if kind_of(data) not in KEPT:
        return None
    found = decoded(data, upright=False)
    return data if found is not None and np.array_equal(found, image) else None
