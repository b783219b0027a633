"""Reader of plain CSV: a row per face, a header that says which column is which.

    file,x0,y0,x1,y1,...,x67,y67        68 points, x0 to y14 for Kaggle's 15, or as many as a scheme of yours has
    a.jpg,12.5,30.25,,,...              an empty cell: this point is unknown

Pixels are counted from 0, centres at whole numbers; pictures are relative to the CSV file; several rows of a file are
several faces. Points count in the picture turned as its EXIF says, as this project's outputs do. Columns box_x0,
box_y0, box_x1, box_y1 (the landmark box, wanted where points are unknown) are read where they are there; others are
left alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from infer.files.tables import header_of, open_text, rows_of
from records.scheme import MOST, Scheme
from tools.read.face import AnnotatedFace, Item
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import Marks, face_of, number_of, scheme_of_count

FORMAT = "csv"
ORIGIN = 0.0  # this project's own format: as its outputs
BOX_COLUMNS = ("box_x0", "box_y0", "box_x1", "box_y1")


def matches(path: Path) -> bool:
    """Whether it is a CSV file, or a folder of such, whose header has the columns file, x0 and y0."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a CSV file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for a header without the columns of whole points, and where
    no row follows it.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with open_text(file) as stream:
        return {"file", "x0", "y0"} <= set(header_of(stream))


def parse(file: Path) -> list[Entry]:
    """The faces of a CSV file, (picture, marks) each, in its order. Raises ValueError."""
    with open_text(file) as stream:
        columns = header_of(stream)
        scheme = _scheme(columns, file)
        return [_entry(row, columns, scheme, file, line) for line, row in rows_of(stream, file)]


def _scheme(columns: list[str], file: Path) -> Scheme:
    """The scheme of as many points as the header has."""
    count = sum(1 for name in columns if name[:1] == "x" and name[1:].isdigit())
    if "file" not in columns or not 1 <= count <= MOST:
        found = f"{count} columns x0, x1, ...{'' if 'file' in columns else ' and no column file'}"
        raise ValueError(f"{file}: found {found}, expected file and pairs x0,y0,... of 1 to {MOST} points")
    scheme = scheme_of_count(count)
    missing = [name for name in _names(scheme) if columns.count(name) != 1]
    if missing:
        raise ValueError(f"{file}: found {columns.count(missing[0])} columns {missing[0]}, expected one")
    return scheme


def _names(scheme: Scheme) -> list[str]:
    return [f"{axis}{index}" for index in range(scheme.count) for axis in "xy"]


def _entry(row: list[str], columns: list[str], scheme: Scheme, file: Path, line: int) -> Entry:
    cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
    picture = picture_named(cells.get("file") or "(no file)", file.parent)
    points = np.full((scheme.count, 2), np.nan)
    try:
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells, expected {len(columns)}")
        if not cells["file"]:
            raise ValueError("an empty cell file, expected a picture")
        points = np.array([number_of(cells[name], name) for name in _names(scheme)]).reshape(-1, 2) - ORIGIN
        box = np.array([number_of(cells.get(name, ""), name) for name in BOX_COLUMNS])
        return picture, Marks(points, box, scheme=scheme, upright=True)
    except ValueError as error:
        fault = "unreadable annotation", f"{file.name} line {line}: found {error}"
        return picture, Marks(points, None, fault, scheme)


_WANTED = "a header file,x0,y0,... and a row per face"
_LISTING = ListingFormat(FORMAT, ".csv", _begins_right, parse, "a CSV with columns file,x0,y0,...", _WANTED)
