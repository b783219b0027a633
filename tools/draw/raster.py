"""Which triangle each pixel shows, and what that triangle's corners give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOWS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Fragments:
    """What each pixel shows, (height, width): the triangle's number int32, -1 = none, the weights of its first two
    corners float32, and the depth float32, -inf where there is none.
    """

    number: np.ndarray
    first: np.ndarray
    second: np.ndarray
    depth: np.ndarray

    def within(self, box: tuple[slice, slice]) -> Fragments:
        """Those of some rows and columns."""
        return Fragments(self.number[box], self.first[box], self.second[box], self.depth[box])


def rasterise(flat: np.ndarray, depth: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> Fragments:
    """What the pixels of a picture of `shape` (height, width) show.

    `flat` float32 (V, 2) in pixels, `depth` float32 (V,), larger is nearer, `triangles` int (T, 3). Every triangle is
    tried on a square window of pixels that holds its bounding box; the nearest wins (a z-buffer). NumPy has no inner
    loop over triangles, so triangles of one window size are tried together, on a canvas with room for their windows.
    """
    a, b, c = (np.take(flat, triangles[:, k], axis=0) for k in range(3))
    low = np.ceil(np.minimum(np.minimum(a, b), c)).astype(np.int32)
    size = np.floor(np.maximum(np.maximum(a, b), c)).astype(np.int32) - low + 1
    shown = (size > 0) & (low < (shape[1], shape[0])) & (low + size > 0)
    reach = np.where(shown[:, 0] & shown[:, 1], np.maximum(size[:, 0], size[:, 1]), 0)
    margin = int(min(reach.max(initial=0), WINDOWS[-1])) + 1
    margin = next((side for side in WINDOWS if side >= margin), WINDOWS[-1])
    wide, high = shape[1] + 2 * margin, shape[0] + 2 * margin
    first_pixel = (low[:, 1] + margin) * wide + low[:, 0] + margin
    found = []
    for previous, side in zip((0, *WINDOWS), WINDOWS, strict=False):
        part = np.flatnonzero((reach > previous) & (reach <= side))
        if len(part):
            inside = _cover([corner[part] for corner in (a, b, c)], low[part], side)
            found.append(_pixels(inside, part, side, np.take(first_pixel, part), np.take(depth, triangles[part]), wide))
    layers = _nearest(found, wide * high)
    return Fragments(*(layer.reshape(high, wide)[margin:-margin, margin:-margin] for layer in layers))


def _cover(corners: Sequence[np.ndarray], low: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first two weights of all pixels of the windows, float32 (T, side * side), and where these lie inside."""
    from_window = [(corner - low).T.astype(np.float32) for corner in corners]
    (ax, ay), (bx, by), (cx, cy) = from_window
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    scale = np.float32(1) / np.where(np.abs(area) < 1e-9, np.float32(np.nan), area)  # NaN: a line covers nothing
    down, right = (axis.astype(np.float32) for axis in np.divmod(np.arange(side * side), side))

    def weight(px, py, qx, qy):  # the area towards the edge p-q over the whole: 0 on that edge, 1 in the other corner
        per_column, per_row = (py - qy) * scale, (qx - px) * scale
        values = per_column[:, None] * right
        values += per_row[:, None] * down
        values -= (per_column * px + per_row * py)[:, None]
        return values

    first, second = weight(bx, by, cx, cy), weight(cx, cy, ax, ay)
    inside = first >= -1e-4
    inside &= second >= -1e-4
    inside &= first + second <= 1.0001
    return first, second, inside


def _pixels(
    cover: tuple[np.ndarray, np.ndarray, np.ndarray],
    numbers: np.ndarray,
    side: int,
    first_pixel: np.ndarray,
    depth: np.ndarray,
    wide: int,
) -> tuple[np.ndarray, ...]:
    """Pixels inside triangles: flat index, depth, triangle and first two weights, each (N,)."""
    first, second, inside = cover
    found = np.flatnonzero(inside)
    which = np.repeat(np.arange(len(numbers)), np.count_nonzero(inside, axis=1))
    step = found - which * (side * side)
    offset = (np.arange(side)[:, None] * wide + np.arange(side)).ravel()
    w0, w1 = np.take(first.ravel(), found), np.take(second.ravel(), found)
    far = depth[:, 2]
    z = w0 * np.take(depth[:, 0] - far, which) + w1 * np.take(depth[:, 1] - far, which) + np.take(far, which)
    return np.take(first_pixel, which) + np.take(offset, step), z, np.take(numbers, which), w0, w1


def _nearest(found: Sequence[tuple[np.ndarray, ...]], count: int) -> tuple[np.ndarray, ...]:
    """The z-buffer of `rasterise`: the fields of `Fragments`, flat."""
    number, nearest = np.full(count, -1, np.int32), np.full(count, -np.inf, np.float32)
    first, second = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if found:
        place, depth, triangle, w0, w1 = (np.concatenate(column) for column in zip(*found, strict=True))
        np.maximum.at(nearest, place, depth)
        won = np.flatnonzero(depth >= np.take(nearest, place))
        place = np.take(place, won)
        for layer, values in ((number, triangle), (first, w0), (second, w1)):
            layer[place] = np.take(values, won)
    return number, first, second, nearest


def interpolate(attributes: np.ndarray, triangles: np.ndarray, seen: Fragments) -> np.ndarray:
    """Attributes float32 (A, V) as pictures, float32 (A, height, width), 0 where there is no triangle."""
    place = np.flatnonzero(seen.number >= 0)
    chosen, w0, w1 = (np.take(layer, place) for layer in (seen.number, seen.first, seen.second))
    layers = np.zeros((len(attributes), seen.number.size), np.float32)
    for layer, values in zip(layers, attributes, strict=True):  # one at a time: long rows suit NumPy
        a, b, c = (np.take(values, triangles[:, k]) for k in range(3))
        layer[place] = w0 * np.take(a - c, chosen) + w1 * np.take(b - c, chosen) + np.take(c, chosen)
    return layers.reshape(-1, *seen.number.shape)
