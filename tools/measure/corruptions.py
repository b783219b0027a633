"""Faces made harder in one way at a time: smaller, darker, blurred, noisy, compressed, covered, rolled."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from infer.files.pictures import decode_picture
from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from tools.read.face import AnnotatedFace

EDGES = (64, 48, 32, 24, 16)  # pixels
SEED = 0


class Picture(NamedTuple):
    """uint8 [height, width, 3] BGR; the true points [68, 2] and the box (x0, y0, x1, y1) in its pixels."""

    image: np.ndarray
    points: np.ndarray
    box: np.ndarray


def rolled(face: AnnotatedFace, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned by an angle (radians, clockwise) about its middle, and the points in it."""
    height, width = face.image.shape[:2]
    edge = int(np.hypot(width, height))
    crop = Crop(((width - 1) / 2, (height - 1) / 2), edge, edge, -angle)
    return crop.cut(face.image), absolute_shape(crop.to_fractions(face.points), picture_box(edge, edge))


def edge_of(box: np.ndarray) -> float:
    """The longer edge of a box (x0, y0, x1, y1), in its unit."""
    return float(max(box[2] - box[0], box[3] - box[1]))


def smaller(edge: int) -> Callable[[Picture], Picture]:
    """The picture reduced until the box's longer edge has so many pixels; smaller ones stay as they are."""

    def change(picture: Picture) -> Picture:
        image, points, box = picture
        scale = min(1.0, edge / edge_of(box))
        height, width = (max(1, round(size * scale)) for size in image.shape[:2])
        scales = np.array([width / image.shape[1], height / image.shape[0]])
        reduced = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        return Picture(reduced, (points + 0.5) * scales - 0.5, ((box.reshape(2, 2) + 0.5) * scales - 0.5).ravel())

    return change


def darker(picture: Picture) -> Picture:
    """A quarter of the light, and the noise of a small sensor."""
    return picture._replace(image=with_noise(picture.image * 0.25, 5))


def blurred(picture: Picture) -> Picture:
    """Out of focus: Gaussian, its standard deviation 3 % of the box's longer edge."""
    return picture._replace(image=cv2.GaussianBlur(picture.image, (0, 0), 0.03 * edge_of(picture.box)))


def noisy(picture: Picture) -> Picture:
    """Gaussian noise with a standard deviation of 25 of 255."""
    return picture._replace(image=with_noise(picture.image, 25))


def with_noise(image: np.ndarray, deviation: float) -> np.ndarray:
    """uint8, as the picture [height, width, 3] of 0..255, with Gaussian noise of this standard deviation."""
    noise = np.random.default_rng(SEED).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def compressed(picture: Picture) -> Picture:
    """JPEG of quality 10."""
    _, data = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, 10])
    return picture._replace(image=decode_picture(data.tobytes(), "JPEG"))


def covered(top: float, bottom: float) -> Callable[[Picture], Picture]:
    """A grey bar across the box, from one fraction of its height to another."""

    def change(picture: Picture) -> Picture:
        image, (x0, y0, x1, y1) = picture.image.copy(), picture.box
        first, last = (int(np.clip(y0 + part * (y1 - y0), 0, image.shape[0])) for part in (top, bottom))
        image[first:last, max(0, int(x0)) : max(0, int(x1) + 1)] = 128
        return picture._replace(image=image)

    return change


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    **{f"reduced: longer edge {edge} pixels": smaller(edge) for edge in EDGES},
    "a quarter of the light": darker,
    "out of focus": blurred,
    "noise": noisy,
    "JPEG of quality 10": compressed,
    "eyes covered": covered(0.0, 0.3),
    "mouth and chin covered": covered(0.6, 1.0),
}
