"""The inner points of the iBUG 68 as seen from straight ahead, and the curves through them that are painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

from tools.draw.measures import BROWS, EYES, LIPS, NOSE
from tools.draw.person import Eye, Mouth, Person


def plane_points(person: Person) -> np.ndarray:
    """The iBUG points 17 to 67 as seen from straight ahead: float64 (68, 2) in mm; the jaw (0 to 16) is NaN."""
    points = np.full((68, 2), np.nan)
    points[BROWS], points[NOSE] = _brow_points(person), _nose_points(person)
    points[EYES], points[LIPS] = _eye_points(person.eye), _lip_points(person.mouth)
    return points


def mirrored(points: np.ndarray) -> np.ndarray:
    """The same places (N, 2) on the face's other side."""
    return points * (-1, 1)


def _brow_points(person: Person) -> np.ndarray:
    """Points 17 to 26: along the upper edge of the brows' middle line, outer end first on the picture's left."""
    brow, along = person.brow, np.linspace(1, 0, 5)  # 1 = outer end
    x = person.eye.x - 14 + 38 * along
    y = person.eye.y + 18.5 + brow.lift + brow.arch * (1 - ((along - 0.4) / 0.6) ** 2) + brow.tilt * along
    left = np.column_stack([-x, y - 2.5 * along**3])
    return np.concatenate([left, mirrored(left)[::-1]])


def _nose_points(person: Person) -> np.ndarray:
    nose, top = person.nose, person.eye.y
    tip = top - nose.length
    bridge = [(0, top - nose.length * part) for part in (0.0, 0.34, 0.72, 1.0)]
    under = [(nose.wing * x, tip - y) for x, y in ((-0.92, 9.0), (-0.48, 11.0), (0, 12.0), (0.48, 11.0), (0.92, 9.0))]
    return np.array(bridge + under)


def eyelid(eye: Eye, place: Sequence[float] | np.ndarray, upper: bool) -> np.ndarray:
    """Lid of the eye at the picture's right: float64 (N, 2) in mm at places -1 (inner corner) to 1 (outer corner)."""
    place = np.asarray(place, np.float64)
    bulge = eye.up * (1 - np.abs(place) ** 2.3) if upper else -eye.low * (1 - place**2)
    return np.column_stack([eye.x + eye.half * place, eye.y + eye.slant * place + bulge])


def _eye_points(eye: Eye) -> np.ndarray:
    upper, lower = eyelid(eye, [-1, -0.38, 0.36, 1], True), eyelid(eye, [0.36, -0.38], False)
    left = np.concatenate([upper, lower])  # 42 to 47: inner, upper two, outer, lower two
    return np.concatenate([mirrored(left)[[3, 2, 1, 0, 5, 4]], left])


def _lip_points(mouth: Mouth) -> np.ndarray:
    """Points 48 to 67; `gap` opens the mouth by letting the lower lip down."""
    half, y, gap, smile = mouth.half, mouth.y, mouth.gap, mouth.smile
    corner = y + 2.6 * smile - 0.22 * gap
    top, bottom, low = mouth.upper, mouth.lower, y - gap
    outer = [
        (-half, corner),
        (-0.62 * half, y + 0.62 * top + 0.6 * smile),
        (-0.22 * half, y + top),
        (0, y + 0.80 * top),
        (0.22 * half, y + top),
        (0.62 * half, y + 0.62 * top + 0.6 * smile),
        (half, corner),
        (0.64 * half, low - 0.66 * bottom + 0.3 * gap),
        (0.30 * half, low - 0.95 * bottom),
        (0, low - bottom),
    ]
    outer += [(-x, v) for x, v in outer[8:6:-1]]
    upper = [
        (-0.86 * half, corner),
        (-0.30 * half, y + 0.3),
        (0, y - 0.5),
        (0.30 * half, y + 0.3),
        (0.86 * half, corner),
    ]
    lower = [(0.30 * half, low - 0.6), (0, low - 1.1), (-0.30 * half, low - 0.6)]
    return np.array(outer + upper + lower)


def curve(points: np.ndarray, count: int = 40) -> np.ndarray:
    """`count` points, float64 (count, 2), of a smooth curve through points whose x rises or falls all the way."""
    points = points if points[0, 0] < points[-1, 0] else points[::-1]
    x = np.linspace(points[0, 0], points[-1, 0], count)
    return np.column_stack([x, PchipInterpolator(points[:, 0], points[:, 1])(x)])


def ring(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Closed outline, float64 (N, 2), between two curves that run left to right."""
    return np.concatenate([upper, lower[::-1]])
