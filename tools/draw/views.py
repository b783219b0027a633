"""Views of one head: how it is turned from picture to picture, and a head put into a picture with its shoulders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.draw.head import Head
from tools.draw.light import Light
from tools.draw.projection import PICTURE_SIDE, HeadPose
from tools.draw.render import draw_head
from tools.draw.scene import draw_shoulders


def random_poses(rng: np.random.Generator, head: Head, views: int) -> list[HeadPose]:
    """Poses of the views of one head: the first within 28 degrees of frontal, the last turned 60 to 75 degrees."""
    first = rng.uniform(-28, 28)
    last = np.copysign(rng.uniform(60, 75), first)
    yaws = first + (last - first) * np.arange(views) / max(views - 1, 1)
    pitch, roll, scale = rng.normal(-3, 9), rng.normal(0, 9), float(np.clip(rng.normal(1.2, 0.07), 1.03, 1.38))
    middle = rng.uniform((205, 272), (245, 298))
    poses = []
    for yaw in yaws:
        angles = np.clip([pitch + rng.normal(0, 4), yaw, roll + rng.normal(0, 4)], (-25, -75, -25), (25, 75, 25))
        poses.append(centred(head, np.radians(angles), scale, middle + rng.normal(0, 2, 2)))
    return poses


def centred(
    head: Head,
    angles: np.ndarray,
    scale: float,
    middle: Sequence[float] | np.ndarray,
    picture_height: int = PICTURE_SIDE,
) -> HeadPose:
    """The pose whose box of landmarks has its centre at `middle` (x, y) in pixels; pitch, yaw, roll in radians."""
    pitch, yaw, roll = angles
    free = HeadPose(pitch, yaw, roll, 0.0, 0.0, scale, picture_height)
    points = head.points_2d(free)
    shift = np.asarray(middle) - (points.min(axis=0) + points.max(axis=0)) / 2
    return HeadPose(pitch, yaw, roll, shift[0], -shift[1], scale, picture_height)


def draw_view(picture: np.ndarray, head: Head, pose: HeadPose, light: Light) -> None:
    """Draw a head on its shoulders into `picture`, float32 (height, width, 3), RGB 0..255, in place."""
    draw_shoulders(picture, head, pose, light)
    draw_head(picture, head, pose, light)
