"""Colours of skin, hair, eyes and what surrounds them: RGB 0..255."""

from __future__ import annotations

import numpy as np

SKIN_TONES = np.array(
    [(246, 217, 200), (236, 196, 172), (222, 175, 144), (198, 146, 112), (160, 108, 76), (112, 74, 54), (76, 50, 40)],
    np.float64,
)
HAIR_COLOURS = np.array(
    [
        (28, 24, 22),
        (45, 32, 25),
        (84, 56, 36),
        (130, 90, 52),
        (196, 158, 98),
        (226, 200, 150),
        (134, 62, 32),
        (150, 148, 146),
        (222, 220, 216),
    ],
    np.float64,
)
IRIS_COLOURS = np.array(
    [(62, 40, 26), (84, 56, 32), (104, 84, 48), (84, 104, 78), (82, 112, 140), (120, 140, 152)], np.float64
)


def between(table: np.ndarray, position: float) -> np.ndarray:
    """Row `position` of a table of colours, float64 (3,), with linear steps between rows."""
    low = min(int(position), len(table) - 2)
    return table[low] + (position - low) * (table[low + 1] - table[low])


def muted(rng: np.random.Generator) -> np.ndarray:
    """A random colour, RGB float64 (3,), mostly little saturated, as walls, clothes and gardens are."""
    colour = rng.uniform(8, 240, 3)
    return colour.mean() + rng.beta(1.2, 2.5) * (colour - colour.mean())
