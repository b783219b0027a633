"""What may be faces, as a detector answers: oriented boxes, how sure it is of each, five points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .oriented import boxes_around, oriented_from

INSIDE = 0.7  # parts of a face that look like small ones lie in it by more; faces one before the other do not


@dataclass(frozen=True, eq=False)
class Candidates:
    """What may be faces: scores float64 [N], 0 to 1; oriented float64 [N, 5] as `oriented` has it; five float64
    [N, 5, 2], NaN where unknown; all in pixels of one picture."""

    scores: np.ndarray
    oriented: np.ndarray
    five: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def boxes(self) -> np.ndarray:
        """The upright boxes (x0, y0, x1, y1) around them, float64 [N, 4]."""
        return boxes_around(self.oriented)

    def chosen(self, which: ArrayLike) -> Candidates:
        """Those of the indices, in their order, or where a mask is true."""
        which = np.asarray(which)
        which = which if which.dtype == bool else which.astype(np.intp)  # an empty list is of floats
        return Candidates(self.scores[which], self.oriented[which], self.five[which])

    def moved(self, shift: ArrayLike) -> Candidates:
        """Those of a part that begins at the pixel `shift` (x, y) of a picture, in the picture's pixels."""
        oriented = np.concatenate([self.oriented[:, :2] + shift, self.oriented[:, 2:]], axis=1)
        return Candidates(self.scores, oriented, self.five + shift)

    def surest(self, count: int) -> Candidates:
        """The `count` with the highest scores, surest first."""
        return self.chosen(np.argsort(-self.scores, kind="stable")[:count])

    def distinct(self, overlap: float) -> Candidates:
        """Those that overlap no surer one by more than `overlap` of their union, surest first."""
        return self.chosen(suppressed(self.boxes, self.scores, overlap))


def candidates_of(boxes: ArrayLike, scores: ArrayLike, rolls: ArrayLike = 0.0) -> Candidates:
    """Candidates of upright boxes (x0, y0, x1, y1) [N, 4] alone, of scores [N]; rolls: [N] or one for all."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    oriented = oriented_from(boxes, np.broadcast_to(np.asarray(rolls, np.float64), len(boxes)))
    return Candidates(np.asarray(scores, np.float64).reshape(-1), oriented, np.full((len(boxes), 5, 2), np.nan))


def together(several: Sequence[Candidates]) -> Candidates:
    """All of them, one after the other; none of none."""
    parts = several or [candidates_of([], [])]
    return Candidates(*(np.concatenate([getattr(one, key) for one in parts]) for key in ("scores", "oriented", "five")))


def suppressed(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Indices of the boxes (x0, y0, x1, y1) [N, 4] that overlap no better one by more than `overlap` of the union, and
    of which none lies in a better one, or around it, by more than `INSIDE` of the smaller.

    Best first by the scores [N], which are any numbers > 0. Non-maximum suppression as OpenCV has it, and after it what
    parts of a large face look like.
    """
    if not len(boxes):
        return np.zeros(0, np.intp)
    sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    left = np.asarray(cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, overlap), np.intp).reshape(-1)
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[_shares_of_smaller(boxes[best], boxes[left]) <= INSIDE]
    return np.array(kept, np.intp)


def _shares_of_smaller(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What a box shares with others [N, 4], in areas of the smaller of both: float64 [N]."""
    edges = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    smaller = np.minimum(areas, np.prod(box[2:] - box[:2]))
    return np.prod(np.maximum(edges, 0), axis=1) / np.maximum(smaller, 1e-9)
