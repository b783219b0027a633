"""Where a head looks and how far its eyes and mouth are open, from the 68 points, or from points that hold them.

The head's pose is that of a rigid mean face, brought onto the points by OpenCV's solvePnP; `mean_face.json` was fitted
on real faces by `tools/fit_constants.py mean_face`. Angles are degrees with the signs of 300W-LP's Pose_Para:

yaw    positive: the nose points to the picture's left; -90 to 90
pitch  positive: the nose points up
roll   positive: the head leans clockwise; near |yaw| 90 it turns about the same axis as pitch, only both together show
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ..geometry.boxes import box_of
from ..geometry.rotations import angles_of
from .align import five_points, places_of
from .constants import read_constants
from .schemes import Means

MEAN_FACE = Path(__file__).resolve().parents[1] / "mean_face.json"
# the picture's camera is unknown, and 300W-LP's poses are of a camera far away (weak perspective): from 20 edges of the
# face's box on nothing changes, and solvePnP still tells the points apart
DISTANCE = 20.0
TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # the mean face has y up and z towards the viewer, OpenCV's camera neither

# p1 to p6 of T. Soukupova and J. Cech, "Real-Time Eye Blink Detection using Facial Landmarks", CVWW 2016, figure 1
RIGHT_EYE, LEFT_EYE = (36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47)
INNER_LIPS = (60, 61, 62, 63, 64, 65, 66, 67)


@dataclass(frozen=True)
class Pose:
    """A head's turn in degrees; signs and ranges as the module says."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Openness:
    """Heights over widths of the subject's left and right eye and of the inner lips: 0 is shut.

    An open eye has about 0.3, a shut one under 0.15; a shut mouth has about 0, one wide open 0.5 and more.
    """

    left_eye: float
    right_eye: float
    mouth: float


@dataclass(frozen=True)
class MeanFace:
    """A rigid face: points float64 [68, 3], x to the picture's right, y up, z towards the viewer, in outer eye-corner
    distances; used: the indices that pose goes by, those that neither a mouth's opening nor a contour's slide moves."""

    points: np.ndarray
    used: list[int]


@cache
def mean_face(path: Path = MEAN_FACE) -> MeanFace:
    """The mean face of a file. Raises as `read_constants` does."""
    return read_constants(path, "the 3-D mean face", "mean_face", _parsed_face)


def _parsed_face(data: dict) -> MeanFace:
    face = MeanFace(np.array(data["points"], np.float64), [int(index) for index in data["used"]])
    if face.points.shape != (68, 3) or not set(face.used) <= set(range(68)) or len(face.used) < 6:
        raise ValueError(f"{list(face.points.shape)} points, {len(face.used)} used")
    return face


def points_68(points: np.ndarray, whole: Means) -> np.ndarray | None:
    """The 68 points among those of a face [K, 2], [68, 2]; None for points that do not hold them.

    whole: for each of the 68 those whose mean it is, `Points.whole` of the contract; empty where they do not.
    """
    return places_of(points, whole) if whole else None


def head_pose(points: np.ndarray) -> Pose | None:
    """The pose of a face by its 68 points, [68, 2], any unit; None where they are fallen together or unknown."""
    rotation = rotation_from(points)
    return None if rotation is None else pose_of(rotation)


def lean(points: np.ndarray, whole: Means, left_eye: Sequence[int], right_eye: Sequence[int]) -> float:
    """How far a face leans clockwise in its picture, radians: where its head's pose has up, else by its eyes.

    points: [K, 2]; whole: as of `points_68`; left_eye, right_eye: those whose means are the eyes' centres. The line of
    the eyes says nothing in a profile, where one eye lies behind the other. Points that tell neither count as upright.
    """
    all_68 = points_68(points, whole)
    rotation = None if all_68 is None else rotation_from(all_68)
    if rotation is not None:
        right, up, _ = rotation[:, 1]
        return float(np.arctan2(right, up))
    if not (left_eye and right_eye):
        return 0.0
    # the subject's left eye is at the picture's right, so the line points along the x axis of an upright face
    x, y = points[list(left_eye)].mean(axis=0) - points[list(right_eye)].mean(axis=0)
    return float(np.arctan2(y, x))


def rotation_from(points: np.ndarray) -> np.ndarray | None:
    """The mean face's turn that fits points [68, 2] best: float64 [3, 3], to axes x right, y up, z to the viewer."""
    face = mean_face()
    return _turn_of(face.points[face.used], np.asarray(points, np.float64)[face.used])


def rotation_from_five(five: np.ndarray) -> np.ndarray | None:
    """As `rotation_from`, by five points [5, 2] in the order of `five_points`.

    Of 300W-LP's views, by Pose_Para, the yaw is 1.6 degrees off in the median, 4 in the worst tenth.
    """
    return _turn_of(five_points(mean_face().points), np.asarray(five, np.float64))


def _turn_of(model: np.ndarray, seen: np.ndarray) -> np.ndarray | None:
    """The turn of a model [K, 3] that fits its points [K, 2] in a picture best; None where there is none."""
    if not np.isfinite(seen).all():
        return None
    x0, y0, x1, y1 = box_of(seen)
    edge = max(x1 - x0, y1 - y0)
    if not edge > 0:
        return None
    seen = np.ascontiguousarray((seen - ((x0 + x1) / 2, (y0 + y1) / 2)) / edge)
    camera = np.diag([DISTANCE, DISTANCE, 1.0])
    try:
        method = cv2.SOLVEPNP_SQPNP
        found, turn, _ = cv2.solvePnP(np.ascontiguousarray(model @ TO_CAMERA), seen, camera, None, flags=method)
    except cv2.error:  # points on one line
        return None
    return TO_CAMERA @ cv2.Rodrigues(turn)[0] @ TO_CAMERA if found and np.isfinite(turn).all() else None


def pose_of(rotation: np.ndarray) -> Pose:
    """The angles of a turn float [3, 3] = R_x(pitch) R_y(yaw) R_z(roll), as 300W-LP has it.

    Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016; the signs of the authors' code.
    """
    pitch, yaw, roll = (float(np.degrees(angle)) for angle in angles_of(rotation))
    return Pose(yaw, pitch, roll)


def openness(points: np.ndarray) -> Openness:
    """How far eyes and mouth are open, by the 68 points [68, 2] of any unit; NaN where a width is 0 or unknown."""
    points = np.asarray(points, np.float64)
    return Openness(eye_openness(points[list(LEFT_EYE)]), eye_openness(points[list(RIGHT_EYE)]), mouth_openness(points))


def eye_openness(eye: np.ndarray) -> float:
    """The eye aspect ratio of an eye's six points [6, 2]: (|p2 p6| + |p3 p5|) / 2 |p1 p4|. Source: RIGHT_EYE's."""
    heights = np.linalg.norm(eye[[1, 2]] - eye[[5, 4]], axis=1)
    return _ratio(heights.mean(), np.linalg.norm(eye[0] - eye[3]))


def mouth_openness(points: np.ndarray) -> float:
    """The mean of the inner lips' three heights over their width: the same ratio for the mouth."""
    left, *upper, right = points[list(INNER_LIPS[:5])]
    lower = points[list(INNER_LIPS[:4:-1])]
    return _ratio(np.linalg.norm(np.array(upper) - lower, axis=1).mean(), np.linalg.norm(left - right))


def _ratio(height: np.floating, width: np.floating) -> float:
    return float(height / width) if width > 0 else float("nan")
