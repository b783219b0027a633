"""A contact sheet of what a set of records holds, as a person would check a data set."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np

from infer.draw import draw_faces
from infer.files.pictures import write_picture
from records import record
from records.drawing import points_in, sheet
from records.landmarks import Scheme
from records.shards import checked_manifest

FACES, COLUMNS = 24, 6


def preview(folder: Path, path: Path, number: int = 0) -> None:
    """Writes a picture of 24 training faces, read back from the shards, points drawn, the crop framed.

    number: which 24, counted from 0; nothing is written where there are no more.
    """
    manifest = checked_manifest(folder)
    scheme, context = manifest.scheme, manifest.context
    faces = itertools.islice(record.read(manifest.files(folder, "train")), number * FACES, (number + 1) * FACES)
    pictures = ((record.decode_image(face.image, manifest.encoding, context), face.label) for face in faces)
    tiles = [tile_of(image, label, scheme, context) for image, label in pictures]
    if tiles:
        write_picture(path, sheet(tiles, COLUMNS))


def tile_of(image: np.ndarray, label: np.ndarray, scheme: Scheme, context: int) -> np.ndarray:
    """The stored picture with its points by group and the frame of the crop; BGR uint8, same size."""
    tile = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if context:
        far = context + record.SIZE - 1
        cv2.rectangle(tile, (context, context), (far, far), (255, 255, 255), 1)
    return draw_faces(tile, [points_in(label, record.SIZE, context)], scheme.groups, scheme.lines)
