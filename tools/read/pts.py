"""Reader of iBUG's `.pts` files (Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013).

`<NAME>.pts` next to `<NAME>.jpg`, `.png` ..., in any depth of folders; the header may be missing, and comments begin
with `#` or `//`:

    version: 1
    n_points: 68
    {
    446.000 91.000
    ...
    }

All files of a set have as many points as most have. The first pixel is (1, 1). Points count in the picture turned as
its EXIF says, as this project's outputs do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68
from records.scheme import MOST, Scheme
from records.split import source_of_picture
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.folders import pictures_of
from tools.read.marks import Marks, face_of, scheme_of_count, subset_of

FORMAT = "pts"
ORIGIN = 1.0  # iBUG: the first pixel of a picture is (1, 1), as in MATLAB
BYTES = 1 << 20  # 68 points take 2 kilobytes

UNKNOWN_ROWS = "points -1 -1 or 0 0, taken as unknown"
UNKNOWN = ((-1, -1), (0, 0))  # what some tools write, in the file's coordinates, for a point that is not known

_HEADER = re.compile(r"(version|n_points)\s*:\s*(\d+)(\.\d*)?", re.IGNORECASE)
_COUNT = re.compile(r"^\s*n_points\s*:\s*(\d{1,9})\b", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"(#|//).*")
_BRACES = str.maketrans("{}", "  ")  # also on the line of n_points
_FURTHER = re.compile(r"(.+)_\d+")  # the name of a further face's file, as this project's --pts writes them


def matches(path: Path) -> bool:
    """Whether it is a folder with a `.pts` file somewhere in it; opens no file."""
    path = Path(path)
    return path.is_dir() and any(_is_pts(file) for file in path.rglob("*"))


def _is_pts(path: Path) -> bool:
    return path.suffix.lower() == ".pts"


def find(folder: Path, dataset: str) -> list[Item]:
    """The faces of a folder and its subfolders (the subsets), sorted by key.

    Their scheme is that of as many points as most files have. A `.pts` file without a picture is kept, for `read` to
    name. Raises FileNotFoundError for a missing folder, ValueError where there is no `.pts` file, or a picture beside
    none of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected one with .pts files and pictures")
    files = sorted(folder.rglob("*"))
    beside, marks = pictures_of(files), [path for path in files if _is_pts(path)]
    pictures = [_picture_of(path, beside) for path in marks]
    if not any(pictures):
        found = f"{len(marks)} .pts files and {len(beside)} pictures"
        raise ValueError(f"{folder}: found {found}, expected <NAME>.pts next to a picture <NAME>.jpg or .png")
    scheme = scheme_of_count(_usual_count(marks))
    items = [
        _item(folder, dataset, picture or path.with_suffix(".jpg"), path, scheme)
        for path, picture in zip(marks, pictures, strict=True)
    ]
    return sorted(items, key=lambda item: item.key)


def _picture_of(marks: Path, beside: dict[Path, Path]) -> Path | None:
    """The picture `a.jpg` of `a.pts`; of `a_2.pts`, where there is no `a_2.jpg`, that of `a.pts`."""
    stem, further = marks.with_suffix(""), _FURTHER.fullmatch(marks.stem)
    return beside.get(stem) or (beside.get(stem.with_name(further[1])) if further else None)


def _usual_count(files: Iterable[Path]) -> int:
    """How many points most of the files have; 68 where none is sound."""
    counts = Counter(filter(None, map(_count, files)))
    return counts.most_common(1)[0][0] if counts else IBUG_68.count


def _count(path: Path) -> int | None:
    """How many points a file has, as its header says or else by its rows; None for one that is none."""
    try:
        text = _text(path)
        said = _COUNT.search(text)
        count = int(said[1]) if said else len(_rows(text, path.name)[0])
    except BadSample:
        return None
    return count if 1 <= count <= MOST else None


def _item(folder: Path, dataset: str, picture: Path, path: Path, scheme: Scheme) -> Item:
    source = source_of_picture(picture)
    return Item(dataset, subset_of(path, folder), path.stem, source, picture, path, format=FORMAT, scheme=scheme)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    points, unknown = read_points(item.annotation, item.scheme.count)
    words = f"{item.key}: {unknown} of {len(points)}"
    remarks = ((UNKNOWN_ROWS, words),) if unknown else ()
    return face_of(item, Marks(points - ORIGIN, scheme=item.scheme, upright=True, remarks=remarks))


def read_points(path: Path, count: int) -> tuple[np.ndarray, int]:
    """The points of a `.pts` file as they stand there (1-based), float64 [count, 2], NaN: unknown, and how many rows
    say so as UNKNOWN has it. Raises BadSample, also where there are not as many."""
    rows, said = _rows(_text(path), path.name)
    expected = f"expected {count}, as most files of the set have"
    if said not in (None, count):
        raise BadSample("wrong shape", f"{path.name}: n_points is {said}, {expected}")
    if len(rows) != count:
        raise BadSample("wrong shape", f"{path.name}: found {len(rows)} points, {expected}")
    marked = [row in UNKNOWN for row in rows]
    return np.where(np.array(marked)[:, None], np.nan, np.array(rows, np.float64)), sum(marked)


def _rows(text: str, name: str) -> tuple[list[tuple[float, float]], int | None]:
    """The rows of a file's text, and the number of points that its header says, if any. Raises BadSample."""
    rows, count = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        line = _COMMENT.sub("", line).translate(_BRACES).strip()
        header = _HEADER.fullmatch(line)
        if header:
            count = int(header[2]) if header[1].lower() == "n_points" else count
        elif line:
            rows.append(_row(line, f"{name} line {number}"))
    return rows, count


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
