"""Reader of iBUG's `.pts` files (Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013).

`<NAME>.pts` next to `<NAME>.jpg`, `.png` ..., in any depth of folders; with the header or bare lines:

    version: 1
    n_points: 68
    {
    446.000 91.000
    ...
    }

The first pixel is (1, 1).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from infer.files.pictures import SUFFIXES
from records.landmarks import IBUG_68
from records.split import source_of_picture
from tools.read.face import BadSample, Face, Item
from tools.read.marks import Marks, face_of, subset_of

FORMAT = "pts"
ORIGIN = 1.0  # iBUG: the first pixel of a picture is (1, 1), as in MATLAB
BYTES = 1 << 16  # 68 points take 2 kilobytes

_HEADER = re.compile(r"(version|n_points)\s*:\s*(\d+)", re.IGNORECASE)


def matches(path: Path) -> bool:
    """Whether it is a folder with a `.pts` file somewhere in it; opens no file."""
    path = Path(path)
    return path.is_dir() and next(path.rglob("*.pts"), None) is not None


def find(folder: Path, dataset: str) -> list[Item]:
    """The faces of a folder and its subfolders (the subsets), sorted by key.

    A `.pts` file without a picture is kept, for `read` to name. Raises FileNotFoundError for a missing folder,
    ValueError where there is no `.pts` file, or a picture beside none of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected one with .pts files and pictures")
    files = sorted(folder.rglob("*"))
    rank = {suffix: index for index, suffix in enumerate(SUFFIXES)}
    pictures = [path for path in files if path.suffix.lower() in rank]
    pictures.sort(key=lambda path: rank[path.suffix.lower()], reverse=True)  # of two, a.jpg wins over a.png
    beside = {path.with_suffix(""): path for path in pictures}
    marks = [path for path in files if path.suffix.lower() == ".pts"]
    if not any(path.with_suffix("") in beside for path in marks):
        found = f"{len(marks)} .pts files and {len(pictures)} pictures"
        raise ValueError(f"{folder}: found {found}, expected <NAME>.pts next to a picture <NAME>.jpg or .png")
    items = [_item(folder, dataset, beside.get(path.with_suffix(""), path.with_suffix(".jpg")), path) for path in marks]
    return sorted(items, key=lambda item: item.key)


def _item(folder: Path, dataset: str, picture: Path, path: Path) -> Item:
    source = source_of_picture(picture)
    return Item(dataset, subset_of(path, folder), path.stem, source, picture, path, format=FORMAT)


def read(item: Item, points_key: str = "pts_2d") -> Face:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, Marks(read_points(item.annotation) - ORIGIN))


def read_points(path: Path) -> np.ndarray:
    """The points of a `.pts` file as they stand there (1-based), float64 [68, 2]; `nan`: unknown. Raises BadSample."""
    rows, count = [], None
    for number, line in enumerate(_text(path).splitlines(), start=1):
        line = line.strip()
        header = _HEADER.fullmatch(line)
        if header:
            count = int(header[2]) if header[1].lower() == "n_points" else count
        elif line not in ("", "{", "}"):
            rows.append(_row(line, f"{path.name} line {number}"))
    if count not in (None, IBUG_68.count):
        raise BadSample("wrong shape", f"{path.name}: n_points is {count}, expected {IBUG_68.count}")
    if len(rows) != IBUG_68.count:
        raise BadSample("wrong shape", f"{path.name}: found {len(rows)} points, expected {IBUG_68.count}")
    return np.array(rows, np.float64)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        raise BadSample("unreadable annotation", f"{path.name}: {error.strerror}, expected a .pts file") from None
    if len(data) > BYTES:
        raise BadSample("unreadable annotation", f"{path.name}: found over {BYTES} bytes, expected a .pts file")
    return data.decode("utf-8-sig", "replace")


def _row(line: str, place: str) -> tuple[float, float]:
    try:
        x, y = (float(word) for word in line.split())
    except ValueError:
        message = f"{place}: found {line[:40]!r}, expected two numbers x y"
        raise BadSample("unreadable annotation", message) from None
    return x, y
