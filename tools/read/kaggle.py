"""Reader of Kaggle's facial-keypoints-detection: `training.csv`, or `training.zip` with it.

    left_eye_center_x,left_eye_center_y,...,mouth_center_bottom_lip_y,Image
    66.03,39.00,...,84.77,238 236 237 ...

96 x 96 grey values, row by row; an empty cell: unknown. Pixels are counted from 0.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from infer.files.tables import DAMAGE, header_of, lines_of, open_table, open_text
from infer.kaggle.files import pixels_of, whole_picture_box
from records.landmarks import KAGGLE_15, KAGGLE_NAMES
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.marks import Marks, checked_points, number_of, where

FORMAT = "kaggle"
# measured on 119 real faces: their source pictures, scaled down and aligned to the 96x96 pixels, put the 0-based points
# within 0.001 px (median; spread 0.011) of the columns
ORIGIN = 0.0
COLUMNS = tuple(f"{name}_{axis}" for name in KAGGLE_NAMES for axis in "xy")
MEMBER = "training.csv"


@dataclass(frozen=True, eq=False)
class Row(Marks):
    """A row: its marks, and its picture, uint8 [96, 96] grey."""

    image: np.ndarray | None = None


def matches(path: Path) -> bool:
    """Whether it is a CSV with a column Image, a zip with a CSV in it, or a folder with `training.csv` or `.zip`."""
    path = Path(path)
    if path.is_dir():
        return _file(path) is not None
    if path.suffix.lower() == ".zip" and path.is_file():
        return zipfile.is_zipfile(path) and any(name.lower().endswith(".csv") for name in _names(path))
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with open_text(path) as stream:
        columns = header_of(stream)
    return "image" in columns and "file" not in columns


def _file(folder: Path) -> Path | None:
    places = (folder / name for name in (MEMBER, "training.zip"))
    return next((place for place in places if place.is_file()), None)


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []


def find(path: Path, dataset: str) -> list[Item]:
    """The rows of the file in its order, each with its points and picture (9 kilobytes); subsets "full" and "partial".

    The source is a hash of the pixels. Raises FileNotFoundError for a missing file; ValueError for one without the 30
    coordinates (`test.csv`), without rows, of over a gigabyte, or damaged.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file, expected Kaggle's training.csv or training.zip")
    file = _file(path) if path.is_dir() else path
    if file is None:
        raise FileNotFoundError(f"{path}: found no {MEMBER} and no training.zip, expected one of them")
    try:
        with open_table(file, MEMBER) as stream:
            items = [_item(file, dataset, index, row) for index, row in enumerate(_rows(stream, file), start=1)]
    except DAMAGE as error:
        raise ValueError(f"{file}: found a damaged file ({error}), expected Kaggle's {MEMBER}") from None
    if not items:
        raise ValueError(f"{file}: found no row under the header, expected faces")
    return items


def _rows(stream: TextIO, file: Path) -> Iterator[Row]:
    columns = header_of(stream)
    missing = [name for name in (*COLUMNS, "image") if name not in columns]
    if missing:
        kind = ", which is Kaggle's test set" if "imageid" in columns else ""
        found = f"{len(columns)} columns without {missing[0]}{kind}"
        raise ValueError(f"{file}: found {found}, expected {len(COLUMNS)} coordinates and Image, as in {MEMBER}")
    places, image = [columns.index(name) for name in COLUMNS], columns.index("image")
    for index, cells in enumerate(csv.reader(lines_of(stream, file)), start=1):
        if cells:
            yield _row(cells, places, image, f"{file.name} row {index}", len(columns))


def _row(cells: list[str], places: list[int], image: int, place: str, count: int) -> Row:
    """One row's marks and picture; what is wrong with it becomes its fault."""
    points = np.full((KAGGLE_15.count, 2), np.nan)
    try:
        if len(cells) != count:
            raise ValueError(f"{len(cells)} cells, expected {count}")
        values = [number_of(cells[index].strip(), name) for index, name in zip(places, COLUMNS, strict=True)]
        points = np.array(values).reshape(-1, 2) - ORIGIN
        return Row(points, scheme=KAGGLE_15, image=pixels_of(cells[image]))
    except ValueError as error:
        return Row(points, None, ("unreadable annotation", f"{place}: found {error}"), KAGGLE_15)


def _item(file: Path, dataset: str, index: int, row: Row) -> Item:
    subset = "full" if np.isfinite(row.points).all() else "partial"
    name = f"row{index:05d}"
    source = name if row.image is None else hashlib.sha256(row.image.tobytes()).hexdigest()[:16]
    return Item(dataset, subset, name, source, file, file, format=FORMAT, scheme=row.scheme, data=row)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of a row, its picture grey in three channels; `points_key` changes nothing. Raises BadSample."""
    row = item.data
    if row.fault:
        raise BadSample(*row.fault)
    points = checked_points(row.points, where(item))
    image = cv2.cvtColor(row.image, cv2.COLOR_GRAY2BGR)
    return AnnotatedFace(image, points, whole_picture_box(*row.image.shape), scheme=row.scheme)
