"""The head's surface: a round head from its horizontal sections, and the features that stand out of it."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from tools.draw.grid import close
from tools.draw.measures import CHIN_ROW, COLS, OUTLINE, ROWS
from tools.draw.person import Person


def sections(person: Person, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Half width, height, front, middle and back of the horizontal sections: float64 (rows, 5) in mm, crown to chin.

    And at which of the outline's knots they lie: float64 (rows,).
    """
    knots = np.arange(len(OUTLINE), dtype=np.float64)
    dense = np.interp(np.linspace(0, 1, rows), [0, 0.16, 0.32, 1], [0, 2.5, 4.2, CHIN_ROW])  # fewer rows under the hair
    return CubicSpline(knots, person.outline)(dense), dense


def columns(count: int = COLS) -> np.ndarray:
    """Angles around the head, float64 (count,), -pi to pi with 0 in front, closer together in front."""
    u = np.linspace(-1, 1, count)
    return np.pi * (0.60 * u + 0.40 * u**3)


def round_surface(cut: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The head without features: float64 (rows, columns, 3) from sections (rows, 5) and angles (columns,)."""
    sine, cosine = np.sin(angles)[None], np.cos(angles)[None]
    half, height, front, middle, back = (cut[:, k : k + 1] for k in range(5))
    z = middle + np.where(cosine > 0, front - middle, middle - back) * cosine
    return np.stack([half * sine, np.broadcast_to(height, z.shape), z], axis=-1)


def skin_grid(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """The head's surface with features: float64 (ROWS, COLS, 3), and at which knots its rows lie, float64 (ROWS,)."""
    cut, dense = sections(person)
    angles = columns()
    grid = round_surface(cut, angles)
    facing = np.clip(np.cos(angles) / 0.35, 0, 1)[None]
    grid[..., 2] += relief(person, grid[..., 0], grid[..., 1]) * facing
    close(grid)
    return grid, dense


def find_on_grid(person: Person, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fractional rows and columns, float64 (N,) each, of the places of the face at x, y (N, 2) in mm."""
    cut, _ = sections(person)
    row = np.interp(-points[:, 1], -cut[:, 1], np.arange(ROWS))
    half = np.interp(row, np.arange(ROWS), cut[:, 0])
    angle = np.arcsin(np.clip(points[:, 0] / half, -1, 1))
    return row, np.interp(angle, columns(), np.arange(COLS))


def relief(person: Person, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the features stand out of the round head: mm along z at places x, y (mm) of the front, same shape."""
    eye, mouth = person.eye, person.mouth
    side = np.abs(x)
    total = _nose_relief(person, x, y)
    for height, cx, cy, wx, wy in (
        (-7.5, eye.x - 3, eye.y + 2, 15, 9),
        (-4.0, 15, eye.y + 1, 6, 8),
        (4.5, eye.x, eye.y, 10, 7),
        (3.5, 27, eye.y + 21, 19, 6),
        (3.0 + 2 * max(mouth.smile, 0), 44, eye.y - 30, 15, 13),
        (-2.0, 58, 58, 12, 18),
        (-1.5 - 1.5 * max(mouth.smile, 0), 32, mouth.y + 10, 5, 14),
    ):
        total = total + height * _bump(side, y, cx, cy, wx, wy)
    return total + _mouth_relief(person, x, y)


def _bump(x: np.ndarray, y: np.ndarray, cx: float, cy: float, wx: float, wy: float) -> np.ndarray:
    return np.exp(-0.5 * (((x - cx) / wx) ** 2 + ((y - cy) / wy) ** 2))


def _nose_relief(person: Person, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    nose, top = person.nose, person.eye.y
    tip = top - nose.length
    bridge = [top + 16, top + 8, top, top - 0.34 * nose.length, top - 0.72 * nose.length]
    heights = [*bridge, tip + 1, tip - 4, tip - 8, tip - 11.5, tip - 15]
    ridge = np.array([0, 2.5, 6, 13 + nose.hook, 19 + nose.hook, 22, 20.5, 14, 5, 0]) * nose.height
    width = nose.width * np.interp(y, [tip - 10, tip, top], [8.5, 7.2, 5.2])
    spline = PchipInterpolator(heights[::-1], ridge[::-1])
    body = np.where((y < heights[0]) & (y > heights[-1]), spline(np.clip(y, heights[-1], heights[0])), 0)
    wing = 8.5 * _bump(np.abs(x), y, 0.80 * nose.wing, tip - 4.5, 4.2, 4.0)
    return body * np.exp(-0.5 * (x / width) ** 2) + wing


def _mouth_relief(person: Person, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    mouth = person.mouth
    gap, low = mouth.gap, mouth.y - mouth.gap
    spread = 0.55 * mouth.half
    upper = 3.2 * _bump(x, y, 0, mouth.y + 0.5 * mouth.upper, spread, 0.5 * mouth.upper)
    lower = 4.0 * _bump(x, y, 0, low - 0.5 * mouth.lower, spread, 0.45 * mouth.lower)
    line = -2.0 * _bump(x, y, 0, mouth.y - 0.5 * gap, 0.75 * mouth.half, 1.3 + 0.30 * gap) * (1 + 0.35 * gap)
    fold = -3.0 * _bump(x, y, 0, low - mouth.lower - 5, 16, 5)
    chin = 4.0 * _bump(x, y, 0, person.outline[CHIN_ROW, 1] + 15, 13, 9)
    return upper + lower + line + fold + chin
