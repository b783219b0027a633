"""The light that a head stands in, and how bright a surface is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """A lamp (unit direction to it, RGB strength) and light from all around (RGB from above, RGB from below)."""

    direction: np.ndarray
    lamp: np.ndarray
    above: np.ndarray
    below: np.ndarray


def random_light(rng: np.random.Generator) -> Light:
    """A random light, mostly from the front and above."""
    side, height = np.radians(rng.normal(0, 38)), np.radians(rng.normal(28, 18))
    direction = np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)])
    warm = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.05) * np.array([1, 0, -1])
    lamp, around = rng.uniform(0.45, 0.95), rng.uniform(0.25, 0.55)
    cool = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.05) * np.array([1, 0, -1])
    return Light(direction, lamp * warm, around * cool, around * 0.55 * cool)


def shade(normals: np.ndarray, dim: np.ndarray, gloss: np.ndarray, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """How bright a surface is, float32 (N, 3) to multiply sRGB colours with, and its highlight, float32 (N,) 0..255."""
    wrap = np.array([0.30, 0.20, 0.16])  # light creeps around soft skin, red the furthest
    lit = np.maximum((normals @ light.direction)[:, None] + wrap, 0) / (1 + wrap)
    sky = (0.5 + 0.5 * normals[:, 1])[:, None]
    energy = (light.lamp * lit + light.above * sky + light.below * (1 - sky)) * dim[:, None] ** 1.6
    half = light.direction + (0, 0, 1)
    shine = np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** 18
    return np.power(energy, 1 / 2.2).astype(np.float32), (shine * gloss * 255 * light.lamp.mean()).astype(np.float32)
