"""What hides parts of faces in training scenes: things before them, and masks on them."""

from __future__ import annotations

import cv2
import numpy as np

from infer.geometry.rotations import rotation
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene

COVERED = (0.25, 0.55)  # of a face's edges that a cover has
COVERABLE, MASKABLE = 20.0, 9.0  # pixels: smaller faces are not covered, not masked
MASK = np.array([(-0.5, 0.0), (0.0, -0.12), (0.5, 0.0), (0.46, 0.25), (0.2, 0.52), (-0.2, 0.52), (-0.46, 0.25)])
# corners of a mask from the box's centre in its edges, as the head stands: over the nose, along the cheeks, under the
# chin
LOOSE = 0.07  # standard deviation of each corner's place, in edges
CLOTH = 0.15  # how much of what is below is seen through the mask


def cover_faces(image: np.ndarray, scene: Scene, ranges: SceneRanges, rng: np.random.Generator) -> None:
    """Covers part of some faces in place, with one colour or another place of the scene."""
    side = len(image)
    for x, y, width, height, roll in scene.oriented:
        if min(width, height) < COVERABLE or rng.random() >= ranges.occlude:
            continue
        edges = np.maximum(rng.uniform(*COVERED, 2) * (width, height), 2).astype(int)
        # the lower half more often: hands, cups, microphones
        along = rotation(roll) @ (rng.uniform(-0.4, 0.4) * width, rng.uniform(-0.3, 0.5) * height)
        x0, y0 = np.clip((np.array([x, y]) + along - edges / 2).astype(int), 0, side)
        patch = image[y0 : y0 + edges[1], x0 : x0 + edges[0]]
        left, top = rng.integers(0, max(1, side - edges[0])), rng.integers(0, max(1, side - edges[1]))
        other = image[top : top + patch.shape[0], left : left + patch.shape[1]].copy()
        patch[:] = other if rng.random() < 0.4 and other.shape == patch.shape else rng.integers(0, 256, 3)


def mask_faces(image: np.ndarray, scene: Scene, ranges: SceneRanges, rng: np.random.Generator) -> None:
    """Puts a mask of one colour on some faces in place: over nose, mouth and chin, as the head stands."""
    side = len(image)
    for x, y, width, height, roll in scene.oriented:
        if min(width, height) < MASKABLE or rng.random() >= ranges.masks:
            continue
        corners = (MASK + LOOSE * rng.standard_normal(MASK.shape)) * (width, height) @ rotation(roll).T + (x, y)
        colour = rng.integers(0, 256, 3)
        low, high = np.clip([corners.min(axis=0), corners.max(axis=0) + 1], 0, side).astype(int)
        patch = image[low[1] : high[1], low[0] : high[0]]
        if patch.size:
            inside = cv2.fillConvexPoly(np.zeros(patch.shape[:2], np.uint8), (corners - low).round().astype(int), 1)
            shown = CLOTH * patch + (1 - CLOTH) * colour
            patch[:] = np.where(inside[..., None] > 0, shown, patch)
