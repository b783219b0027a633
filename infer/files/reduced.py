"""Pictures of more pixels than the limit: decoded at a half, a quarter or an eighth, and points led back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .headers import checked_size, jpeg_orientation
from .kinds import kind_of
from .pictures import decode_picture, decoded, read_bytes

LIMIT = 400_000_000  # pixels of a JPEG that is read reduced: a progressive one is held whole, 3 bytes a pixel or more
FACTORS = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
MIRRORED = {2: (1, 0), 3: (1, 1), 4: (0, 1), 6: (1, 0), 7: (1, 1), 8: (0, 1)}  # EXIF orientation -> upright x, y


@dataclass(frozen=True, eq=False)
class Reduced:
    """A picture as it was decoded, and where its pixels lie in the full one.

    image: uint8 [height, width, 3] BGR, upright; shape: (height, width) of the full picture, upright; factor: full
    pixels to an edge of one of the image; start: (x, y), full pixels, where the image begins: at or before 0, because
    its last column and row may stand for less than a whole one, and be turned to the front.
    """

    image: np.ndarray
    shape: tuple[int, int]
    factor: int = 1
    start: tuple[int, int] = (0, 0)

    def full(self, points: ArrayLike) -> np.ndarray:
        """Points [..., 2] of the image in the full picture, float32; pixel centres at whole numbers in both."""
        return ((np.asarray(points, np.float64) + 0.5) * self.factor - 0.5 + self.start).astype(np.float32)

    def reduced(self, points: ArrayLike) -> np.ndarray:
        """Undoes `full`: points [..., 2] of the full picture in the image, float64."""
        return (np.asarray(points, np.float64) - self.start + 0.5) / self.factor - 0.5


def read_reduced(path: str | Path, limit: int) -> Reduced:
    """The picture of a file, upright, whole where it has no more pixels than the limit; a JPEG of more reduced.

    Raises as `read_picture` does; TooLarge for other kinds, and JPEGs beyond `LIMIT` or eight times the limit's edges.
    """
    path = Path(path)
    data = read_bytes(path)
    width, height = checked_size(path, data)
    factor = _factor(width, height, limit) if kind_of(data) == ".jpg" else None
    if factor is None:
        whole = decode_picture(data, path, limit=limit)
        return Reduced(whole, whole.shape[:2])
    image = decoded(data, flags=FACTORS[factor])
    if image is None:
        raise ValueError(f"{path}: found a damaged picture, expected one that decodes")
    return _placed(image, (width, height), factor, jpeg_orientation(data))


def _factor(width: int, height: int, limit: int) -> int | None:
    """The least reduction with which a picture fits the limit; None where it needs none, or none is enough."""
    if not limit < width * height <= max(limit, LIMIT):
        return None
    return next((factor for factor in FACTORS if -(-width // factor) * -(-height // factor) <= limit), None)


def _placed(image: np.ndarray, size: tuple[int, int], factor: int, orientation: int) -> Reduced:
    """The image of a picture stored with that size, (width, height), and turned as EXIF says."""
    width, height = size[::-1] if orientation >= 5 else size
    over = image.shape[1] * factor - width, image.shape[0] * factor - height
    x, y = MIRRORED.get(orientation, (0, 0))
    return Reduced(image, (height, width), factor, (-over[0] * x, -over[1] * y))
