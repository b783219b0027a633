"""A contact sheet of what a set of scenes holds, as a person would check a data set."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np

from infer.files.pictures import write_picture
from records.drawing import TRUE_COLOUR, draw_boxes, draw_points, in_tile, sheet
from records.manifest import SceneManifest
from records.scene import SceneRecord, decode_image, read
from records.shards import checked_set
from tools.make.preview import COLUMNS
from tools.make.preview import FACES as SCENES

EDGE = 320  # pixels of a tile, about the scenes that a detector is trained on
BOX_COLOUR, IGNORE_COLOUR = (0, 165, 255), (160, 160, 160)  # BGR


def preview(folder: Path, path: Path, number: int = 0) -> None:
    """Writes a picture of 24 training scenes, read back from the shards, with boxes, five points and what is ignored.

    number: which 24, counted from 0; nothing is written where there are no more.
    """
    files = checked_set(folder, SceneManifest).files(folder, "train")
    tiles = [tile_of(scene) for scene in itertools.islice(read(files), number * SCENES, (number + 1) * SCENES)]
    if tiles:
        write_picture(path, sheet(tiles, COLUMNS))


def tile_of(scene: SceneRecord) -> np.ndarray:
    """The scene, reduced or enlarged to a tile, all that it says drawn in: BGR uint8 [EDGE, EDGE, 3]."""
    scale = EDGE / max(scene.width, scene.height)
    picture = cv2.cvtColor(decode_image(scene.image), cv2.COLOR_RGB2BGR)
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for x0, y0, x1, y1 in scene.ignore * scale:
        cv2.rectangle(picture, (round(x0), round(y0)), (round(x1), round(y1)), IGNORE_COLOUR, 1)
    draw_boxes(picture, scene.oriented * [scale, scale, scale, scale, 1], BOX_COLOUR)
    draw_points(picture, scene.five.reshape(-1, 2) * scale, TRUE_COLOUR)
    return in_tile(picture, EDGE)
