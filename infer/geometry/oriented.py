"""Boxes that stand as the head does, (x, y, width, height, roll): of points, of upright boxes, and back.

x, y: the centre in pixels; width, height: of the landmark box as seen by somebody whose head leans as far, in pixels;
roll: radians, clockwise as seen, 0 for an upright head. Two ways lead between such a box and the upright box that is
tight around the points: with the points exactly, without them as if the points lay on an ellipse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .boxes import box_of
from .rotations import rotation

SQUARE = 0.5  # of cos(2 roll): where it is less, an upright box hardly tells width from height
LONGEST = 1.6  # of width over height, or height over width: no face's box is longer


def roll_of(five: ArrayLike) -> np.ndarray:
    """The roll of faces by five points [..., 5, 2] (eyes, nose tip, mouth corners), float64 [...], radians.

    The line from between the eyes to between the mouth's corners: in profile, where the line of the eyes says nothing,
    it is still within 3 degrees of the head's own axis (median over 300W-LP's views; 7 at the 95th percentile).
    NaN where a point is unknown.
    """
    five = np.asarray(five, np.float64)
    down = five[..., 3:, :].mean(axis=-2) - five[..., :2, :].mean(axis=-2)
    return np.arctan2(-down[..., 0], down[..., 1])


def oriented_around(points: ArrayLike, roll: float) -> np.ndarray:
    """The box, tight around points [K, 2], of a head that leans by `roll`: float64 [5]. NaN points take no part."""
    turn = rotation(roll)
    x0, y0, x1, y1 = box_of(np.asarray(points, np.float64) @ turn)
    x, y = turn @ ((x0 + x1) / 2, (y0 + y1) / 2)
    return np.array([x, y, x1 - x0, y1 - y0, roll])


def oriented_from(boxes: ArrayLike, rolls: ArrayLike) -> np.ndarray:
    """The boxes that heads of these rolls [N] have in upright boxes (x0, y0, x1, y1) [N, 4]: float64 [N, 5].

    As if the points lay on an ellipse, whose tight boxes these are; near 45 degrees, where that has no one answer, as
    wide as high. NaN rolls (nothing known) count as upright, and stay NaN.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    rolls = np.asarray(rolls, np.float64).reshape(-1)
    wide, high = np.square(boxes[:, 2:] - boxes[:, :2]).T
    double = np.cos(2 * np.nan_to_num(rolls))
    steep = np.abs(double) >= SQUARE
    apart = np.where(steep, (wide - high) / np.where(steep, double, 1), 0)
    limit = (wide + high) * (LONGEST**2 - 1) / (LONGEST**2 + 1)
    apart = np.clip(apart, -limit, limit)
    sizes = np.sqrt(np.stack([wide + high + apart, wide + high - apart], axis=1) / 2)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, sizes, rolls[:, None]], axis=1)


def boxes_around(oriented: ArrayLike) -> np.ndarray:
    """The upright boxes (x0, y0, x1, y1), float64 [N, 4], tight around the ellipses in oriented boxes [N, 5]."""
    oriented = np.asarray(oriented, np.float64).reshape(-1, 5)
    rolls = np.nan_to_num(oriented[:, 4:])
    cos, sin = np.cos(rolls), np.sin(rolls)
    width, height = oriented[:, 2:3], oriented[:, 3:4]
    halves = np.concatenate([np.hypot(width * cos, height * sin), np.hypot(width * sin, height * cos)], axis=1) / 2
    return np.concatenate([oriented[:, :2] - halves, oriented[:, :2] + halves], axis=1)
