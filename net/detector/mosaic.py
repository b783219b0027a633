"""Scenes for training: pictures with all their faces, turned, scaled and laid side by side, in NumPy and OpenCV.

Whole pictures shrunk and tiled teach crowds, where single faces pasted on a background do not. Every random number
comes from the generator handed in. The mosaic is that of Bochkovskiy et al., "YOLOv4", 2020, section 3.3, with more and
smaller tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from infer.geometry.rotations import rotation
from net.data.augment import change_pixels
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene

MIRRORED = (1, 0, 2, 4, 3)  # the five points' partners
COARSEST = 32  # pixels: pictures are not kept smaller
SHOWN, HINTED = 0.5, 0.2  # of a face inside its tile: from so much on it is a face, and from so much on ignored
COVERED = (0.25, 0.55)  # of a face's edges that a cover has
COVERABLE = 20.0  # pixels: smaller faces are not covered


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture to make scenes of: levels, uint8 [h, w, 3] RGB, each half as large as the one before; its faces."""

    levels: tuple[np.ndarray, ...]
    scene: Scene

    @classmethod
    def of(cls, image: np.ndarray, scene: Scene) -> AnnotatedPicture:
        """The picture with its smaller copies, from which small scenes are cut without aliasing."""
        levels = [image]
        while min(levels[-1].shape[:2]) >= 2 * COARSEST:
            height, width = levels[-1].shape[:2]
            levels.append(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
        return cls(tuple(levels), scene)


@dataclass(frozen=True)
class Placing:
    """Where a picture goes: place = scale * turn(angle) * mirror(pixel) + offset, in pixels of the scene."""

    scale: float
    angle: float
    mirrored: bool
    offset: tuple[float, float]

    @property
    def matrix(self) -> np.ndarray:
        """[2, 3] float64, from pixels of the picture to those of the scene."""
        turn = self.scale * rotation(self.angle) @ np.diag([-1.0 if self.mirrored else 1.0, 1.0])
        return np.column_stack([turn, self.offset])


def make_scene(
    pictures: Sequence[AnnotatedPicture], side: int, ranges: SceneRanges, rng: np.random.Generator
) -> tuple[np.ndarray, Scene]:
    """A scene uint8 [side, side, 3] RGB of some of the pictures, and its faces."""
    image = np.empty((side, side, 3), np.uint8)
    parts = []
    for tile in tiles_of(side, ranges, rng):
        picture = pictures[int(rng.integers(len(pictures)))]
        parts.append(lay(image, tile, picture, ranges, rng))
    scene = Scene(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("oriented", "five", "ignore")))
    cover_faces(image, scene, ranges, rng)
    return change_pixels(image, ranges, rng), scene


