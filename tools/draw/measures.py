"""Measures of the drawn head: its outline, the grid of its skin, which of the 68 points are what.

Head coordinates are millimetres, origin in the middle of the head at the height of the nose's tip: x to the right of
the picture, y up, z out of the face towards the viewer.
"""

from __future__ import annotations

import numpy as np

ROWS, COLS = 78, 100  # the skin's grid: about 3 mm a cell on the face
JAW, BROWS, NOSE, EYES, LIPS = slice(0, 17), slice(17, 27), slice(27, 36), slice(36, 48), slice(48, 68)
# Outline of the head as seen from the front, crown to chin, with the depth of its horizontal sections (all in mm):
# half width, height, then z of the middle line in front (no nose, no lips), of the widest place, of the back.
OUTLINE = np.array(
    [
        (1, 140, 8, 0, -10),
        (42, 131, 62, 0, -62),
        (66, 108, 92, 2, -88),
        (75, 76, 105, 7, -100),
        (74.5, 46, 107, 14, -98),
        (71.5, 18, 106, 20, -92),
        (70, -1, 109, 22, -84),
        (67, -19, 110, 24, -74),
        (63.5, -35, 106, 28, -60),
        (57.5, -53, 102, 36, -30),
        (48.5, -67, 100, 50, 15),
        (37, -77, 98, 68, 50),
        (21, -84.5, 95, 84, 76),
        (1, -88, 91, 90, 89),
    ],
    np.float64,
)
CHIN_ROW = OUTLINE.shape[0] - 1
JAW_KNOTS = np.arange(5, CHIN_ROW + 1)  # the knots where jaw points 0 to 8 sit


def smooth_step(start: float, end: float, values: np.ndarray) -> np.ndarray:
    """float64 of the shape of `values`: 0 at `start`, 1 at `end` (either may be the larger), smooth between them."""
    t = np.clip((np.asarray(values, np.float64) - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)
