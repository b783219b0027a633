"""Errors of a submission to Kaggle's facial-keypoints-detection, against known answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from infer.kaggle.files import Asked
from records.landmarks import KAGGLE_15, KAGGLE_NAMES
from tools.kaggle.files import read_locations


def differences(submission: Path, solution: Path) -> dict[str, float]:
    """Submitted minus true location by RowId, pixels.

    Raises what `read_locations` raises, and ValueError unless both files have the same rows, at least one.
    """
    submitted, true = read_locations(submission), read_locations(solution)
    for where, found, others in ((submission, submitted, true), (solution, true, submitted)):
        missing = [row for row in others if row not in found]
        if missing:
            raise ValueError(f"{where}: found {len(found)} rows without RowId {missing[0]}, expected {len(others)}")
    if not true:
        raise ValueError(f"{solution}: found no row, expected RowId,Location")
    return {row: submitted[row] - value for row, value in true.items()}


def table(asked: list[Asked], found: dict[str, float]) -> str:
    """RMSE and MAE in Markdown. Raises ValueError for rows that the lookup table does not have."""
    rows = [row for row in asked if row.row in found]
    if len(rows) != len(found):
        raise ValueError(f"lookup table: found {len(rows)} of the {len(found)} rows, expected all of them")
    known = Counter(row.image for row in rows)
    full = [row for row in rows if known[row.image] == 2 * KAGGLE_15.count]
    partial = [row for row in rows if known[row.image] < 2 * KAGGLE_15.count]
    groups = {"all": rows, "faces with all 15 points": full, "other faces": partial}
    groups |= {name: [row for row in rows if row.feature[:-2] == name] for name in KAGGLE_NAMES}
    lines = ["| rows | locations | RMSE, px of 96 | MAE, px of 96 |", "|---|---|---|---|"]
    for name, chosen in groups.items():
        if chosen:
            values = np.array([found[row.row] for row in chosen])
            lines.append(
                f"| {name} | {len(chosen)} | {np.sqrt(np.square(values).mean()):.3f} | {np.abs(values).mean():.3f} |"
            )
    return "\n".join(lines)
