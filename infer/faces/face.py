"""What is found in a picture: a face's points, the box around them, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..geometry.boxes import OVERLAP, box_of
from ..geometry.candidates import suppressed
from .located import Located

HALF_SURE = 0.06  # mean error to be expected, of sqrt(width * height) of the box, with which a face is half sure


@dataclass(frozen=True)
class Face:
    """A found face: box (x0, y0, x1, y1), float32 [4], tight around points, float32 [K, 2]; pixels of the picture.

    score: how surely it is one, 0 to 1: by the detector, of whole pictures by the mirrored look; None for given boxes;
    errors: how far off each point is likely to be, float32 [K], pixels; None where the model does not tell.
    """

    box: np.ndarray
    points: np.ndarray
    score: float | None = None
    errors: np.ndarray | None = field(default=None, kw_only=True)

    @property
    def sure(self) -> float | None:
        """How sure the points are as a whole, 0 to 1, None without errors: h^2 / (h^2 + e^2), where e is the mean of
        the errors as a fraction of sqrt(width * height) of the box, and h is HALF_SURE."""
        if self.errors is None:
            return None
        width, height = np.maximum(self.box[2:].astype(np.float64) - self.box[:2], 1e-6)
        error = float(np.mean(self.errors, dtype=np.float64) / np.sqrt(width * height))
        return HALF_SURE**2 / (HALF_SURE**2 + error**2)


@dataclass(frozen=True)
class TrackedFace(Face):
    """A face of a video's frame; id: a number from 1 on, the same in every frame."""

    id: int = 0


def face_of(points: np.ndarray, score: float | None = None, errors: np.ndarray | None = None) -> Face:
    """The face of points [K, 2], with their errors [K]: the box is the tight one around them."""
    return Face(box_of(points).astype(np.float32), points, score, errors=errors)


def faces_of(located: Located, scores: Sequence[float | None] | None = None) -> list[Face]:
    """A face for each of those located in a picture, with its score where there are any."""
    count = len(located.points)
    errors = [None] * count if located.errors is None else located.errors
    scores = [None] * count if scores is None else scores
    return [face_of(*one) for one in zip(located.points, scores, errors, strict=True)]


def distinct_faces(faces: Sequence[Face]) -> list[Face]:
    """The faces, surest first, without those that are a surer one found again, as `suppressed` has it."""
    if not faces:
        return []
    boxes, points = (np.array([getattr(face, name) for face in faces], np.float64) for name in ("box", "points"))
    scores = np.array([face.score or 0.0 for face in faces])
    return [faces[index] for index in suppressed(boxes, points, scores, OVERLAP)]
