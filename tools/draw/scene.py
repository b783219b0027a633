"""What surrounds a head in its picture: a background, shoulders, and the camera that takes it."""

from __future__ import annotations

import cv2
import numpy as np

from tools.draw.colours import muted
from tools.draw.coverage import fill_polygons
from tools.draw.head import Head
from tools.draw.light import Light
from tools.draw.projection import BODY_YAW, HeadPose
from tools.draw.render import blend


def random_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A blurred place: float32 (height, width, 3), RGB 0..255, from a gradient, shapes and coarse noise."""
    small = (max(2, width // 5), max(2, height // 5))
    across, down = np.meshgrid(np.linspace(-1, 1, small[0]), np.linspace(-1, 1, small[1]))
    slope = np.cos(rng.uniform(0, 7)) * across + np.sin(rng.uniform(0, 7)) * down
    one, two = muted(rng), muted(rng)
    picture = (one + (two - one) * np.clip(0.5 + 0.5 * slope, 0, 1)[..., None]).astype(np.float32)
    for _ in range(rng.integers(0, 14)):
        middle = rng.integers(0, (small[0], small[1])).tolist()
        colour, axes = muted(rng).tolist(), rng.integers(3, 34, 2).tolist()
        if rng.random() < 0.5:
            cv2.ellipse(picture, middle, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
        else:
            cv2.rectangle(picture, middle, [middle[0] + axes[0], middle[1] + 3 * axes[1]], colour, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 5)))
    grain = rng.normal(0, rng.uniform(0, 9), (small[1], small[0], 1)).astype(np.float32)
    return cv2.resize(np.clip(picture + grain, 0, 255), (width, height), interpolation=cv2.INTER_LINEAR)


def draw_shoulders(picture: np.ndarray, head: Head, pose: HeadPose, light: Light) -> None:
    """Clothed shoulders below the neck, in place."""
    s, (height, width) = pose.scale, picture.shape[:2]
    x, y = pose.to_pixels((pose.body_rotation() @ np.array([[0.0], [-128.0], [-30.0]])).T)[0]
    half = s * 200 * np.cos(BODY_YAW * pose.yaw)
    slope = np.array([(1.0, 400), (1.0, 92), (0.93, 62), (0.78, 44), (0.50, 24), (0.34, 8), (0.29, 6)])
    left = np.column_stack([x - half * slope[:, 0], y + s * slope[:, 1]])
    collar = np.column_stack(
        [x + half * np.linspace(-0.24, 0.24, 9), y + s * (10 + 22 * np.cos(np.linspace(-1.5, 1.5, 9)))]
    )
    outline = np.concatenate([left, collar, (left * (-1, 1) + (2 * x, 0))[::-1]])
    cover = np.zeros((height, width), np.uint8)
    fill_polygons(cover, [outline])
    across = (np.arange(width, dtype=np.float32) - np.float32(x)) / np.float32(half)
    bright = 0.75 + 0.25 * light.direction[0] * np.clip(across, -1, 1) + 0.04 * np.sin(across * 23)
    cloth = (head.person.cloth * bright[:, None]).astype(np.float32)
    blend(picture, cover, np.broadcast_to(cloth, picture.shape))


def finish(picture: np.ndarray, rng: np.random.Generator, grain: float = 6.0) -> np.ndarray:
    """The camera: exposure, contrast, saturation, blur and grain; uint8 (height, width, 3), RGB, from float32.

    `grain` is the most that the noise's standard deviation may be, in grey levels.
    """
    contrast, bright = rng.normal(1.0, 0.10), rng.normal(0, 8)
    colour = 0 if rng.random() < 0.04 else np.clip(rng.normal(1, 0.15), 0.4, 1.4)
    mix = contrast * (colour * np.eye(3) + (1 - colour) * np.array([0.299, 0.587, 0.114]))
    picture = cv2.transform(picture, np.column_stack([mix, np.full(3, 118 + bright - 118 * contrast)]))
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.45, 1.2)))
    height, width = picture.shape[:2]
    noise = np.float32(rng.uniform(0.5, grain)) * rng.standard_normal((-(-height // 2), width), dtype=np.float32)
    picture += np.concatenate([noise, noise[::-1, ::-1]])[:height, :, None]  # half the random numbers will do
    return cv2.convertScaleAbs(np.maximum(picture, 0, out=picture))
