"""Training faces as a person looks at them: crops with the points of labels and answers drawn in.

Pictures are uint8 RGB unless a function leaves the order to its caller. What faces look like that inference finds is
`infer/draw.py`'s: that needs a model's contract, this a label alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.rotations import rotation

TRUE_COLOUR, PREDICTED_COLOUR = (0, 220, 0), (255, 40, 40)  # colours of points, RGB
ERROR_COLOUR = (230, 230, 230)
RADIUS = 1.5  # of a point's dot, pixels
SHIFT = 4  # OpenCV takes places in sixteenths of a pixel
FARTHEST = float(1 << 16)  # pixels; OpenCV refuses places that do not fit into 32 bits


def points_in(label: np.ndarray, size: int, context: int = 0) -> np.ndarray:
    """The points of a label [2K] in pixels of a picture of its crop, float32 [K, 2]; NaN stays NaN.

    size: pixels of the crop along an edge; context: pixels around it.
    """
    return absolute_shape(np.reshape(label, (-1, 2)), picture_box(size, size)) + context


def draw_points(image: np.ndarray, points: np.ndarray, colour: Sequence[int], radius: float = RADIUS) -> None:
    """Draws a dot for every known point [K, 2], in pixels, into a picture uint8 [height, width, 3] of any order."""
    for point in points[np.isfinite(points).all(axis=1)]:
        cv2.circle(image, _place(point), round(radius * (1 << SHIFT)), colour, cv2.FILLED, cv2.LINE_AA, SHIFT)


def draw_boxes(image: np.ndarray, oriented: np.ndarray, colour: Sequence[int]) -> None:
    """Draws boxes that stand as their heads do [N, 5] (x, y, width, height, roll; NaN: upright), in pixels."""
    for box in oriented:
        corners = np.clip(corners_of(box), -FARTHEST, FARTHEST)
        cv2.polylines(image, [np.round(corners).astype(np.int32)], True, colour, 1, cv2.LINE_AA)


def corners_of(box: np.ndarray) -> np.ndarray:
    """The corners of a box that stands as its head does (x, y, width, height, roll), brow first: float64 [4, 2]."""
    x, y, width, height, roll = np.nan_to_num(np.asarray(box, np.float64))
    halves = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return halves @ rotation(roll).T + (x, y)


def draw_errors(image: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> None:
    """Draws a line from each known true point [K, 2], in pixels, to the predicted one."""
    known = np.isfinite(true).all(axis=1) & np.isfinite(predicted).all(axis=1)
    for start, end in zip(true[known], predicted[known], strict=True):
        cv2.line(image, _place(start), _place(end), ERROR_COLOUR, 1, cv2.LINE_AA, SHIFT)


def draw_answer(image: np.ndarray, label: np.ndarray, predicted: np.ndarray, scale: int = 2) -> np.ndarray:
    """The crop enlarged, true points green, predicted ones red: uint8 RGB [scale * S, scale * S, 3].

    image: uint8 [S, S, 3] RGB or [S, S, 1] grey; label, predicted: [2K], fractions of its side, NaN: not drawn.
    """
    image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.shape[2] == 1 else image
    drawn = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    for values, colour in ((label, TRUE_COLOUR), (predicted, PREDICTED_COLOUR)):
        draw_points(drawn, points_in(values, drawn.shape[0]), colour)
    return drawn


def sheet(tiles: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size in rows of so many, what is left of the last row black."""
    tiles = [*tiles, *[np.zeros_like(tiles[0])] * (-len(tiles) % columns)]
    return np.vstack([np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)])


def in_tile(picture: np.ndarray, edge: int, grey: int = 127) -> np.ndarray:
    """The picture uint8 [height, width, 3] in the corner of a tile [edge, edge, 3], cut where it is larger."""
    tile = np.full((edge, edge, 3), grey, np.uint8)
    height, width = np.minimum(picture.shape[:2], edge)
    tile[:height, :width] = picture[:height, :width]
    return tile


def _place(point: np.ndarray) -> tuple[int, int]:
    x, y = np.round(np.clip(point, -FARTHEST, FARTHEST) * (1 << SHIFT))
    return int(x), int(y)
