"""The faces that a detector missed and the things that it invented, as contact sheets."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from infer.draw import contact_sheet
from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from records.detections import FALSE_ALARM
from records.drawing import PREDICTED_COLOUR, TRUE_COLOUR
from records.judging import LEAST, Judged
from tools.evaluation.scenes.truth import TrueScene

SHOWN = 48  # of each kind
TILE, TILE_MARGIN = 160, 0.5  # pixels, and what a tile shows beyond its box, of its longer edge
COLUMNS = 8
GREEN, RED = TRUE_COLOUR[::-1], PREDICTED_COLOUR[::-1]  # missed and invented, BGR


@dataclass(order=True)
class SceneTile:
    """A box and what surrounds it, uint8 [TILE, TILE, 3] BGR; what has the largest rank is shown first."""

    rank: float
    caption: str
    image: np.ndarray = field(compare=False)


@dataclass(eq=False)
class Tiles:
    """The largest faces that were missed, and the surest things that were invented, SHOWN of each."""

    missed: list[SceneTile] = field(default_factory=list)
    invented: list[SceneTile] = field(default_factory=list)

    def add(self, scene: TrueScene, judged: Judged, found: np.ndarray, threshold: float) -> None:
        """Keeps what a scene adds. judged: of that scene alone; found: boxes [M, 4], surest first."""
        counted = [face.box for face in scene.faces if face.height >= LEAST]
        for box, height, score in zip(counted, judged.heights, judged.best_scores(), strict=True):
            if score < threshold:
                _keep(self.missed, scene, box, float(height), f"{height:.0f} px", GREEN)
        for box, score, partner in zip(found, judged.scores, judged.partners, strict=True):
            if partner == FALSE_ALARM and score >= threshold:
                _keep(self.invented, scene, box, float(score), f"{score:.2f}", RED)


def _keep(
    tiles: list[SceneTile], scene: TrueScene, box: np.ndarray, rank: float, words: str, colour: Sequence[int]
) -> None:
    if len(tiles) == SHOWN and rank <= tiles[0].rank:
        return
    tile = SceneTile(rank, f"{words} {scene.key.rpartition('/')[2]}", tile_of(scene.image, box, colour))
    heapq.heappushpop(tiles, tile) if len(tiles) == SHOWN else heapq.heappush(tiles, tile)


def tile_of(image: np.ndarray, box: np.ndarray, colour: Sequence[int]) -> np.ndarray:
    """What lies in and around a box, which is drawn, uint8 [TILE, TILE, 3]."""
    crop = Crop.around(box, TILE_MARGIN, TILE)
    tile = crop.cut(image)
    corners = np.reshape(box, (2, 2))
    first, last = absolute_shape(crop.to_fractions(corners), picture_box(TILE, TILE)).round().astype(int).tolist()
    cv2.rectangle(tile, first, last, list(colour), 1)
    return tile


def sheet_of(tiles: Sequence[SceneTile]) -> np.ndarray:
    """The tiles by falling rank, with their captions: uint8 [height, width, 3] BGR."""
    falling = sorted(tiles, reverse=True)
    return contact_sheet([tile.image for tile in falling], [tile.caption for tile in falling], COLUMNS, TILE)
