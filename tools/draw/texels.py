"""Where colours lie in the atlas: the skin as seen from straight ahead, and right of it hair, ear and neck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TEXELS_PER_MM = 2.5
SKIN_LEFT, SKIN_TOP, SKIN_WIDTH, SKIN_HEIGHT = -80.0, 146.0, 160.0, 272.0  # what of the x-y plane is painted, in mm
PATCH = 256  # side of the square textures of hair and ear, right of the skin in the atlas
HAIR_PATCH, EAR_PATCH, NECK_PATCH = range(3)  # from the top; what the neck shows is plain skin


def to_texels(points: Sequence[tuple[float, float]] | np.ndarray) -> np.ndarray:
    """Texels, float64 (N, 2), of places x, y (N, 2) in mm of the face seen from straight ahead."""
    return (np.asarray(points, np.float64) - (SKIN_LEFT, SKIN_TOP)) * (TEXELS_PER_MM, -TEXELS_PER_MM)


def patch_uv(across: np.ndarray, down: np.ndarray, patch: int) -> np.ndarray:
    """Texels, float64 (..., 2), of fractions 0..1 across and down one of the patches right of the skin."""
    left = SKIN_WIDTH * TEXELS_PER_MM
    across, down = np.broadcast_arrays(across, down)
    high = PATCH - 3 if patch != NECK_PATCH else SKIN_HEIGHT * TEXELS_PER_MM - 2 * PATCH - 3
    return np.stack([left + 1 + across * (PATCH - 3), PATCH * patch + 1 + down * high], axis=-1)
