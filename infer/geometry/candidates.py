"""What may be faces, as a detector answers: oriented boxes, how sure it is of each, five points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .oriented import boxes_around, oriented_from

INSIDE = 0.7  # parts of a face that look like small ones lie in it by more
PART = 0.5  # of the area of the face they lie in: they are no larger
# of the smaller face's size, the root of its area: points of one face that is found twice lie nearer, on average over
# the five, in all but 0.2 % of the pairs on pictures of training
NEAR = 0.3
ONE = 0.5  # of the union: what overlaps by more is one face wherever its points lie, for of unsure finds they lie about


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

    @property
    def edges(self) -> np.ndarray:
        """Their longer edges as the heads stand, pixels: float64 [N]."""
        return self.oriented[:, 2:4].max(axis=1)

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
        """Those that are no surer one found again, as `suppressed` has it, surest first."""
        return self.chosen(suppressed(self.boxes, self.five, self.scores, overlap))


def candidates_of(boxes: ArrayLike, scores: ArrayLike, rolls: ArrayLike = 0.0) -> Candidates:
    """Candidates of upright boxes (x0, y0, x1, y1) [N, 4] alone, of scores [N]; rolls: [N] or one for all."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    oriented = oriented_from(boxes, np.broadcast_to(np.asarray(rolls, np.float64), len(boxes)))
    return Candidates(np.asarray(scores, np.float64).reshape(-1), oriented, np.full((len(boxes), 5, 2), np.nan))


def together(several: Sequence[Candidates]) -> Candidates:
    """All of them, one after the other; none of none."""
    parts = several or [candidates_of([], [])]
    return Candidates(*(np.concatenate([getattr(one, key) for one in parts]) for key in ("scores", "oriented", "five")))


def suppressed(boxes: np.ndarray, points: np.ndarray, ranks: np.ndarray, overlap: float) -> np.ndarray:
    """Indices of the finds that are no better one found again, best first by the ranks [N], any numbers.

    boxes: upright ones [N, 4]; points: the same of each find, [N, K, 2], NaN where they are not known. Found again is
    what overlaps a better one by more than `overlap` of the union of their boxes, or lies in it, or around it, by more
    than `INSIDE` of the smaller: unless their points lie too far apart for one face, for faces stand before each other,
    and then overlap by no more than `ONE`. Greedy non-maximum suppression by boxes, and by points as Papandreou et al.,
    "Towards Accurate Multi-person Pose Estimation in the Wild", CVPR 2017, have it.
    """
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left, kept = np.argsort(-ranks, kind="stable"), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        edges = np.minimum(boxes[best, 2:], boxes[left, 2:]) - np.maximum(boxes[best, :2], boxes[left, :2])
        shared, smaller = np.maximum(edges, 0).prod(axis=1), np.minimum(areas[best], areas[left])
        union = areas[best] + areas[left] - shared
        again = (shared > overlap * union) | (shared > INSIDE * smaller)
        again[again] = ~_are_two(points[best], points[left[again]], areas[best], areas[left[again]])
        left = left[~(again | (shared > max(overlap, ONE) * union))]
    return np.array(kept, np.intp)


def _are_two(points: np.ndarray, others: np.ndarray, area: float, areas: np.ndarray) -> np.ndarray:
    """Whether points [K, 2] and others [N, K, 2] of faces so large lie too far apart for one face, or for one and a
    part of it: bool [N]; no where they are not known."""
    smaller, larger = np.minimum(area, areas), np.maximum(area, areas)
    far = np.linalg.norm(others - points, axis=2).mean(axis=1) > NEAR * np.sqrt(smaller)
    return far & (smaller > PART * larger)
