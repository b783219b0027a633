"""Drawn faces with other points than 68, as CSV, and the commands that make a model of them."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import box_of
from tests.helpers.annotated import csv_header
from tests.helpers.drawn import draw_face, points_98, random_face

# of the 68, in no order that a scheme has, and of both eyes' corners one each: outer right, tip, chin, outer left, ...
SEVEN = (36, 30, 8, 45, 54, 19, 48)
SEVEN_FLIP = (3, 1, 2, 0, 6, 5, 4)  # but for the brow, which has no partner here


def seven_points(face: np.ndarray) -> np.ndarray:
    """Seven of a face's 68 points."""
    return face[list(SEVEN)]


def draw_listed(folder: Path, points_of=points_98, count: int = 12, seed: int = 6) -> Path:
    """A folder with so many pictures of a face each, faces.csv with their points and boxes.csv with their boxes."""
    folder.mkdir(parents=True)
    rng, rows, boxes = np.random.default_rng(seed), [], []
    for index in range(count):
        face, name = random_face(rng), f"photo_{index}.png"
        cv2.imwrite(str(folder / name), draw_face(face, rng))
        points = points_of(face.astype(np.float64))
        rows.append([name, *points.round(3).ravel()])
        boxes.append([name, *box_of(points).round(2)])
    write_rows(folder / "faces.csv", csv_header(len(points)).split(","), rows)
    (folder / "boxes").mkdir()
    write_rows(folder / "boxes" / "boxes.csv", ["file", "x0", "y0", "x1", "y1"], boxes)
    return folder


def write_rows(file: Path, header: list[str], rows: list[list]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
