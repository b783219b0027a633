"""Files as Kaggle's facial-keypoints-detection has them: written, held out of its own, and the locations read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from infer.files.atomic import atomic_file
from infer.files.points import csv_line
from infer.files.tables import header_of, lines_of, open_text
from infer.kaggle.names import LOOKUP, TEST
from records.split import Split
from tools.read.kaggle import COLUMNS, MEMBER, Row, find

ANSWERS = "solution.csv"  # RowId,Location of the held-out rows: what a submission is scored against
TEST_FILES = (TEST, LOOKUP, ANSWERS)  # what `write_test` writes


def write_training(folder: Path, rows: Iterable[Row]) -> int:
    """Writes `training.csv`, atomically; how many rows it has."""
    count = 0
    with atomic_file(folder / MEMBER) as file:
        file.write(csv_line([*COLUMNS, "Image"]))
        for row in rows:
            count += 1
            cells = ["" if np.isnan(value) else f"{value:.6f}" for value in np.asarray(row.points, np.float64).ravel()]
            file.write(csv_line([*cells, _pixels(row)]))
    return count


def write_test(folder: Path, rows: Sequence[Row]) -> int:
    """Writes `test.csv`, `IdLookupTable.csv` and `solution.csv` of faces, each file atomically; how many locations.

    As Kaggle does it asks for the known points alone, and its answers stay in a file of their own.
    """
    asked = []
    with atomic_file(folder / TEST) as file:
        file.write(csv_line(["ImageId", "Image"]))
        for number, row in enumerate(rows, start=1):
            file.write(csv_line([number, _pixels(row)]))
            values = np.asarray(row.points, np.float64).ravel()
            asked += [(number, name, value) for name, value in zip(COLUMNS, values, strict=True) if np.isfinite(value)]
    with atomic_file(folder / LOOKUP) as file:
        file.write(csv_line(["RowId", "ImageId", "FeatureName", "Location"]))
        for row_id, (number, name, _) in enumerate(asked, start=1):
            file.write(csv_line([row_id, number, name, ""]))
    with atomic_file(folder / ANSWERS) as file:
        file.write(csv_line(["RowId", "Location"]))
        for row_id, (*_, value) in enumerate(asked, start=1):
            file.write(csv_line([row_id, f"{value:.6f}"]))
    return len(asked)


def hold_out(training: Path, out: Path, split: Split, overwrite: bool) -> tuple[int, int]:
    """Writes the files of the held-out rows; how many faces and locations.

    Raises ValueError where no row is held out, or where a file of these names is there and may not be replaced.
    """
    there = [name for name in TEST_FILES if (out / name).exists()]
    if there and not overwrite:  # they may be Kaggle's own
        raise ValueError(f"{out}: found {', '.join(there)}, expected another folder (--overwrite replaces them)")
    items = find(training, training.resolve().name)
    chosen = [item.data for item in items if split.side_of(item.source) == "test" and not item.data.fault]
    if not chosen:
        raise ValueError(
            f"{training}: found {len(items)} rows, none of them on the test side of {split.test_fraction:g}"
        )
    out.mkdir(parents=True, exist_ok=True)
    return len(chosen), write_test(out, chosen)


def read_locations(file: Path) -> dict[str, float]:
    """Location by RowId of a submission or `solution.csv`; blank lines are none.

    Raises FileNotFoundError, or ValueError for other columns, a cell that is no number, a RowId that comes twice, and
    text that is no CSV.
    """
    file = Path(file)
    if not file.is_file():
        raise FileNotFoundError(f"{file}: found no such file, expected columns RowId,Location")
    found: dict[str, float] = {}
    with open_text(file) as stream:
        header = header_of(stream)
        if not {"rowid", "location"} <= set(header):
            raise ValueError(f"{file}: found columns {','.join(header)}, expected RowId,Location")
        for line, cells in _rows_of(stream, file):
            name, value = (
                cells[header.index(key)] if len(cells) == len(header) else "" for key in ("rowid", "location")
            )
            if name in found or not _is_number(value):
                raise ValueError(
                    f"{file} line {line}: found {','.join(cells)[:60]!r}, expected a new RowId and a number"
                )
            found[name] = float(value)
    return found


def _rows_of(stream: TextIO, file: Path) -> Iterator[tuple[int, list[str]]]:
    """The number of its first line and the cells of each row under the header that is not blank."""
    reader, line = csv.reader(lines_of(stream, file)), 2
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 2
    except csv.Error as error:  # a quote that nothing closes, most often
        raise ValueError(f"{file} line {line}: found no row of a CSV ({error}), expected RowId,Location") from None


def _pixels(row: Row) -> str:
    """The grey values, row by row. Raises ValueError for a row that could not be read, which has none."""
    if row.image is None:
        raise ValueError(f"row to write: found {row.fault}, expected its picture")
    return " ".join(map(str, row.image.ravel().tolist()))


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
