"""The CSV of landmark boxes that takes the detector's place."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

BOX_COLUMNS = ["file", "x0", "y0", "x1", "y1"]


def read_boxes(path: str | Path) -> dict[str, np.ndarray]:
    """Landmark boxes from a CSV with the columns file, x0, y0, x1, y1 (pixels, a row per face): name -> float64 [N, 4].

    The first line may be the header. Raises FileNotFoundError or ValueError, which names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected a CSV of boxes")
    boxes: dict[str, list[list[float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            for row in rows:
                if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == BOX_COLUMNS):
                    continue
                boxes.setdefault(row[0].strip(), []).append(_box(row, f"{path} line {rows.line_num}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: found no CSV text ({error}), expected columns {','.join(BOX_COLUMNS)}") from None
    return {name: np.array(rows) for name, rows in boxes.items()}


def _box(row: list[str], where: str) -> list[float]:
    if len(row) != len(BOX_COLUMNS):
        raise ValueError(f"{where}: found {len(row)} columns, expected {','.join(BOX_COLUMNS)}")
    try:
        x0, y0, x1, y1 = (float(cell) for cell in row[1:])
    except ValueError:
        raise ValueError(f"{where}: found {','.join(row[1:])}, expected four numbers x0,y0,x1,y1") from None
    if not (np.isfinite([x0, y0, x1, y1]).all() and x0 < x1 and y0 < y1):
        raise ValueError(f"{where}: found {','.join(row[1:])}, expected x0 < x1 and y0 < y1")
    return [x0, y0, x1, y1]
