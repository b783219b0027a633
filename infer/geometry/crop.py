"""The square window that the network sees: one object moves the picture, its points and its boxes there and back.

Coordinates are pixels with pixel centres at whole numbers, x to the right, y down; a crop of N pixels covers the
picture from `centre - side / 2` to `centre + side / 2`, so its pixel j has its centre at the fraction (j + 0.5) / N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from .boxes import box_of
from .rotations import rotation

FILL = 0  # what stands outside the picture; the black wedges of 300W-LP's turned views look the same


@dataclass(frozen=True)
class Crop:
    """A square window of a picture.

    centre: (x, y) in pixels of the picture; side: its length in pixels of the picture, > 0; size: its length in pixels
    of the crop; angle: direction of its x axis in the picture, radians, clockwise as seen (y points down).
    """

    centre: tuple[float, float]
    side: float
    size: int = 128
    angle: float = 0.0

    def __post_init__(self):
        if not (np.isfinite(self.side) and self.side > 0 and np.isfinite(self.centre).all()):
            raise ValueError(f"crop: found centre {self.centre} and side {self.side}, expected finite and side > 0")

    @classmethod
    def around(cls, box, margin: float, size: int = 128, angle: float = 0.0) -> Crop:
        """The crop around a landmark box (x0, y0, x1, y1): its longer edge, and `margin` of it more on every side."""
        x0, y0, x1, y1 = (float(value) for value in box)
        edge = max(x1 - x0, y1 - y0)
        return cls(((x0 + x1) / 2, (y0 + y1) / 2), edge * (1 + 2 * margin), size, angle)

    @classmethod
    def of_oriented(cls, oriented, margin: float, size: int = 128) -> Crop:
        """The crop that stands as an oriented box (x, y, width, height, roll) does; upright where the roll is NaN."""
        x, y, width, height, roll = (float(value) for value in oriented)
        return cls((x, y), max(width, height) * (1 + 2 * margin), size, 0.0 if np.isnan(roll) else roll)

    @classmethod
    def upright(cls, points, angle: float, margin: float, size: int = 128) -> Crop:
        """The crop whose x axis points along `angle` (radians) and whose box, so turned, is tight around the points."""
        turn = rotation(angle)
        x0, y0, x1, y1 = box_of(np.asarray(points, np.float64) @ turn)
        centre = turn @ ((x0 + x1) / 2, (y0 + y1) / 2)
        return cls((float(centre[0]), float(centre[1])), max(x1 - x0, y1 - y0) * (1 + 2 * margin), size, angle)

    def shifted(self, shift: Sequence[float], margin: float) -> Crop:
        """The crop moved by (x, y) along its own axes, in edges of the box that it has so much margin around."""
        if not any(shift):
            return self
        x, y = self.centre + rotation(self.angle) @ shift * (self.side / (1 + 2 * margin))
        return replace(self, centre=(float(x), float(y)))

    def to_fractions(self, points) -> np.ndarray:
        """Pixels of the picture [..., 2] -> fractions of the crop's side [..., 2], float32; outside [0, 1] allowed."""
        turned = (np.asarray(points, np.float64) - self.centre) @ rotation(self.angle)
        return ((turned + self.side / 2) / self.side).astype(np.float32)

    def to_picture(self, fractions) -> np.ndarray:
        """Fractions of the crop's side [..., 2] -> pixels of the picture [..., 2], float32; undoes `to_fractions`."""
        turned = np.asarray(fractions, np.float64) * self.side - self.side / 2
        return (turned @ rotation(self.angle).T + self.centre).astype(np.float32)

    def cut(self, image: np.ndarray, context: int = 0) -> np.ndarray:
        """The crop's pixels, uint8 [size + 2 * context, same, ...] of a picture [height, width] or [height, width, C].

        `context` adds so many crop pixels of real surroundings on every side; the middle stays the same to the bit.
        Parts outside the picture are `FILL`. A picture more than twice as fine as the crop is averaged down first.
        """
        # no block larger than the picture: a damaged box of a million pixels must not cost gigabytes
        factor = max(1, min(int(self.side / self.size), *image.shape[:2]))
        x, y = self._sampling(context)
        part, left, top = _shrunk_part(image, (x.min(), y.min(), x.max(), y.max()), factor)
        if part is None:
            edge = self.size + 2 * context
            return np.full((edge, edge, *image.shape[2:]), FILL, image.dtype)
        x = (_places(x, factor) - left // factor).astype(np.float32)
        y = (_places(y, factor) - top // factor).astype(np.float32)
        x, y = (np.ascontiguousarray(places) for places in np.broadcast_arrays(x, y))
        return cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(FILL,) * 4)

    def _sampling(self, context: int) -> tuple[np.ndarray, np.ndarray]:
        """Picture coordinates of the crop's pixel centres: x and y, float64, which broadcast to [N, N]."""
        # the same arithmetic on the same whole numbers whatever the context, so that a wider crop has the same middle
        steps = ((np.arange(-context, self.size + context) + 0.5) / self.size - 0.5) * self.side
        if self.angle == 0:  # the usual case, a hundred times less arithmetic
            return (steps + self.centre[0])[None, :], (steps + self.centre[1])[:, None]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x = cos * steps[None, :] - sin * steps[:, None] + self.centre[0]
        y = sin * steps[None, :] + cos * steps[:, None] + self.centre[1]
        return x, y


def _places(coordinates: np.ndarray, factor: int) -> np.ndarray:
    """Coordinates of the picture in one averaged down by `factor`, rounded to 1/1024 pixel.

    Rounded, because what is taken off for the part's corner then takes no digits away: float32 holds the rest exactly,
    and remap sees the same fractions of a pixel whatever the corner, hence whatever the context.
    """
    return np.round(((coordinates + 0.5) / factor - 0.5) * 1024) / 1024


def _shrunk_part(image, bounds, factor: int):
    """The part of the picture within bounds (x0, y0, x1, y1), averaged over blocks of factor x factor, and its corner.

    Blocks lie on one grid counted from the picture's corner, so that the part's extent changes no value in it.
    Returns (None, 0, 0) where the picture and the bounds do not meet.
    """
    height, width = image.shape[:2]
    low = np.floor(np.array(bounds[:2]) / factor).astype(np.int64) - 2
    high = np.ceil(np.array(bounds[2:]) / factor).astype(np.int64) + 2
    left, top = np.maximum(low * factor, 0)
    right, bottom = np.minimum(high * factor, (width, height))
    if right <= left or bottom <= top:
        return None, 0, 0
    part = image[top:bottom, left:right]
    if factor == 1:
        return np.ascontiguousarray(part), left, top
    part = cv2.copyMakeBorder(part, 0, -part.shape[0] % factor, 0, -part.shape[1] % factor, cv2.BORDER_REPLICATE)
    small = (part.shape[1] // factor, part.shape[0] // factor)
    return cv2.resize(part, small, interpolation=cv2.INTER_AREA), left, top
