"""What every cell ought to say of a scene: which cells look at which face, and which at nothing that counts.

A face belongs to the levels whose range its size lies in, and there to the cells near its centre: centre sampling, Tian
et al., "FCOS", ICCV 2019, with ranges that overlap. What lies between the ranges, or is marked to be ignored, counts
neither as a face nor as background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infer.geometry.cells import cell_centres, encoded
from infer.geometry.levels import FIELDS, Level
from net.detector.shape import LEVELS

TARGETS = FIELDS + 1  # numbers a cell: state, fields 1 to 14, roll
FACE, NOTHING, IGNORED = 1.0, 0.0, -1.0  # states
RANGES = ((7.0, 42.0), (28.0, 92.0), (64.0, np.inf))  # of a face's size in pixels, level by level
AROUND = 1.25  # so much beyond its range a face is still ignored on a level
NEAR, HALF, FARTHEST = 0.22, 0.5, 1.5  # reach of a face: a part of its size, and of the stride; and strides at most
WINDOW = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2)  # beyond any reach


@dataclass(frozen=True)
class Scene:
    """A picture's faces: oriented float64 [N, 5] as `infer.geometry.oriented` has it, NaN roll unknown; five float64
    [N, 5, 2], NaN unknown; ignore: upright boxes (x0, y0, x1, y1) float64 [M, 4]; all in pixels."""

    oriented: np.ndarray
    five: np.ndarray
    ignore: np.ndarray

    @classmethod
    def joined(cls, scenes: Sequence[Scene]) -> Scene:
        """The faces of several scenes as of one."""
        names = ("oriented", "five", "ignore")
        return cls(*(np.concatenate([getattr(scene, name) for scene in scenes]) for name in names))


def targets_of(scene: Scene, side: int) -> list[np.ndarray]:
    """The targets of every level of a square scene of `side` pixels, fine to coarse: float32 [h, w, TARGETS] each."""
    return [level_targets(scene, level, *span, side) for level, span in zip(LEVELS, RANGES, strict=True)]


def level_targets(scene: Scene, level: Level, least: float, most: float, side: int) -> np.ndarray:
    """The targets of one level, which answers for faces of `least` to `most` pixels: float32 [h, w, TARGETS]."""
    edge = side // level.stride
    targets = np.zeros((edge, edge, TARGETS), np.float32)
    for x0, y0, x1, y1 in _cells_inside(scene.ignore, level, edge):
        targets[y0:y1, x0:x1, 0] = IGNORED
    sizes = np.sqrt(np.prod(scene.oriented[:, 2:4], axis=1))
    faces, rows, columns = _cells_near(scene.oriented, sizes, level, edge)
    beside = (sizes < least) | (sizes >= most)
    ignored = beside[faces] & (sizes < most * AROUND)[faces]
    targets[rows[ignored], columns[ignored], 0] = IGNORED
    taken = ~beside[faces]
    _fill(targets, rows[taken], columns[taken], scene, faces[taken], level)
    return targets


def _cells_inside(boxes: np.ndarray, level: Level, edge: int) -> list[list[int]]:
    """Of upright boxes [M, 4], half a stride wider on all sides, the cells with their centres inside: x0, y0, x1, y1,
    the last two beyond the last cell."""
    low = np.ceil((boxes[:, :2] + 0.5) / level.stride - 1)
    high = np.floor((boxes[:, 2:] + 0.5) / level.stride) + 1
    return np.clip(np.concatenate([low, high], axis=1), 0, edge).astype(int).tolist()


def _cells_near(
    oriented: np.ndarray, sizes: np.ndarray, level: Level, edge: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which cells look at which faces: those in a face's reach, and the nearest one; none outside.

    Returns numbers of faces, rows and columns, int [C] each, the largest faces first: who writes in this order leaves
    to small ones the cells that both want.
    """
    order = np.argsort(-sizes)
    centres = (oriented[order, :2] + 0.5) / level.stride - 0.5  # in cells
    reach = np.minimum(NEAR * sizes[order] / level.stride + HALF, FARTHEST)
    columns, rows = (np.round(centres)[:, None] + WINDOW).astype(int).transpose(2, 0, 1)
    apart = np.hypot(columns - centres[:, :1], rows - centres[:, 1:])
    near = (apart <= np.maximum(reach, apart.min(axis=1, initial=np.inf))[:, None]) & _within(rows, edge)
    faces, which = np.nonzero(near & _within(columns, edge))
    return order[faces], rows[faces, which], columns[faces, which]


def _within(numbers: np.ndarray, edge: int) -> np.ndarray:
    return (numbers >= 0) & (numbers < edge)


def _fill(targets: np.ndarray, rows, columns, scene: Scene, faces: np.ndarray, level: Level) -> None:
    """Tells cells [C] what to say of their faces [C]; of a cell named twice the last one counts."""
    places = cell_centres(level, *targets.shape[:2])[rows, columns]
    targets[rows, columns, 0] = FACE
    targets[rows, columns, 1:FIELDS] = encoded(scene.oriented[faces], scene.five[faces], places, level)
    targets[rows, columns, FIELDS] = np.nan_to_num(scene.oriented[faces, 4])
