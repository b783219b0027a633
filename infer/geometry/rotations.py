"""Rotations: of the picture's plane, and the one that 300W-LP's Pose_Para stands for, there and back."""

from __future__ import annotations

import numpy as np


def rotation(angle: float) -> np.ndarray:
    """[2, 2] float64: columns are the x and y axis of a frame turned by `angle` radians, clockwise as seen."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def rotation_of(pose: np.ndarray) -> np.ndarray:
    """[3, 3] float64, R_x(pitch) R_y(yaw) R_z(roll) of 300W-LP, radians: from the head's axes to the picture's.

    Both have x to the right and y up. Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016; the
    signs of the authors' code.
    """
    (px, yx, rx), (ps, ys, rs) = np.cos(np.asarray(pose, np.float64)), np.sin(np.asarray(pose, np.float64))
    about_x = np.array([[1, 0, 0], [0, px, ps], [0, -ps, px]])
    about_y = np.array([[yx, 0, -ys], [0, 1, 0], [ys, 0, yx]])
    about_z = np.array([[rx, rs, 0], [-rs, rx, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def angles_of(matrix: np.ndarray) -> tuple[float, float, float]:
    """Pitch, yaw, roll in radians of a rotation made by `rotation_of`; yaw within 90 degrees either way."""
    yaw = -np.arcsin(np.clip(matrix[0, 2], -1, 1))
    return np.arctan2(matrix[1, 2], matrix[2, 2]), yaw, np.arctan2(matrix[0, 1], matrix[0, 0])


def turned_pose(pose: np.ndarray, angle: float, mirrored: bool) -> np.ndarray:
    """Pitch, yaw, roll, float32 [3], radians, in a crop whose x axis points along `angle`, clockwise as seen.

    mirrored: and which is mirrored after that. NaN stays NaN.
    """
    turn = np.eye(3)
    # clockwise as seen in the picture, where y points down, is the other way in the model's frame, where it points up
    turn[:2, :2] = rotation(angle)
    pitch, yaw, roll = angles_of(turn @ rotation_of(pose))
    return np.array([pitch, -yaw, -roll] if mirrored else [pitch, yaw, roll], np.float32)
