"""Kaggle's facial-keypoints-detection: faces as text in `test.csv`, and the submission of what a network says of them.

    ImageId,Image                                test.csv, or test.zip with it: 96 x 96 grey values, row by row
    RowId,ImageId,FeatureName,Location           IdLookupTable.csv: which coordinate of which face each row asks for
    RowId,Location                               a submission: pixels of the 96, counted from 0

https://www.kaggle.com/c/facial-keypoints-detection/data
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.atomic import atomic_file
from ..files.points import csv_line
from ..files.tables import DAMAGE, header_of, lines_of, open_table
from .names import LOOKUP, TEST

EDGE = 96  # pixels
FACE = 1 / 1.3  # edge of the landmark box, of the picture's: measured 72 of 96 pixels (368 faces, median; 66 to 80)
TEST_COLUMNS, LOOKUP_COLUMNS = ("imageid", "image"), ("rowid", "imageid", "featurename")


@dataclass(frozen=True)
class Asked:
    """A row of the lookup table: its id, the face's id, and a point's name with its axis, `nose_tip_x`."""

    row: str
    image: str
    feature: str


def whole_picture_box(height: int, width: int) -> np.ndarray:
    """The landmark box (x0, y0, x1, y1) that stands for a picture which is a face already, float64 [4].

    Such that the crop around it with the default margin of 0.15 is the picture's square, its whole 96 pixels; whatever
    the points, so that inference, which knows none, cuts as training did.
    """
    centre = np.array([width - 1, height - 1]) / 2
    half = max(height, width) * FACE / 2
    return np.concatenate([centre - half, centre + half])


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


def read_faces(file: Path) -> Iterator[tuple[str, np.ndarray | str]]:
    """Id and picture, uint8 [96, 96] grey, of each row of `test.csv` or `test.zip`; for a bad row what is wrong.

    Raises FileNotFoundError for a missing file, ValueError for one without the two columns, without rows, with an id
    twice, or damaged.
    """
    seen: set[str] = set()
    for cells, place in _rows(file, TEST, TEST_COLUMNS):
        if cells["imageid"] in seen:
            raise ValueError(f"{place}: found ImageId {cells['imageid']} again, expected each once")
        seen.add(cells["imageid"])
        try:
            yield cells["imageid"], pixels_of(cells["image"])
        except ValueError as error:
            yield cells["imageid"], f"{place}: found {error}"


def read_lookup(file: Path) -> list[Asked]:
    """The rows of `IdLookupTable.csv`. Raises as `read_faces` does."""
    return [Asked(*(cells[name] for name in LOOKUP_COLUMNS)) for cells, _ in _rows(file, LOOKUP, LOOKUP_COLUMNS)]


def _rows(file: Path, member: str, columns: Sequence[str]) -> Iterator[tuple[dict[str, str], str]]:
    """The named cells of each row, stripped, and the row's place for messages; the first must not be empty."""
    file, count = Path(file), 0
    if not file.is_file():
        raise FileNotFoundError(f"{file}: found no such file, expected Kaggle's {member}")
    try:
        with open_table(file, member) as stream:
            header = header_of(stream)
            missing = [name for name in columns if name not in header]
            if missing:
                raise ValueError(f"{file}: found no column {missing[0]}, expected {', '.join(columns)} as in {member}")
            for count, row in enumerate(filter(None, csv.reader(lines_of(stream, file))), start=1):
                if len(row) != len(header):
                    raise ValueError(f"{file} row {count}: found {len(row)} cells, expected {len(header)}")
                yield {name: row[header.index(name)].strip() for name in columns}, f"{file.name} row {count}"
    except DAMAGE as error:
        raise ValueError(f"{file}: found a damaged file ({error}), expected Kaggle's {member}") from None
    if not count:
        raise ValueError(f"{file}: found no row under the header, expected those of {member}")


def default_lookup(file: Path) -> Path:
    """`IdLookupTable.csv` beside the test set."""
    return Path(file).with_name(LOOKUP)


def locations(asked: Sequence[Asked], points: dict[str, np.ndarray], names: Sequence[str]) -> list[float]:
    """The coordinate that each row asks for, in pixels, clipped to 0..96.

    points: float [K, 2] of each face by its id; names: of the K points. Raises ValueError for a face that is not there,
    and as `check_features` does.
    """
    check_features(asked, names)
    columns, answers = _columns(names), []
    for row in asked:
        if row.image not in points:
            raise ValueError(f"{LOOKUP} row {row.row}: found ImageId {row.image}, expected one of {TEST}")
        answers.append(float(np.clip(points[row.image][columns[row.feature]], 0, EDGE)))
    return answers


def check_features(asked: Sequence[Asked], names: Sequence[str]) -> None:
    """Raises ValueError for a row that asks for a point which is none of those names."""
    columns = _columns(names)
    for row in asked:
        if row.feature not in columns:
            raise ValueError(
                f"{LOOKUP} row {row.row}: found {row.feature}, expected of the model's {len(names)} points: "
                f"{', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"
            )


def _columns(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Feature -> where it stands in points [K, 2]."""
    return {f"{name}_{axis}": (index, place) for index, name in enumerate(names) for place, axis in enumerate("xy")}


def write_submission(path: Path, asked: Sequence[Asked], values: Sequence[float]) -> None:
    """Writes RowId,Location, atomically."""
    with atomic_file(path) as file:
        file.write(csv_line(["RowId", "Location"]))
        for row, value in zip(asked, values, strict=True):
            file.write(csv_line([row.row, f"{value:.4f}"]))
