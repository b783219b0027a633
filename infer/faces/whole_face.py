"""Landmark boxes of whole faces' boxes, brow's hair to chin, as people draw them and most detectors answer them.

Where a landmark box lies in a whole face's is fitted on faces that have both: `whole_face.json`, which also says how
well it fits, is by `tools/fit_constants.py whole_face`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .constants import read_constants

CONSTANTS = Path(__file__).resolve().parents[1] / "whole_face.json"


@dataclass(frozen=True)
class WholeFace:
    """Where the landmark box lies in a whole face's: how far its centre is below that one's, part of the height, and
    its edges, parts of the whole face's. Heads are even, so that it lies to no side."""

    lower: float
    width: float
    height: float

    def landmark_boxes(self, whole: np.ndarray) -> np.ndarray:
        """As the module's."""
        edges = whole[:, 2:] - whole[:, :2]
        centres = (whole[:, :2] + whole[:, 2:]) / 2 + edges * (0, self.lower)
        halves = edges * (self.width / 2, self.height / 2)
        return np.concatenate([centres - halves, centres + halves], axis=1)


def landmark_boxes(whole: np.ndarray) -> np.ndarray:
    """The landmark boxes (x0, y0, x1, y1) of upright whole faces' [N, 4]: float64 [N, 4], same pixels."""
    return whole_face().landmark_boxes(whole)


@cache
def whole_face(path: Path = CONSTANTS) -> WholeFace:
    """The fitted constants. Raises as `read_constants` does."""
    return read_constants(path, "where landmark boxes lie in whole faces", "whole_face", _parsed)


def _parsed(data: dict) -> WholeFace:
    return WholeFace(*(float(data[name]) for name in ("lower", "width", "height")))
