"""Augmentation of a batch in NumPy and OpenCV: turn, scale, shift, flip, colour, blur, noise, JPEG and occlusion.

Every random number comes from the generator handed in; training makes one from (seed, step), so that a resumed run sees
what an uninterrupted one does. (TensorFlow's own warp takes nine times as long as OpenCV's on one core.)
"""

from __future__ import annotations

import cv2
import numpy as np

from infer.geometry.rotations import turned_pose
from net.data.ranges import PixelRanges, Ranges


def augment(
    images: np.ndarray,
    labels: np.ndarray,
    poses: np.ndarray,
    size: int,
    flip: tuple[int, ...],
    ranges: Ranges,
    rng: np.random.Generator,
    offset: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A batch cut to `size` and changed at random: images uint8 [B, size, size, 3], labels [B, 2K], poses [B, 3].

    images: uint8 [B, edge, edge, 3], the crop with (edge - size) / 2 of context around it; labels: float32 [B, 2K],
    fractions of the crop's side; poses: float32 [B, 3], pitch, yaw, roll in radians, NaN where unknown; flip: mirror
    partner of each point; offset: how far labels lie to the right of their faces, fractions of the crop's side.
    """
    count, edge = images.shape[:2]
    matrices, mirrored = random_transforms(count, ranges, rng)
    changes = zip(labels, matrices, mirrored, strict=True)
    new_labels = np.stack([transform_label(*change, flip, offset) for change in changes])
    new_poses = np.stack([transform_pose(*args) for args in zip(poses, matrices, mirrored, strict=True)])
    cut = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        matrix = sampling_matrix(matrices[index], mirrored[index], size, edge)
        cv2.warpAffine(images[index], matrix, (size, size), cut[index], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    for index in range(count):
        cut[index] = change_pixels(cut[index], ranges, rng)
        if rng.random() < ranges.occlude:
            occlude(cut[index], cut[rng.integers(count)], rng)
    return cut, new_labels, new_poses


def random_transforms(count: int, ranges: Ranges, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where each new crop lies in the old one: [count, 2, 3] and whether it is mirrored, bool [count].

    A matrix [A | t] maps new fractions v to old ones: u = A (v - 0.5) + 0.5 + t.
    """
    angle = np.radians(rng.uniform(-ranges.turn, ranges.turn, count))
    scale = np.exp(rng.uniform(-ranges.scale, ranges.scale, count))
    shift = rng.uniform(-ranges.shift, ranges.shift, (count, 2))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrices = np.stack([np.stack([cos, -sin, shift[:, 0]], 1), np.stack([sin, cos, shift[:, 1]], 1)], 1)
    return matrices, rng.random(count) < ranges.flip


def transform_label(
    label: np.ndarray, matrix: np.ndarray, mirrored: bool, flip: tuple[int, ...], offset: float = 0.0
) -> np.ndarray:
    """The label in the new crop, float32 [2K]: the inverse of `matrix`, then mirrored with partners swapped.

    offset: of labels from their faces, to the right, in the old crop and in the new one.
    """
    aside = np.array([offset, 0.0])
    points = label.reshape(-1, 2) - aside - 0.5 - matrix[:, 2]
    points = points @ np.linalg.inv(matrix[:, :2]).T + 0.5
    if mirrored:
        points = points[list(flip)]
        points[:, 0] = 1 - points[:, 0]
    return (points + aside).astype(np.float32).ravel()


def transform_pose(pose: np.ndarray, matrix: np.ndarray, mirrored: bool) -> np.ndarray:
    """Pitch, yaw, roll in the new crop, float32 [3], radians: turned back by the turn in `matrix`, then mirrored."""
    return turned_pose(pose, np.arctan2(matrix[1, 0], matrix[0, 0]), mirrored)


def sampling_matrix(matrix: np.ndarray, mirrored: bool, size: int, edge: int) -> np.ndarray:
    """[2, 3] float64 from pixels of the new crop (size) to pixels of the stored one (edge), for cv2.warpAffine."""
    turn = matrix[:, :2] @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    offset = size * matrix[:, 2] + (edge - 1) / 2 - turn @ np.full(2, (size - 1) / 2)
    return np.column_stack([turn, offset])


def change_pixels(image: np.ndarray, ranges: PixelRanges, rng: np.random.Generator) -> np.ndarray:
    """The picture uint8 [S, S, 3] in another light, sometimes grey, blurred, noisy or compressed."""
    if ranges.colour > 0:
        image = cv2.LUT(image, random_curves(ranges.colour, rng))
        if rng.random() < ranges.colour / 3:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < ranges.blur:
        image = coarsen(image, rng)
    if rng.random() < ranges.noise:
        noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(2, 12)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    # no number is drawn where it is off: runs of before it was there go on as they began
    if ranges.jpeg > 0 and rng.random() < ranges.jpeg:
        image = compress(image, rng)
    return image


def random_curves(strength: float, rng: np.random.Generator) -> np.ndarray:
    """A tone curve per channel as a table, uint8 [1, 256, 3]: gain, offset, gamma, mostly common to the channels."""
    gain = np.exp(rng.uniform(-strength, strength) + rng.uniform(-strength, strength, 3) / 3)
    offset = rng.uniform(-strength, strength) / 2 + rng.uniform(-strength, strength, 3) / 6
    gamma = np.exp(rng.uniform(-strength, strength))
    tone = np.linspace(0, 1, 256)[:, None] ** gamma
    return np.clip(255 * ((tone - 0.5) * gain + 0.5 + offset), 0, 255).astype(np.uint8)[None]


def coarsen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture as if from fewer pixels, or out of focus."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))
    size = image.shape[0]
    small = max(8, int(size * rng.uniform(0.25, 0.7)))
    return cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))


def compress(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture with the artefacts of a JPEG of low quality."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(10, 61))]
    data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded a moment ago
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def occlude(image: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> None:
    """Covers a rectangle of the picture in place, with one colour or with the same place of another picture."""
    size = image.shape[0]
    width, height = rng.integers(size // 8, size // 2, 2)
    x, y = rng.integers(0, size - width), rng.integers(0, size - height)
    patch = other[y : y + height, x : x + width] if rng.random() < 0.5 else rng.integers(0, 256, 3)
    image[y : y + height, x : x + width] = patch
