"""A picture made smaller for a detector, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..geometry.candidates import Candidates


@dataclass(frozen=True)
class ReducedPicture:
    """A picture as a look has it: uint8 [height, width, 3] BGR, and its edges over those of the picture, (x, y)."""

    image: np.ndarray
    scale: np.ndarray

    @property
    def size(self) -> float:
        """The scale of lengths: the mean of both, which rounding to whole pixels keeps nearly alike."""
        return float(np.sqrt(self.scale.prod()))

    # pixel centres at whole numbers: a reduction maps the edges of the picture, not its first centres, onto each other
    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2] in pixels of the look -> in pixels of the picture."""
        return (points + 0.5) / self.scale - 0.5

    def found(self, seen: Candidates) -> Candidates:
        """Candidates in pixels of the look -> in pixels of the picture."""
        sizes = seen.oriented[:, 2:4] / self.size
        oriented = np.concatenate([self.to_picture(seen.oriented[:, :2]), sizes, seen.oriented[:, 4:]], axis=1)
        return Candidates(seen.scores, oriented, self.to_picture(seen.five))


def reduced(image: np.ndarray, side: float, most: float = 1.0) -> ReducedPicture:
    """The picture uint8 [height, width, 3] with a longest side of `side` pixels; a smaller one up to `most` times as
    large as it is.

    By halves first, then between pixels, as the scenes that detectors learn from are made: area averages by any other
    factor take OpenCV four to ten times as long. Of odd edges the last pixel falls away, less than one of the look.
    """
    halves, whole = 1, image
    while max(whole.shape[:2]) >= 2 * side and min(whole.shape[:2]) > 1:
        height, width = (edge // 2 for edge in whole.shape[:2])
        whole = cv2.resize(whole[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        halves *= 2
    height, width = whole.shape[:2]
    factor = min(most, side / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    look = whole if size == (width, height) else cv2.resize(whole, size, interpolation=cv2.INTER_LINEAR)
    return ReducedPicture(look, np.divide(size, (width, height)) / halves)
