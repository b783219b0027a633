"""A picture in all turns at once, small: tiles of a picture that one look sees, as training's scenes are tiled."""

from __future__ import annotations

import cv2
import numpy as np

from ..geometry.candidates import Candidates
from ..geometry.rotations import rotation
from .reduced import reduced
from .tones import stretched

TILE = 96  # pixels of the edges
ROW, TURNS = 4, 8  # tiles a row, and of all


def tiles_of(image: np.ndarray) -> np.ndarray:
    """The picture uint8 [height, width, 3] turned clockwise by 0 to 7 eighths of a circle, uint8 [2 TILE, 4 TILE, 3].

    About its middle, each as large as the picture fits a tile: by odd eighths its corners may fall away.
    """
    small = stretched(reduced(image, TILE).image)
    middle, place = (np.array(small.shape[1::-1]) - 1) / 2, (TILE - 1) / 2
    tiles = []
    for eighths in range(TURNS):
        turn = rotation(eighths * np.pi / 4)
        matrix = np.column_stack([turn, place - turn @ middle])
        tiles.append(cv2.warpAffine(small, matrix, (TILE, TILE), flags=cv2.INTER_LINEAR))
    return np.vstack([np.hstack(tiles[:ROW]), np.hstack(tiles[ROW:])])


def surest_in_tiles(seen: Candidates) -> np.ndarray:
    """The score of the surest thing seen in each of the tiles, by the eighths of its turn: float64 [8], 0 where there
    is none."""
    columns, rows = (seen.oriented[:, :2] // TILE).astype(np.intp).clip(0, (ROW - 1, TURNS // ROW - 1)).T
    surest = np.zeros(TURNS)
    np.maximum.at(surest, ROW * rows + columns, seen.scores)
    return surest
