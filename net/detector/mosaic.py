"""Scenes for training: pictures with all their faces, turned, scaled and laid side by side, in NumPy and OpenCV.

Whole pictures shrunk and tiled teach crowds, where single faces pasted on a background do not. Every random number
comes from the generator handed in. The mosaic is that of Bochkovskiy et al., "YOLOv4", 2020, section 3.3, with more and
smaller tiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from net.data.augment import change_pixels
from net.detector.covers import cover_faces, mask_faces
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene

MIRRORED = (1, 0, 2, 4, 3)  # the five points' partners
COARSEST = 32  # pixels: pictures are not kept smaller
SHOWN, HINTED = 0.5, 0.2  # of a face inside its tile: from so much on it is a face, and from so much on ignored
MARGIN, AIMED = 0.15, 0.7  # a face is aimed at that far from its tile's edge, so often
KNOWN, TURNED = np.radians([65.0, 80.0])  # rolls of faces, and of heads that are none: what is between is ignored
BLANK = 0.7  # so often what a picture leaves blank is of one colour, and else its border drawn out


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
class Placings:
    """Where T pictures go: place = scale * turn(angle) * mirror(pixel) + offset, in pixels of the scene.

    scale, angle: float64 [T]; mirrored: bool [T]; offset: float64 [T, 2].
    """

    scale: np.ndarray
    angle: np.ndarray
    mirrored: np.ndarray
    offset: np.ndarray

    @cached_property
    def turns(self) -> np.ndarray:
        """The linear part, float64 [T, 2, 2], from pixels of the picture to those of the scene."""
        cos, sin = self.scale * np.cos(self.angle), self.scale * np.sin(self.angle)
        side = np.where(self.mirrored, -1.0, 1.0)
        return np.stack([np.stack([side * cos, -sin], axis=-1), np.stack([side * sin, cos], axis=-1)], axis=-2)


def make_scene(
    pictures: Sequence[AnnotatedPicture], side: int, ranges: SceneRanges, rng: np.random.Generator
) -> tuple[np.ndarray, Scene]:
    """A scene uint8 [side, side, 3] RGB of some of the pictures, and its faces."""
    tiles = tiles_of(side, ranges, rng)
    chosen = [pictures[index] for index in rng.integers(len(pictures), size=len(tiles)).tolist()]
    placings = random_placings(tiles, chosen, ranges, rng)
    image = drawn(side, tiles, chosen, placings, rng)
    scene = standing(placed(tiles, chosen, placings))
    cover_faces(image, scene, ranges, rng)
    mask_faces(image, scene, ranges, rng)
    return change_pixels(image, ranges, rng), scene


def tiles_of(side: int, ranges: SceneRanges, rng: np.random.Generator) -> np.ndarray:
    """Tiles (x0, y0, x1, y1) that cover the scene, int [T, 4]: one, or a grid of uneven lines, rarely a fine one."""
    if ranges.grid == 1 or rng.random() < ranges.whole:
        return np.array([[0, 0, side, side]])
    counts = np.arange(2, ranges.grid + 1)
    count = int(rng.choice(counts, p=counts**-2.0 / (counts**-2.0).sum()))
    xs, ys = (_lines(side, count, rng) for _ in range(2))
    return np.array([(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(count) for i in range(count)])


def _lines(side: int, count: int, rng: np.random.Generator) -> list[int]:
    inner = (np.arange(1, count) + rng.uniform(-0.25, 0.25, count - 1)) * side / count
    return [0, *inner.round().astype(int).tolist(), side]


def random_placings(
    tiles: np.ndarray, pictures: Sequence[AnnotatedPicture], ranges: SceneRanges, rng: np.random.Generator
) -> Placings:
    """A placing of each picture in its tile [T, 4], most often larger than that and around one of the faces."""
    low, high = tiles[:, :2].astype(float), tiles[:, 2:].astype(float)
    count, sizes = len(tiles), np.array([picture.levels[0].shape[1::-1] for picture in pictures], float)
    anchors, edges = _anchors(pictures, rng)
    fill = (high - low).max(axis=1) / sizes.max(axis=1)
    least = fill * ranges.shrink
    # no larger than shows the face whole: parts of huge faces teach little and take much of a scene
    most = np.minimum(np.maximum(ranges.enlarge, fill), np.fmin(fill * ranges.zoom, (high - low).min(axis=1) / edges))
    scale = least * np.maximum(most / least, 1) ** rng.random(count)
    angle, mirrored = random_turns(count, ranges, rng), rng.random(count) < ranges.mirror
    turns = Placings(scale, angle, mirrored, np.zeros((count, 2))).turns
    middle = (low + high) / 2 - _times(turns, (sizes - 1) / 2)  # puts the picture's middle on the tile's
    room = np.maximum(_times(np.abs(turns), sizes) - (high - low), 0) / 2
    offset = middle + rng.uniform(-room, room)
    target = low + (high - low) * rng.uniform(MARGIN, 1 - MARGIN, (count, 2))
    wanted = np.clip(target - _times(turns, anchors), middle - room, middle + room)
    # else a large picture would rarely show its faces; NaN where it has none
    aimed = (rng.random(count) < AIMED) & np.isfinite(wanted).all(axis=1)
    return Placings(scale, angle, mirrored, np.where(aimed[:, None], wanted, offset))


def _anchors(pictures: Sequence[AnnotatedPicture], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The centre of one face of each picture, float64 [T, 2], and its longest edge [T]; NaN where there is none."""
    anchors = np.full((len(pictures), 3), np.nan)
    for index, (picture, chance) in enumerate(zip(pictures, rng.random(len(pictures)).tolist(), strict=True)):
        faces = picture.scene.oriented
        if len(faces):
            x, y, width, height, _ = faces[int(chance * len(faces))]
            anchors[index] = x, y, max(width, height)
    return anchors[:, :2], anchors[:, 2]


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Each vector [N, ..., 2] by its own matrix [N, 2, 2]."""
    return np.einsum("nij,n...j->n...i", matrices, vectors)


def random_turns(count: int, ranges: SceneRanges, rng: np.random.Generator) -> np.ndarray:
    """Turns in radians [count]: near upright mostly, or any up to the widest; by a quarter, half or three of them more
    at times."""
    wide = rng.random(count) < ranges.wide
    lean = ranges.lean * rng.standard_normal(count)
    turns = np.where(wide, rng.uniform(-ranges.widest, ranges.widest, count), lean)
    quarters = np.where(rng.random(count) < ranges.quarters, rng.integers(1, 4, count), 0)
    return np.radians(turns + 90 * quarters)


def drawn(
    side: int, tiles: np.ndarray, pictures: Sequence[AnnotatedPicture], placings: Placings, rng: np.random.Generator
) -> np.ndarray:
    """The scene uint8 [side, side, 3] of pictures in their tiles; what they leave blank has any one colour."""
    image = np.empty((side, side, 3), np.uint8)
    offsets = placings.offset - tiles[:, :2]
    blanks = rng.integers(0, 256, (len(tiles), 3)).tolist()
    borders = np.where(rng.random(len(tiles)) < BLANK, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE).tolist()
    rows = zip(tiles.tolist(), pictures, placings.scale.tolist(), placings.turns, offsets, borders, blanks, strict=True)
    for (x0, y0, x1, y1), picture, scale, turn, offset, border, blank in rows:
        # the smaller copy that is still as fine as the scene, so that nothing aliases
        source = picture.levels[max(0, min(len(picture.levels) - 1, int(-math.log2(scale))))]
        step = np.array(picture.levels[0].shape[1::-1]) / source.shape[1::-1]
        place = np.column_stack([turn * step, turn @ ((step - 1) / 2) + offset])
        cv2.warpAffine(
            source,
            place,
            (x1 - x0, y1 - y0),
            image[y0:y1, x0:x1],
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=blank,
        )
    return image


def placed(tiles: np.ndarray, pictures: Sequence[AnnotatedPicture], placings: Placings) -> Scene:
    """The faces of all pictures where they were placed, as far as their tiles show them."""
    whole = Scene.joined([picture.scene for picture in pictures])
    faces, ignored = (
        np.repeat(np.arange(len(tiles)), [len(getattr(picture.scene, name)) for picture in pictures])
        for name in ("oriented", "ignore")
    )
    return inside(moved(whole, placings, faces, ignored), tiles[faces], tiles[ignored])


def moved(scene: Scene, placings: Placings, faces: np.ndarray, ignored: np.ndarray) -> Scene:
    """Faces and boxes where their pictures were placed: which one, int [N] and int [M]."""
    turns, offsets, mirrored = placings.turns[faces], placings.offset[faces], placings.mirrored[faces]
    centres = _times(turns, scene.oriented[:, :2]) + offsets
    sizes = scene.oriented[:, 2:4] * placings.scale[faces, None]
    # unknown rolls are of people who stand upright in their photo
    rolls = np.nan_to_num(scene.oriented[:, 4]) * np.where(mirrored, -1, 1) + placings.angle[faces]
    rolls = (rolls + np.pi) % (2 * np.pi) - np.pi
    five = np.where(mirrored[:, None, None], scene.five[:, list(MIRRORED)], scene.five)
    low, high = scene.ignore[:, :2], scene.ignore[:, 2:]
    middles = _times(placings.turns[ignored], (low + high) / 2) + placings.offset[ignored]
    halves = _times(np.abs(placings.turns[ignored]), (high - low) / 2)
    return Scene(
        np.concatenate([centres, sizes, rolls[:, None]], axis=1),
        _times(turns, five) + offsets[:, None],
        np.concatenate([middles - halves, middles + halves], axis=1),
    )


def inside(scene: Scene, tiles: np.ndarray, ignored: np.ndarray) -> Scene:
    """What tiles show: of faces [N] those that are mostly inside theirs [N, 4], and to be ignored those that are cut.

    ignored: the tiles of the boxes that are ignored already [M, 4].
    """
    low, high = tiles[:, :2] - 0.5, tiles[:, 2:] - 0.5
    middles, halves = scene.oriented[:, :2], np.sqrt(np.prod(scene.oriented[:, 2:4], axis=1, keepdims=True)) / 2
    corners = np.concatenate([np.maximum(middles - halves, low), np.minimum(middles + halves, high)], axis=1)
    shown = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1) / np.square(2 * halves[:, 0])
    kept = (shown >= SHOWN) & ((middles > low) & (middles < high)).all(axis=1)
    ignore = np.concatenate(
        [np.maximum(scene.ignore[:, :2], ignored[:, :2] - 0.5), np.minimum(scene.ignore[:, 2:], ignored[:, 2:] - 0.5)],
        1,
    )
    ignore = np.concatenate([ignore[(ignore[:, 2:] > ignore[:, :2]).all(axis=1)], corners[(shown >= HINTED) & ~kept]])
    return Scene(scene.oriented[kept], scene.five[kept], ignore)


def standing(scene: Scene) -> Scene:
    """The scene with its heads that stand up as faces, up to `KNOWN`; those that lie or hang, beyond `TURNED`, are part
    of the background. So a detector learns to tell a picture that lies on its side."""
    roll = np.abs(scene.oriented[:, 4])
    kept, between = roll <= KNOWN, (roll > KNOWN) & (roll < TURNED)
    middles, halves = scene.oriented[between, :2], np.sqrt(np.prod(scene.oriented[between, 2:4], axis=1))[:, None] / 2
    ignore = np.concatenate([scene.ignore, np.concatenate([middles - halves, middles + halves], axis=1)])
    return Scene(scene.oriented[kept], scene.five[kept], ignore)
