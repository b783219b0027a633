"""What is found in a picture: a face's points, the box around them, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..geometry.boxes import box_of, distinct


@dataclass(frozen=True)
class Face:
    """A found face: box (x0, y0, x1, y1), float32 [4], tight around points, float32 [K, 2]; pixels of the picture.

    score: how surely it is one, 0 to 1: by the detector, of whole pictures by the mirrored look; None for given boxes.
    """

    box: np.ndarray
    points: np.ndarray
    score: float | None = None


@dataclass(frozen=True)
class TrackedFace(Face):
    """A face of a video's frame; id: a number from 1 on, the same in every frame."""

    id: int = 0


def face_of(points: np.ndarray, score: float | None = None) -> Face:
    """The face of points [K, 2]: the box is the tight one around them."""
    return Face(box_of(points).astype(np.float32), points, score)


def distinct_faces(faces: Sequence[Face]) -> list[Face]:
    """The faces, surest first, without those that are a surer one found again."""
    faces = sorted(faces, key=lambda face: -(face.score or 0.0))
    return [faces[index] for index in distinct(np.array([face.box for face in faces]).reshape(-1, 4))]
