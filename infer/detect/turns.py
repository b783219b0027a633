"""Pictures turned by eighths of a circle, and what is found in them back in the picture as it was."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from ..geometry.candidates import Candidates
from ..geometry.rotations import rotation

CODES = {2: cv2.ROTATE_90_CLOCKWISE, 4: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Turn:
    """A turn of a picture [height, width, ...], clockwise by so many eighths, 0 to 7, about its middle.

    shape: of the picture; size: (width, height) of what shows all of it, turned.
    """

    def __init__(self, eighths: int, shape: tuple[int, ...]):
        self.eighths, self.angle = eighths, eighths * np.pi / 4
        width, height = shape[1], shape[0]
        self._turn = rotation(self.angle).round(12)  # so that quarters move whole pixels
        self.size = np.ceil((np.abs(self._turn) @ (width, height)).round(6)).astype(int)
        self._middle, self._place = (np.array([width, height]) - 1) / 2, (self.size - 1) / 2

    @cached_property
    def matrix(self) -> np.ndarray:
        """[2, 3] float64, from the picture's pixels (x, y) to those of the turned one."""
        return np.column_stack([self._turn, self._place - self._turn @ self._middle])

    def of(self, image: np.ndarray) -> np.ndarray:
        """The picture, turned; what is beyond it is black."""
        if self.eighths == 0:
            return image
        if self.eighths % 2 == 0:
            return cv2.rotate(image, CODES[self.eighths])
        return cv2.warpAffine(image, self.matrix, self.size.tolist(), flags=cv2.INTER_LINEAR)

    def back(self, found: Candidates) -> Candidates:
        """What was found in the turned picture, in pixels of the picture as it was; rolls too."""
        if self.eighths == 0:
            return found
        oriented = found.oriented.copy()
        oriented[:, :2] = self._points_back(oriented[:, :2])
        oriented[:, 4] = (oriented[:, 4] - self.angle + np.pi) % (2 * np.pi) - np.pi
        return Candidates(found.scores, oriented, self._points_back(found.five))

    def _points_back(self, points: np.ndarray) -> np.ndarray:
        return (points - self._place) @ self._turn + self._middle  # by the inverse, which is the transpose
