"""What a detector's cells say, in numbers: the arithmetic that training encodes with and inference decodes with.

A level of the network answers one row of numbers (`levels`) for each cell of its map; a cell looks at the face whose
centre lies in or near it, without anchors: Tian et al., "FCOS", ICCV 2019; Zhou et al., "Objects as Points", 2019
(CenterNet). Lengths are in the level's unit, so that all levels have to learn numbers of one size.
"""

from __future__ import annotations

import numpy as np

from .candidates import Candidates
from .levels import Level
from .oriented import roll_of

LARGEST = 6.0  # of a logarithm that is decoded: what is beyond is no length


def cell_centres(level: Level, height: int, width: int) -> np.ndarray:
    """Centres (x, y) of a map's cells in pixels, pixel centres at whole numbers: float32 [height, width, 2]."""
    return _centres(level, *np.indices((height, width))).astype(np.float32)


def decoded(cells: np.ndarray, level: Level, least: float) -> Candidates:
    """The candidates of a map, float [height, width, FIELDS], whose score is `least` and more, in no order."""
    chosen = np.nonzero(cells[..., 0] >= least)
    rows, places = cells[chosen].astype(np.float64), _centres(level, *chosen)
    centres = places + rows[:, 1:3] * level.unit
    sizes = np.exp(np.clip(rows[:, 3:5], -LARGEST, LARGEST)) * level.unit
    five = places[:, None] + rows[:, 5:].reshape(-1, 5, 2) * level.unit
    oriented = np.concatenate([centres, sizes, roll_of(five)[:, None]], axis=1)
    return Candidates(rows[:, 0], oriented, five)


def encoded(oriented: np.ndarray, five: np.ndarray, places: np.ndarray, level: Level) -> np.ndarray:
    """Fields 1 to 14 of cells at places [N, 2], each of its face: oriented [N, 5], five [N, 5, 2]; float32 [N, 14].

    Undoes `decoded`; unknown (NaN) points stay NaN.
    """
    centres = (oriented[:, :2] - places) / level.unit
    points = (five - places[:, None]) / level.unit
    return np.concatenate([centres, np.log(oriented[:, 2:4] / level.unit), points.reshape(-1, 10)], 1).astype(
        np.float32
    )


def _centres(level: Level, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The centres (x, y) of cells at rows and columns of a map, float64 [..., 2]."""
    return (np.stack([columns, rows], axis=-1) + 0.5) * level.stride - 0.5
