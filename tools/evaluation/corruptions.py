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
SENSOR = 5.0  # standard deviation of a small one's noise, levels of 255
EYES, MOUTH = (0.0, 0.3), (0.6, 1.0)  # what bars cover, fractions of the box's height
# start and end of each part of a drawn hand, fractions of the box, and how wide it is, of the box's width
HAND = (
    ((0.95, 1.15), (0.68, 0.82), 0.42),
    ((0.66, 0.66), (0.16, 0.58), 0.13),
    ((0.62, 0.78), (0.08, 0.72), 0.13),
    ((0.62, 0.90), (0.08, 0.86), 0.13),
    ((0.66, 1.02), (0.20, 1.00), 0.12),
)


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
    return picture._replace(image=in_light(picture.image, 0.25))


def blurred(picture: Picture) -> Picture:
    """Out of focus: Gaussian, its standard deviation 3 % of the box's longer edge."""
    return picture._replace(image=cv2.GaussianBlur(picture.image, (0, 0), 0.03 * edge_of(picture.box)))


def noisy(picture: Picture) -> Picture:
    """Gaussian noise with a standard deviation of 25 of 255."""
    return picture._replace(image=with_noise(picture.image, 25))


def in_light(image: np.ndarray, light: float) -> np.ndarray:
    """The picture uint8 [height, width, 3] in so much of its light, 0 to 1, with the noise of a small sensor."""
    return with_noise(image * light, SENSOR)


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


def beyond(part: float) -> Callable[[Picture], Picture]:
    """The picture's left cut off, so that a part of the box's width lies beyond the edge."""

    def change(picture: Picture) -> Picture:
        image, points, box = picture
        first = int(np.clip(box[0] + part * (box[2] - box[0]), 0, image.shape[1] - 1))
        return Picture(np.ascontiguousarray(image[:, first:]), points - (first, 0), box - (first, 0, first, 0))

    return change


def hand_before(picture: Picture) -> Picture:
    """A drawn hand before mouth and nose: palm and four fingers, of the colour of the face's own middle."""
    image, (x0, y0, x1, y1) = picture.image.copy(), picture.box
    size = np.array([x1 - x0, y1 - y0])
    skin = np.median(image[_within(image, picture.box, 0.35, 0.65)].reshape(-1, 3), axis=0)
    for shade, grow in ((0.55, 1.15), (0.92, 1.0)):  # a dark edge around each part, for skin lies before skin
        colour = (shade * skin).tolist()
        for *ends, width in HAND:
            (x, y), (x2, y2) = (((x0, y0) + np.array(end) * size).astype(int).tolist() for end in ends)
            cv2.line(image, (x, y), (x2, y2), colour, max(1, round(float(grow * width * size[0]))), cv2.LINE_AA)
    return picture._replace(image=image)


def _within(image: np.ndarray, box: np.ndarray, low: float, high: float) -> tuple[slice, slice]:
    """Rows and columns between two fractions of a box, at least a pixel of the picture."""
    edges = [box[axis] + np.array([low, high]) * (box[axis + 2] - box[axis]) for axis in (1, 0)]
    starts = [int(np.clip(first, 0, size - 1)) for (first, _), size in zip(edges, image.shape, strict=False)]
    ends = [max(start + 1, int(last)) for start, (_, last) in zip(starts, edges, strict=True)]
    return slice(starts[0], ends[0]), slice(starts[1], ends[1])


COVERS: dict[str, Callable[[Picture], Picture]] = {
    "eyes covered": covered(*EYES),
    "mouth and chin covered": covered(*MOUTH),
}
CHANGES: dict[str, Callable[[Picture], Picture]] = {
    **{f"reduced: longer edge {edge} pixels": smaller(edge) for edge in EDGES},
    "a quarter of the light": darker,
    "out of focus": blurred,
    "noise": noisy,
    "JPEG of quality 10": compressed,
    **COVERS,
}
