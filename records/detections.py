"""Finds of a detector against the true faces of a picture: which find is which face, a false alarm, or neither.

Boxes are upright ones (x0, y0, x1, y1) in pixels. What follows from it in numbers is in `records/metrics.py`.
"""

from __future__ import annotations

import numpy as np

from infer.geometry.boxes import overlaps

FOUND = 0.5  # of the union of a find's and a true face's box that both share
IGNORED = 0.5  # of a find's own area, in a box that counts neither as face nor as background
FALSE_ALARM, NEITHER = -1, -2


def partners_of(
    finds: np.ndarray, true: np.ndarray, ignore: np.ndarray, counted: np.ndarray | None = None
) -> np.ndarray:
    """For each find [M, 4], surest first, the index of its true face [N, 4], FALSE_ALARM or NEITHER: int64 [M].

    One after the other, each gets the free true face that it shares most with, from FOUND on: Everingham et al., "The
    PASCAL Visual Object Classes (VOC) Challenge", IJCV 2010, section 4.2, but that a face which is taken already leaves
    the next one to a find, as in Lin et al., "Microsoft COCO", ECCV 2014. NEITHER: a find that lies with IGNORED of its
    area in an `ignore` box [K, 4], or that belongs to a face that is not `counted`, bool [N] (None: all are).
    """
    finds, true, ignore = (np.asarray(boxes, np.float64).reshape(-1, 4) for boxes in (finds, true, ignore))
    counted = np.ones(len(true), bool) if counted is None else np.asarray(counted, bool)
    aside = np.concatenate([ignore, true[~counted]])
    partners, free = np.full(len(finds), FALSE_ALARM), np.ones(len(true), bool)
    for index, find in enumerate(finds):
        shared = np.where(free, overlaps(find, true), -1)
        best = int(np.argmax(shared)) if len(true) else FALSE_ALARM
        if best >= 0 and shared[best] >= FOUND:
            free[best] = False
            partners[index] = best if counted[best] else NEITHER
        elif (_share_inside(find, aside) >= IGNORED).any():
            partners[index] = NEITHER
    return partners


def _share_inside(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much of a box's own area lies in each of the others [K, 4]: float64 [K]."""
    edges = np.minimum(others[:, 2:], box[2:]) - np.maximum(others[:, :2], box[:2])
    return np.prod(np.maximum(edges, 0), axis=1) / max(float(np.prod(box[2:] - box[:2])), 1e-9)
