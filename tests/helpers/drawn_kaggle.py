"""A few drawn faces in the files of Kaggle's facial-keypoints-detection."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, box_of, picture_box
from infer.geometry.crop import Crop
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.drawn import draw_face, random_face
from tools.kaggle.files import write_test, write_training
from tools.read.kaggle import Row

COMMON = (0, 1, 10, 14)  # the points that every row has


def rows(count: int, seed: int = 8, full: int = 2) -> list[Row]:
    """So many faces, every `full`-th of them with all 15 points, the others with four."""
    rng = np.random.default_rng(seed)
    return [_row(rng, index % full == 0) for index in range(count)]


def _row(rng: np.random.Generator, is_full: bool) -> Row:
    points = random_face(rng)
    crop = Crop.around(box_of(points), 0.15, 96)
    image = cv2.cvtColor(crop.cut(draw_face(points, rng)), cv2.COLOR_BGR2GRAY)
    points = absolute_shape(convert(crop.to_fractions(points), IBUG_68, KAGGLE_15), picture_box(96, 96))
    if not is_full:
        points[[index for index in range(15) if index not in COMMON]] = np.nan
    return Row(points, image=image)


def write_set(folder: Path, training: int = 24, test: int = 5) -> Path:
    """training.csv, test.csv, IdLookupTable.csv and solution.csv in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_training(folder, rows(training))
    write_test(folder, rows(test, seed=9, full=3))
    return folder


def text_of(image) -> str:
    """A picture as Kaggle writes it: grey values, row by row."""
    return " ".join(map(str, np.asarray(image).ravel()))


def write(folder, *lines, name="test.csv"):
    """Writes the lines of a table; its path."""
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name
