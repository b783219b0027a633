"""How far shapes cover pixels: polygons and lines with antialiased edges, at a sixteenth of a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

SHIFT = 4  # bits after the point in the coordinates that OpenCV takes


def fill_polygons(cover: np.ndarray, polygons: Sequence[np.ndarray], value: int = 255) -> None:
    """Fill polygons [(N, 2)] in pixels with `value`, in place in `cover` uint8 (height, width)."""
    cv2.fillPoly(cover, [_fixed(polygon) for polygon in polygons], value, cv2.LINE_AA, SHIFT)


def stroke_lines(cover: np.ndarray, lines: Sequence[np.ndarray], width: int) -> None:
    """Draw open lines [(N, 2)] in pixels, `width` pixels wide, with 255, in place in `cover` uint8 (height, width)."""
    cv2.polylines(cover, [_fixed(line) for line in lines], False, 255, width, cv2.LINE_AA, SHIFT)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * 2**SHIFT).astype(np.int32).reshape(-1, 1, 2)
