"""Where a drawn head stands, and how its millimetres become pixels: the formula of 300W-LP.

Zhu et al., Face Alignment Across Large Poses, CVPR 2016; confirmed on the genuine files to 0.001 px::

    p = scale * Rx(pitch) @ Ry(yaw) @ Rz(roll) @ point + (tx, ty, tz);   pixel = (p.x, 451 - p.y)   [450 px high]

with these signs: yaw > 0 moves the nose to the picture's left, pitch > 0 raises it, roll > 0 turns the head clockwise.
Pixels are 0-based with their centres at whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infer.geometry.rotations import rotation_of

PICTURE_SIDE = 450  # px, as in 300W-LP
BODY_YAW = 0.35  # how far the body turns to the side, of the head's turn


@dataclass(frozen=True)
class HeadPose:
    """Where a head stands: angles in radians, tx and ty in pixels (ty from the bottom), scale in pixels per mm."""

    pitch: float
    yaw: float
    roll: float
    tx: float
    ty: float
    scale: float
    picture_height: int = PICTURE_SIDE

    def rotation(self) -> np.ndarray:
        """The float64 (3, 3) rotation of the head."""
        return rotation_of(np.array([self.pitch, self.yaw, self.roll]))

    def body_rotation(self) -> np.ndarray:
        """The float64 (3, 3) rotation of the body, which turns about a third as far as the head."""
        return rotation_of(np.array([0.1 * self.pitch, BODY_YAW * self.yaw, 0.25 * self.roll]))

    def to_pixels(self, turned: np.ndarray) -> np.ndarray:
        """Pixels, float64 (N, 2), of points (N, 3) in mm that are turned already."""
        flat = turned[:, :2] * self.scale + (self.tx, self.ty)
        return np.column_stack([flat[:, 0], self.picture_height + 1 - flat[:, 1]])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels, float64 (N, 2), of points (N, 3) in head coordinates (mm)."""
        return self.to_pixels(points @ self.rotation().T)

    def pose_para(self) -> np.ndarray:
        """`Pose_Para` as published: float32 (1, 7) pitch, yaw, roll, tx, ty, tz, scale (for points in micrometres)."""
        tz = -60.0 * self.scale
        return np.array([[self.pitch, self.yaw, self.roll, self.tx, self.ty, tz, self.scale / 1000]], np.float32)
