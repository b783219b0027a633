"""How the head of an annotated face stands: its five points, and the box that leans as it does."""

from __future__ import annotations

import numpy as np

from infer.geometry.oriented import oriented_around, oriented_from, roll_of
from records.landmarks import IBUG_68, SCHEMES, convert, steps
from records.scheme import is_nameless
from tools.read.face import AnnotatedFace

FIVE = SCHEMES["mtfl5"]  # right eye, left eye, tip of the nose, right and left corner of the mouth


def five_of(face: AnnotatedFace) -> np.ndarray:
    """The five points of a face, float64 [5, 2], NaN where one that they follow from is unknown, or no scheme says."""
    if is_nameless(face.scheme) or steps(face.scheme, FIVE) is None:
        return np.full((FIVE.count, 2), np.nan)
    return convert(face.points.astype(np.float64), face.scheme, FIVE)


def oriented_of(face: AnnotatedFace) -> np.ndarray:
    """The box that stands as the head does, float64 [5] (x, y, width, height, roll): exact where all points are known,
    else from the upright one. Roll NaN: nobody knows."""
    roll = float(roll_of(five_of(face)))
    if steps(face.scheme, IBUG_68) is not None and np.isfinite(face.points).all():
        return oriented_around(convert(face.points, face.scheme, IBUG_68), roll)
    return oriented_from(face.box, [roll])[0]
