"""Boxes that models start from: the true ones shifted as a detector might, and found faces matched with true ones."""

from __future__ import annotations

import hashlib

import numpy as np

from infer.geometry.boxes import box_of, overlaps
from records.detections import FOUND

SHIFT = 0.10  # of the box's width and height, either way
SCALES = (0.85, 1.20)


def shifted_boxes(box: np.ndarray, key: str, draws: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Boxes as a detector might give them, float64 [draws, 4], and how each was moved, float64 [draws, 3].

    The centre moves by a uniform draw of up to SHIFT of the width in x and of the height in y, both edges are scaled by
    one uniform draw from SCALES; a move is (x, y, scale). The draws follow from (seed, key): more faces change none.
    """
    entropy = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
    rng = np.random.default_rng([seed, entropy])
    low, high = (-SHIFT, -SHIFT, SCALES[0]), (SHIFT, SHIFT, SCALES[1])
    moves = rng.uniform(low, high, (draws, 3))
    corner, edges = np.asarray(box[:2], np.float64), np.asarray(box[2:] - box[:2], np.float64)
    centres, halves = corner + edges / 2 + moves[:, :2] * edges, moves[:, 2:] * edges / 2
    return np.concatenate([centres - halves, centres + halves], axis=1), moves


def match(true: np.ndarray, found: np.ndarray) -> list[int]:
    """For each annotated face [N, K, 2] the index of the found one [M, K, 2] that is its, -1 where it was missed.

    Compared are the boxes tight around the points that the annotated face has, true and found, so that unknown ones do
    not count. One to one: the pair that overlaps most comes first, down to an intersection over union of FOUND.
    """
    partners = [-1] * len(true)
    if not len(found):
        return partners
    shared = np.array([_overlaps_of(points, found) for points in true])
    while shared.max() >= FOUND:
        row, column = np.unravel_index(np.argmax(shared), shared.shape)
        partners[row] = int(column)
        shared[row, :] = shared[:, column] = -1
    return partners


def _overlaps_of(points: np.ndarray, found: np.ndarray) -> np.ndarray:
    known = np.isfinite(points).all(axis=1)
    return overlaps(box_of(points), np.array([box_of(others[known]) for others in found]))
