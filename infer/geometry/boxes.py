"""Boxes (x0, y0, x1, y1) in pixels, pixel centres at whole numbers: around points, one against another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

FARTHEST = 1e6  # pixels: corners of given boxes beyond are a mistake
SAME = 0.3  # IoU from which on what is seen there now is what was there a moment ago
OVERLAP = 0.4  # landmark boxes of two faces in one picture hardly ever share so much of their union


def box_of(points: ArrayLike) -> np.ndarray:
    """The tight box (x0, y0, x1, y1), float64 [4], around points [K, 2]; unknown (NaN) points take no part.

    Raises ValueError when no point is known.
    """
    points = np.asarray(points, np.float64).reshape(-1, 2)
    known = points[np.isfinite(points).all(axis=1)]
    if not len(known):
        raise ValueError("box of points: found no known point, expected at least one")
    return np.concatenate([known.min(axis=0), known.max(axis=0)])


def picture_box(height: int, width: int) -> np.ndarray:
    """The box (x0, y0, x1, y1) of all that a picture covers, float64 [4]: half a pixel beyond its outer centres."""
    return np.array([-0.5, -0.5, width - 0.5, height - 0.5])


def relative_shape(points: ArrayLike, box: ArrayLike) -> np.ndarray:
    """Points in pixels of the picture [..., K, 2] as fractions of a box's width and height, float32 [..., K, 2].

    box: (x0, y0, x1, y1), [4], or one each, [..., 4]; of a whole picture see `picture_box`. Points outside the box are
    outside [0, 1]; NaN stays NaN. Raises ValueError for a box without width or height.
    """
    low, edges = _corner_and_edges(box)
    return ((np.asarray(points, np.float64) - low) / edges).astype(np.float32)


def absolute_shape(fractions: ArrayLike, box: ArrayLike) -> np.ndarray:
    """Fractions of a box's width and height [..., K, 2] as pixels of the picture; undoes `relative_shape`."""
    low, edges = _corner_and_edges(box)
    return (np.asarray(fractions, np.float64) * edges + low).astype(np.float32)


def mirror_boxes(boxes: ArrayLike, width: int) -> np.ndarray:
    """Boxes (x0, y0, x1, y1) [N, 4] of the mirrored picture `width` pixels wide, in the picture itself."""
    x0, y0, x1, y1 = np.asarray(boxes).T
    return np.stack([width - 1 - x1, y0, width - 1 - x0, y1], axis=1)


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (x0, y0, x1, y1) with boxes [N, 4]: float64 [N]."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return shared / np.maximum(areas - shared, 1e-9)


def distinct(boxes: np.ndarray, overlap: float = OVERLAP) -> list[int]:
    """Indices of the boxes [N, 4], surest first, that overlap no surer kept one by more than `overlap` of the union."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if not kept or overlaps(box, boxes[kept]).max() <= overlap:
            kept.append(index)
    return kept


def checked_boxes(boxes: ArrayLike) -> np.ndarray:
    """Boxes (x0, y0, x1, y1), float64 [N, 4], N >= 0. Raises ValueError for what is none."""
    boxes = np.asarray(boxes, np.float64)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes: found shape {list(boxes.shape)}, expected [N, 4]")
    wrong = ~(np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    if wrong.any():
        raise ValueError(f"boxes: found {boxes[wrong][0].tolist()}, expected x0 < x1 and y0 < y1")
    return boxes


def _corner_and_edges(box: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    box = np.asarray(box, np.float64)
    low, edges = box[..., None, :2], box[..., None, 2:] - box[..., None, :2]
    if not (edges > 0).all():
        raise ValueError(f"shape in a box: found the box {box.tolist()}, expected x0 < x1 and y0 < y1")
    return low, edges
