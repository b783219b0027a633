"""Drawn faces as Kaggle's facial-keypoints-detection has them: grey pictures of 96x96, some with four points only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from infer.kaggle.files import EDGE
from records.landmarks import IBUG_68, KAGGLE_15, KAGGLE_NAMES, convert
from records.split import Split, hash_fraction
from tools.kaggle.files import write_test, write_training
from tools.read import w300lp
from tools.read.face import Item
from tools.read.kaggle import Row

MARGIN = 0.15  # around the landmark box, about as in Kaggle's pictures
FULL = 0.31  # part of the rows with all 15 points, as in Kaggle's training.csv; the others have these
COMMON = ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")


def write_files(faces: Path, folder: Path, split: Split) -> None:
    """training.csv, test.csv, IdLookupTable.csv and solution.csv of a drawn set; test rows have all points."""
    folder.mkdir(parents=True, exist_ok=True)
    write_training(folder, rows_of(faces_on("train", faces, split)))
    write_test(folder, list(rows_of(faces_on("test", faces, split), full=1)))


def faces_on(side: str, faces: Path, split: Split) -> list[Item]:
    """The faces of a drawn set on one side of the split, "train" or "test"."""
    return [item for item in w300lp.find(faces, faces.name) if split.side_of(item.source) == side]


def rows_of(items: Sequence[Item], full: float = FULL) -> Iterator[Row]:
    """The faces as rows: grey pictures of 96x96 around each, a part `full` of them with all 15 points."""
    common = np.isin(KAGGLE_NAMES, COMMON)
    for item in items:
        face = w300lp.read(item, "pts_2d")
        crop = Crop.around(face.box, MARGIN, EDGE)
        fractions = convert(crop.to_fractions(face.points), IBUG_68, KAGGLE_15)
        points = absolute_shape(fractions, picture_box(EDGE, EDGE))
        if hash_fraction(f"full {item.key}") >= full:
            points[~common] = np.nan
        yield Row(points, image=cv2.cvtColor(crop.cut(face.image), cv2.COLOR_BGR2GRAY))