def tiles_of(side: int, ranges: SceneRanges, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """Tiles (x0, y0, x1, y1) that cover the scene: one, or a grid of uneven lines, fine ones rarer than coarse ones."""
    if ranges.grid == 1 or rng.random() < ranges.whole:
        return [(0, 0, side, side)]
    counts = np.arange(2, ranges.grid + 1)
    count = int(rng.choice(counts, p=counts**-2.0 / (counts**-2.0).sum()))
    xs, ys = (_lines(side, count, rng) for _ in range(2))
    return [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(count) for i in range(count)]


def _lines(side: int, count: int, rng: np.random.Generator) -> list[int]:
    inner = (np.arange(1, count) + rng.uniform(-0.25, 0.25, count - 1)) * side / count
    return [0, *inner.round().astype(int).tolist(), side]


def lay(
    image: np.ndarray,
    tile: tuple[int, int, int, int],
    picture: AnnotatedPicture,
    ranges: SceneRanges,
    rng: np.random.Generator,
) -> Scene:
    """Draws a picture into a tile, placed at random; its faces as they are there."""
    x0, y0, x1, y1 = tile
    placing = random_placing(tile, picture, ranges, rng)
    place = placing.matrix - [[0, 0, x0], [0, 0, y0]]
    level = max(0, min(len(picture.levels) - 1, int(np.floor(np.log2(1 / placing.scale)))))
    source = picture.levels[level]
    # level's pixel -> picture's pixel, pixel centres at whole numbers
    steps = np.array(picture.levels[0].shape[1::-1]) / source.shape[1::-1]
    place = np.column_stack([place[:, :2] * steps, place[:, :2] @ ((steps - 1) / 2) + place[:, 2]])
    blank = tuple(rng.integers(0, 256, 3).tolist())
    border = cv2.BORDER_CONSTANT if rng.random() < 0.7 else cv2.BORDER_REPLICATE
    image[y0:y1, x0:x1] = cv2.warpAffine(
        source, place, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=blank
    )
    return inside(moved(picture.scene, placing), tile)


def random_placing(
    tile: tuple[int, int, int, int], picture: AnnotatedPicture, ranges: SceneRanges, rng: np.random.Generator
) -> Placing:
    """A placing in the tile, most often larger than that and around one of the faces."""
    low, high = np.array(tile[:2], float), np.array(tile[2:], float)
    height, width = picture.levels[0].shape[:2]
    fill = (high - low).max() / max(height, width)
    scale = fill * np.exp(rng.uniform(np.log(ranges.shrink), np.log(ranges.zoom)))
    scale = min(scale, max(ranges.enlarge, fill))
    angle, mirrored = random_turn(ranges, rng), bool(rng.random() < ranges.mirror)
    straight = Placing(scale, angle, mirrored, (0.0, 0.0)).matrix
    middle = straight[:, :2] @ ((width - 1) / 2, (height - 1) / 2)
    room = np.maximum(np.abs(straight[:, :2]) @ (width, height) - (high - low), 0) / 2
    offset = (low + high) / 2 - middle + rng.uniform(-room, room)
    faces = picture.scene.oriented
    if len(faces) and rng.random() < 0.7:  # else a large picture would rarely show its faces
        target = rng.uniform(low + 0.15 * (high - low), high - 0.15 * (high - low))
        wanted = target - straight[:, :2] @ faces[rng.integers(len(faces)), :2]
        offset = np.clip(wanted, (low + high) / 2 - middle - room, (low + high) / 2 - middle + room)
    return Placing(scale, angle, mirrored, (float(offset[0]), float(offset[1])))


def random_turn(ranges: SceneRanges, rng: np.random.Generator) -> float:
    """A turn in radians: near upright mostly, near a quarter turn, or any."""
    kind = rng.random()
    if kind < ranges.any_turn:
        return float(rng.uniform(-np.pi, np.pi))
    lean = np.radians(ranges.lean) * rng.standard_normal()
    quarters = rng.integers(1, 4) if kind < ranges.any_turn + ranges.quarter else 0
    return float(lean + quarters * np.pi / 2)


def moved(scene: Scene, placing: Placing) -> Scene:
    """The faces of a picture where it was placed."""
    matrix = placing.matrix
    turn, offset = matrix[:, :2], matrix[:, 2]
    centres, sizes, rolls = scene.oriented[:, :2], scene.oriented[:, 2:4], scene.oriented[:, 4:]
    # unknown rolls are of people who stand upright in their photo
    rolls = np.nan_to_num(rolls) * (-1 if placing.mirrored else 1) + placing.angle
    rolls = (rolls + np.pi) % (2 * np.pi) - np.pi
    oriented = np.concatenate([centres @ turn.T + offset, sizes * placing.scale, rolls], axis=1)
    five = (scene.five[:, list(MIRRORED)] if placing.mirrored else scene.five) @ turn.T + offset
    middles = (scene.ignore[:, :2] + scene.ignore[:, 2:]) / 2 @ turn.T + offset
    halves = (scene.ignore[:, 2:] - scene.ignore[:, :2]) / 2 @ np.abs(turn).T
    return Scene(oriented, five, np.concatenate([middles - halves, middles + halves], axis=1))


def inside(scene: Scene, tile: tuple[int, int, int, int]) -> Scene:
    """What a tile shows of the faces: those that are inside mostly, and to be ignored those that are cut."""
    low, high = np.array(tile[:2], float) - 0.5, np.array(tile[2:], float) - 0.5
    middles, halves = scene.oriented[:, :2], np.sqrt(np.prod(scene.oriented[:, 2:4], axis=1, keepdims=True)) / 2
    corners = np.concatenate([np.maximum(middles - halves, low), np.minimum(middles + halves, high)], axis=1)
    shown = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1) / np.square(2 * halves[:, 0])
    centred = ((middles > low) & (middles < high)).all(axis=1)
    kept = (shown >= SHOWN) & centred
    hinted = (shown >= HINTED) & ~kept
    ignore = np.concatenate([np.maximum(scene.ignore[:, :2], low), np.minimum(scene.ignore[:, 2:], high)], axis=1)
    ignore = np.concatenate([ignore, corners[hinted]])
    return Scene(scene.oriented[kept], scene.five[kept], ignore[(ignore[:, 2:] > ignore[:, :2]).all(axis=1)])


def cover_faces(image: np.ndarray, scene: Scene, ranges: SceneRanges, rng: np.random.Generator) -> None:
    """Covers part of some faces in place, with one colour or another place of the scene."""
    side = len(image)
    for x, y, width, height, roll in scene.oriented:
        if min(width, height) < COVERABLE or rng.random() >= ranges.occlude:
            continue
        edges = np.maximum(rng.uniform(*COVERED, 2) * (width, height), 2).astype(int)
        # the lower half more often: masks, hands, cups
        along = rotation(roll) @ (rng.uniform(-0.4, 0.4) * width, rng.uniform(-0.3, 0.5) * height)
        x0, y0 = np.clip((np.array([x, y]) + along - edges / 2).astype(int), 0, side)
        patch = image[y0 : y0 + edges[1], x0 : x0 + edges[0]]
        left, top = rng.integers(0, max(1, side - edges[0])), rng.integers(0, max(1, side - edges[1]))
        other = image[top : top + patch.shape[0], left : left + patch.shape[1]].copy()
        patch[:] = other if rng.random() < 0.4 and other.shape == patch.shape else rng.integers(0, 256, 3)
