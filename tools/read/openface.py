"""Reader of OpenFace's CSV (Baltrusaitis et al., "OpenFace 2.0: Facial Behavior Analysis Toolkit", FG 2018).

    face, confidence, ..., x_0, x_1, ..., x_67, y_0, ..., y_67             of a picture: a row a face
    frame, face_id, timestamp, confidence, success, ..., x_0, ..., y_67    of a video, or a folder of pictures

68 points, which `-2Dfp` writes. The file's name says which picture: `a.csv` belongs to `a.jpg`; where it has a column
`frame`, to the folder `a`, whose first picture, by name, is frame 1. Either lies beside the CSV or beside its folder,
which OpenFace calls `processed`. Rows with `success` 0 are no faces. All frames of a video are one source.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from infer.files.kinds import SUFFIXES
from infer.files.tables import columns_of, open_text, rows_of
from records.landmarks import IBUG_68
from records.split import source_of_picture
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.folders import pictures_of
from tools.read.listing import Entry, ListingFormat
from tools.read.marks import Marks, face_of, number_of

FORMAT = "openface"
ORIGIN = 0.0  # its author: "(0,0) corresponds to top left corner"; it draws and samples as OpenCV counts pixels
POINTS = tuple(f"{axis}_{index}" for axis in "xy" for index in range(IBUG_68.count))
FRAME, SUCCESS = "frame", "success"

_UNKNOWN = np.full((IBUG_68.count, 2), np.nan)


def matches(path: Path) -> bool:
    """Whether it is a CSV file, or a folder of such, whose header has the columns confidence, x_0 and y_0."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a CSV file, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file; ValueError for a header without the 68 points, a sequence without its
    folder, and where no row follows the header.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with open_text(file) as stream:
        return {"confidence", "x_0", "y_0"} <= set(columns_of(stream))


def parse(file: Path) -> list[Entry]:
    """The faces of a CSV file, (picture, marks) each, in its order; an odd row with its fault. Raises ValueError."""
    with open_text(file) as stream:
        columns = columns_of(stream)
        wrong = [name for name in POINTS if columns.count(name) != 1]
        if wrong:
            raise ValueError(f"{file}: found {columns.count(wrong[0])} columns {wrong[0]}, expected one (-2Dfp)")
        frames = _frames(file) if FRAME in columns else None
        return [_entry(row, columns, frames, file, line) for line, row in rows_of(stream, file)]


def _frames(file: Path) -> list[Path]:
    """The pictures of a sequence, in its order. Raises ValueError where there is no folder of them."""
    folder = next((parent / file.stem for parent in _around(file) if (parent / file.stem).is_dir()), None)
    if folder is None:
        found = f"no folder {file.stem} beside it or its folder"
        raise ValueError(f"{file}: found {found}, expected one with the pictures of its frames")
    return list(pictures_of(folder.iterdir()).values())


def _picture(file: Path) -> Path:
    """The picture of a file of one; without one, where it would lie."""
    names = [f"{file.stem}{case}" for suffix in SUFFIXES for case in (suffix, suffix.upper())]
    places = (parent / name for parent in _around(file) for name in names)
    return next((place for place in places if place.is_file()), file.with_suffix(".jpg"))


def _around(file: Path) -> tuple[Path, Path]:
    return file.parent, file.absolute().parent.parent


def _entry(row: list[str], columns: list[str], frames: list[Path] | None, file: Path, line: int) -> Entry:
    """The picture of a row and what it says."""
    picture, place = file.with_suffix(""), f"{file.name} line {line}"
    source = None if frames is None else source_of_picture(file)
    try:
        if len(row) != len(columns):
            raise BadSample("unreadable annotation", f"{len(row)} cells, expected {len(columns)}")
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
        picture = _picture(file) if frames is None else _frame(frames, cells[FRAME])
        return picture, Marks(_points(cells), upright=True, source=source)
    except BadSample as bad:
        return picture, Marks(_UNKNOWN, fault=(bad.reason, f"{place}: found {bad}"), source=source)


def _frame(frames: list[Path], number: str) -> Path:
    """The picture of a frame, counted from 1. Raises BadSample."""
    if not number.isdecimal() or not 1 <= int(number[:9]) <= len(frames):
        raise BadSample("unknown picture", f"frame {number[:40]}, expected 1 to {len(frames)} as pictures are there")
    return frames[int(number[:9]) - 1]


def _points(cells: dict[str, str]) -> np.ndarray:
    """The points of a row, float64 [68, 2], counted from 0. Raises BadSample."""
    if cells.get(SUCCESS, "1") in ("0", ""):
        raise BadSample("not tracked", "success 0, expected a face")
    try:
        values = [number_of(cells[name], name) for name in POINTS]
    except ValueError as error:
        raise BadSample("unreadable annotation", str(error)) from None
    return np.array(values).reshape(2, -1).T - ORIGIN


_WANTED = "a header with x_0 to y_67 and a row per face"
_LISTING = ListingFormat(FORMAT, ".csv", _begins_right, parse, "a CSV of OpenFace", _WANTED)
