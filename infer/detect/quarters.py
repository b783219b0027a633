"""Pictures by quarter turns, and what is found in them back in the picture as it was."""

from __future__ import annotations

import cv2
import numpy as np

from ..geometry.candidates import Candidates

CODES = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def quarter_turned(image: np.ndarray, quarters: int) -> np.ndarray:
    """The picture [height, width, C] turned clockwise by so many quarters, 0 to 3."""
    return image if quarters == 0 else cv2.rotate(image, CODES[quarters])


def turned_back(found: Candidates, quarters: int, shape: tuple[int, ...]) -> Candidates:
    """What was found in a picture of `shape` [height, width, ...] after it was turned: in its own pixels, rolls too."""
    if quarters == 0:
        return found
    oriented = found.oriented.copy()
    oriented[:, :2] = _points_back(oriented[:, :2], quarters, shape)
    rolls = oriented[:, 4] - quarters * np.pi / 2
    oriented[:, 4] = (rolls + np.pi) % (2 * np.pi) - np.pi
    return Candidates(found.scores, oriented, _points_back(found.five, quarters, shape))


def _points_back(points: np.ndarray, quarters: int, shape: tuple[int, ...]) -> np.ndarray:
    """Points [..., 2] of the turned picture in pixels of the picture as it was."""
    x, y, right, bottom = points[..., 0], points[..., 1], shape[1] - 1, shape[0] - 1
    places = {1: (y, bottom - x), 2: (right - x, bottom - y), 3: (right - y, x)}
    return np.stack(places[quarters], axis=-1)
