"""Reader of Kaggle's facial-keypoints-detection: `training.csv`, or `training.zip` with it.

    left_eye_center_x,left_eye_center_y,...,mouth_center_bottom_lip_y,Image
    66.03,39.00,...,84.77,238 236 237 ...

96 x 96 grey values, row by row; an empty cell: unknown. Pixels are counted from 0.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from records.landmarks import KAGGLE_15, KAGGLE_NAMES
from tools.faces import BadSample, Face, Item
from tools.partial import Marks, checked_points, where
from tools.read_csv import header_of, lines_of, number, open_text

FORMAT = "kaggle"
SCHEMES = (KAGGLE_15,)
# measured on 119 real faces: their source pictures, scaled down and aligned to the 96x96 pixels, put the 0-based points
# within 0.001 px (median; spread 0.011) of the columns
ORIGIN = 0.0
EDGE = 96  # pixels
FACE = 1 / 1.3  # edge of the landmark box, of the picture's: measured 72 of 96 pixels (368 faces, median; 66 to 80)
COLUMNS = tuple(f"{name}_{axis}" for name in KAGGLE_NAMES for axis in "xy")
MEMBER = "training.csv"
BYTES = 1 << 30  # four times Kaggle's own training.csv

# what zipfile raises for damage, a password (RuntimeError) and a compression it does not know
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, csv.Error, OSError, EOFError, RuntimeError)


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
        with _open(file) as stream:
            items = [_item(file, dataset, index, row) for index, row in enumerate(_rows(stream, file), start=1)]
    except _DAMAGE as error:
        raise ValueError(f"{file}: found a damaged file ({error}), expected Kaggle's {MEMBER}") from None
    if not items:
        raise ValueError(f"{file}: found no row under the header, expected faces")
    return items


@contextmanager
def _open(file: Path) -> Iterator[TextIO]:
    """The CSV as text, out of its zip where it is in one; nothing is unpacked to the disk or held whole."""
    if file.suffix.lower() != ".zip":
        with open_text(file) as stream:
            yield stream
        return
    with zipfile.ZipFile(file) as archive, archive.open(_member(archive, file)) as member:
        yield io.TextIOWrapper(member, encoding="utf-8-sig", errors="replace", newline="")


def _member(archive: zipfile.ZipFile, file: Path) -> zipfile.ZipInfo:
    """Its `training.csv`, or its only CSV."""
    found = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
    named = [info for info in found if Path(info.filename).name == MEMBER] or found
    if len(named) != 1:
        raise ValueError(f"{file}: found {len(named)} CSV files in it, expected one, {MEMBER}")
    if named[0].file_size > BYTES:  # zipfile never reads beyond the size that the archive states
        raise ValueError(f"{file}: {named[0].filename} unpacks to {named[0].file_size} bytes, expected at most {BYTES}")
    return named[0]


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
        values = [number(cells[index].strip(), name) for index, name in zip(places, COLUMNS, strict=True)]
        points = np.array(values).reshape(-1, 2) - ORIGIN
        return Row(points, image=pixels_of(cells[image]))
    except ValueError as error:
        return Row(points, fault=("unreadable annotation", f"{place}: found {error}"))


def pixels_of(text: str) -> np.ndarray:
    """A picture written as 9,216 grey values, uint8 [96, 96]. Raises ValueError with what was found and expected."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy only warns where the text stops being numbers
        try:
            values = np.fromstring(text, np.int64, sep=" ")
        except (DeprecationWarning, ValueError):
            raise ValueError("pixels that are no whole numbers, expected grey values 0 to 255") from None
    if len(values) != EDGE * EDGE:
        raise ValueError(f"{len(values)} pixels, expected {EDGE * EDGE}")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"pixels from {values.min()} to {values.max()}, expected 0 to 255")
    return values.astype(np.uint8).reshape(EDGE, EDGE)


def _item(file: Path, dataset: str, index: int, row: Row) -> Item:
    subset = "full" if np.isfinite(row.points).all() else "partial"
    name = f"row{index:05d}"
    source = name if row.image is None else hashlib.sha256(row.image).hexdigest()[:16]
    return Item(dataset, subset, name, source, file, file, format=FORMAT, data=row)


def read(item: Item, points_key: str = "pts_2d") -> Face:
    """The face of a row, its picture grey in three channels; `points_key` changes nothing. Raises BadSample."""
    row = item.data
    if row.fault:
        raise BadSample(*row.fault)
    points = checked_points(row.points, where(item))
    image = cv2.cvtColor(row.image, cv2.COLOR_GRAY2BGR)
    return Face(image, points, whole_picture_box(*row.image.shape))


def whole_picture_box(height: int, width: int) -> np.ndarray:
    """The landmark box (x0, y0, x1, y1) that stands for a picture which is a face already, float64 [4].

    Such that the crop around it with the default margin of 0.15 is the picture's square, its whole 96 pixels; whatever
    the points, so that inference, which knows none, cuts as training did.
    """
    centre = np.array([width - 1, height - 1]) / 2
    half = max(height, width) * FACE / 2
    return np.concatenate([centre - half, centre + half])
