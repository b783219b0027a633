"""The CSV of landmark boxes that takes the detector's place."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..geometry.boxes import FARTHEST

BOX_COLUMNS = ["file", "x0", "y0", "x1", "y1"]


@dataclass
class BoxTable:
    """boxes: landmark boxes float64 [N, 4] by the name in the file; refused: what is said of each row left out."""

    boxes: dict[str, np.ndarray] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def read_boxes(path: str | Path) -> BoxTable:
    """Landmark boxes from a CSV with the columns file, x0, y0, x1, y1 (pixels, a row per face).

    The first line may be the header. A row that is none is left out and named. Raises FileNotFoundError, or ValueError
    where the file is no CSV, or none of its rows a box.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected a CSV of boxes")
    found: dict[str, list[list[float]]] = {}
    table = BoxTable()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            for row in rows:
                if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == BOX_COLUMNS):
                    continue
                try:
                    found.setdefault(row[0].strip(), []).append(_box(row))
                except ValueError as error:
                    table.refused.append(f"{path} line {rows.line_num}: found {error}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: found no CSV text ({error}), expected columns {','.join(BOX_COLUMNS)}") from None
    table.boxes = {name: np.array(rows) for name, rows in found.items() if rows}
    if table.refused and not table.boxes:
        raise ValueError(table.refused[0])
    return table


def _box(row: list[str]) -> list[float]:
    if len(row) != len(BOX_COLUMNS):
        raise ValueError(f"{len(row)} columns, expected {','.join(BOX_COLUMNS)}")
    given = ",".join(row[1:])
    try:
        x0, y0, x1, y1 = box = [float(cell) for cell in row[1:]]
    except ValueError:
        raise ValueError(f"{given}, expected four numbers x0,y0,x1,y1") from None
    if not all(abs(number) <= FARTHEST for number in box):  # which NaN is not either
        raise ValueError(f"{given}, expected pixels from {-FARTHEST:.0f} to {FARTHEST:.0f}")
    if not (x1 - x0 >= 1 and y1 - y0 >= 1):
        raise ValueError(f"{given}, expected x0 < x1 and y0 < y1, at least a pixel apart")
    return box
