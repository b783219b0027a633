"""A made-up solid face to fit constants to, seen from all sides."""

import numpy as np

from infer.geometry.rotations import rotation_of
from tests.helpers.drawn import symmetric_face


def solid_face() -> np.ndarray:
    """A symmetric face with depth, float64 [68, 3], y up, centred, outer eye corners 1 apart."""
    flat = symmetric_face()
    face = np.column_stack([flat * (1, -1), 0.6 - np.square(flat).sum(axis=1)])
    face -= face.mean(axis=0)
    return face / np.linalg.norm(face[36] - face[45])


def seen_from(face: np.ndarray, angles, scale: float = 70.0) -> np.ndarray:
    """The points [68, 2] of a rigid face, y down, as a camera far away sees it turned by pitch, yaw, roll (radians)."""
    return (face @ rotation_of(np.array(angles)).T)[:, :2] * (scale, -scale) + (300, 200)
