"""What a detector's cells say, in numbers: the arithmetic that training encodes with and inference decodes with.

A level of the network answers one row of numbers (`levels`) for each cell of its map; a cell looks at the face whose
centre lies in or near it, without anchors: Tian et al., "FCOS", ICCV 2019; Zhou et al., "Objects as Points", 2019
(CenterNet). Lengths are in the level's unit, so that all levels have to learn numbers of one size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .candidates import Candidates
from .levels import Level
from .oriented import roll_of

LARGEST = 6.0  # of a logarithm that is decoded: what is beyond is no length


def cell_centres(level: Level, height: int, width: int) -> np.ndarray:
    """Centres (x, y) of a map's cells in pixels, pixel centres at whole numbers: float32 [height, width, 2]."""
    return _centres(level, *np.indices((height, width))).astype(np.float32)


def decoded(maps: Sequence[np.ndarray], levels: Sequence[Level], least: float) -> Candidates:
    """The candidates of all maps, float [height, width, FIELDS], one a level, whose score is `least` and more, map by
    map."""
    chosen = [np.nonzero(cells[..., 0] >= least) for cells in maps]
    found = np.concatenate([cells[places] for cells, places in zip(maps, chosen, strict=True)]).astype(np.float64)
    places = np.concatenate([_centres(level, *cells) for cells, level in zip(chosen, levels, strict=True)])
    unit = np.repeat([level.unit for level in levels], [len(rows) for rows, _ in chosen])[:, None]
    # the places of the box's centre and of the five points
    points = places[:, None] + np.concatenate([found[:, 1:3], found[:, 5:]], axis=1).reshape(-1, 6, 2) * unit[:, None]
    sizes = np.exp(np.clip(found[:, 3:5], -LARGEST, LARGEST)) * unit
    five = points[:, 1:]
    return Candidates(found[:, 0], np.concatenate([points[:, 0], sizes, roll_of(five)[:, None]], axis=1), five)


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
