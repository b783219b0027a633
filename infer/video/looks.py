"""What a followed face looks like, so that a cut to another face at the same place is noticed.

Two measures have to agree, each blind to what alarms the other: the fine detail of the face (its correlation bears a
change of light, not a quick turn of the head) and the colours (a turn leaves them alone, a flash does not). Thresholds
and what they give were measured: `tools/measure/cuts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..geometry.boxes import box_of
from ..geometry.crop import Crop

SIZE = 32  # pixels of the crop that is compared
MARGIN = 0.4  # of the box of the points, on every side: hair and surroundings count
SMOOTH = 4.0  # pixels of the crop: what is coarser is light, not detail
BINS = 16  # of each colour channel
FLAT = 1.0  # root mean square of the detail, grey levels: what has less has none that could differ
DETAIL = 0.98  # squared distance of details from which on it may be another face; 2 - 2 r of a correlation r
COLOURS = 0.94  # likeness of colours below which it may be another face
WEIGHT = 5.0  # of colours against detail, where both say how alike two looks are


@dataclass(frozen=True, eq=False)
class FaceLook:
    """detail: float32 [SIZE * SIZE] of norm 1, or less where it is flat; colours: float64 [3 * BINS] of norm 1."""

    detail: np.ndarray
    colours: np.ndarray

    def is_another(self, other: FaceLook) -> bool:
        """Whether this is another face than `other`, or none, where both were seen one shortly after the other."""
        apart = float(np.square(self.detail - other.detail).sum())
        return apart > DETAIL and float(self.colours @ other.colours) < COLOURS

    def likeness(self, other: FaceLook) -> float:
        """How alike two looks are: the details' correlation, and the colours' above or below what is usual.

        About 0.7 and more for a face and itself a little later, about 0 and less for two people.
        """
        return float(self.detail @ other.detail) + WEIGHT * (float(self.colours @ other.colours) - COLOURS)


def look_of(frame: np.ndarray, points: np.ndarray) -> FaceLook:
    """The look of the face with these points [K, 2] in a frame uint8 [height, width, 3] BGR."""
    x0, y0, x1, y1 = (float(value) for value in box_of(points))
    edge = max(x1 - x0, y1 - y0, 1.0)  # points may have fallen together
    crop = Crop(((x0 + x1) / 2, (y0 + y1) / 2), edge * (1 + 2 * MARGIN), SIZE).cut(frame)
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    detail = (grey - cv2.GaussianBlur(grey, (0, 0), SMOOTH)).ravel()
    detail -= detail.mean()
    return FaceLook(detail / max(float(np.linalg.norm(detail)), FLAT * SIZE), _colours(crop))


def _colours(crop: np.ndarray) -> np.ndarray:
    """Roots of the shares of each channel's bins: the product of two such is Bhattacharyya's coefficient."""
    places = crop.reshape(-1, 3).astype(np.intp) * BINS // 256 + np.arange(3) * BINS
    return np.sqrt(np.bincount(places.ravel(), minlength=3 * BINS) / places.size)
