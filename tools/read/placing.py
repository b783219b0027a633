"""The picture of a face the way its annotation has it: turned or not, and where its points lie in it.

EXIF says how a picture is to be turned before it is looked at. Where a file names the picture's size, that decides,
unless both ways have it; else formats whose readers say so (`upright`) count in turned pictures, as own CSV and `.pts`
do, and all others in pictures as stored, with a remark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infer.files.pictures import read_picture
from tools.read.face import AUTO, STORED, UPRIGHT, BadSample, Item, Remark

TURNED, SCALED = "turned by EXIF, taken as stored", "resized after annotation, points scaled"
ROUNDING = 0.05  # of the edges' relation: a resized picture has whole pixels, which tells in very small ones

_EXIF = (b"Exif", b"eXIf", b"EXIF")  # how JPEG, PNG and WebP begin it
_TIFF = (b"II", b"MM")  # where it is a tag of the picture itself

Size = tuple[float, float]  # width, height


@dataclass(frozen=True, eq=False)
class Placed:
    """A picture uint8 [height, width, 3] BGR, and what leads annotated coordinates (0-based) into it.

    scale: float64 [2], x and y; remarks: what was done that one should know.
    """

    image: np.ndarray
    scale: np.ndarray
    remarks: tuple[Remark, ...] = ()

    def moved(self, coordinates: np.ndarray) -> np.ndarray:
        """Coordinates x, y, x, y ... along the last axis, [K, 2] or [4], where they lie in the picture."""
        if (self.scale == 1).all():
            return coordinates
        scale = np.resize(self.scale, coordinates.shape[-1])
        return ((coordinates + 0.5) * scale - 0.5).astype(coordinates.dtype)  # centres at whole numbers


def place(item: Item, size: Size | None = None, upright: bool = False) -> Placed:
    """The item's picture for points of one `size` pixels large, where it is known.

    upright: its points count in the turned picture, unless the size says otherwise. Raises BadSample for an unreadable
    picture, and for one of another shape than the annotated one.
    """
    image, remarks = _oriented(item, size, upright)
    scale, scaled = _scale(item, size, image)
    return Placed(image, scale, remarks + scaled)


def _oriented(item: Item, size: Size | None, upright: bool) -> tuple[np.ndarray, tuple[Remark, ...]]:
    stored = _read(item, False)
    if not _names_orientation(item):
        return stored, ()
    turned = _read(item, True)
    if np.array_equal(turned, stored):
        return stored, ()
    if item.orientation != AUTO:
        return {UPRIGHT: turned, STORED: stored}[item.orientation], ()
    fits = [size is not None and _same_shape(size, image) for image in (stored, turned)]
    if fits[0] != fits[1]:
        return (stored if fits[0] else turned), ()
    if upright:
        return turned, ()
    return stored, (
        (TURNED, f"{_name(item)}: found an EXIF rotation, and no size that tells whether points follow it"),
    )


def _read(item: Item, upright: bool) -> np.ndarray:
    try:
        return read_picture(item.picture, upright)
    except (ValueError, OSError) as error:
        raise BadSample("unreadable picture", str(error)) from None


def _names_orientation(item: Item) -> bool:
    """Whether EXIF may turn the picture; most have none, and need no second look."""
    data = item.picture.read_bytes()
    return data.startswith(_TIFF) or any(mark in data for mark in _EXIF)


def _scale(item: Item, size: Size | None, image: np.ndarray) -> tuple[np.ndarray, tuple[Remark, ...]]:
    if size is not None and item.orientation != AUTO and not _same_shape(size, image):
        size = size[::-1]  # who says how pictures lie says it against the size, too
    found = np.array(image.shape[1::-1], np.float64)
    if size is None or (found == size).all():
        return np.ones(2), ()
    words = f"{_name(item)}: found {found[0]:g}x{found[1]:g} pixels, expected {size[0]:g}x{size[1]:g} as annotated"
    if not _same_shape(size, image):
        raise BadSample("other picture size", words)
    return found / size, ((SCALED, words),)


def _same_shape(size: Size, image: np.ndarray) -> bool:
    """Whether a picture has that relation of width and height, as far as whole pixels tell."""
    found = np.array(image.shape[1::-1], np.float64)
    across, down = found / size
    return abs(across / down - 1) <= min(1 / min(*found, *size), ROUNDING)


def _name(item: Item) -> str:
    """The picture, the same words for all its faces."""
    return f"{item.dataset}/{item.subset}/{item.picture.name}"
