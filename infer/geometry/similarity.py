"""The similarity between two sets of points: scale, turn and shift."""

from __future__ import annotations

import numpy as np


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """(scale, rotation [2, 2], shift [2]) that bring source [N, 2] closest to target [N, 2]: scale * R x + shift.

    Least squares, no reflection: S. Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 13 (1991), equations 34 to 42. The points of `source` must not all be one.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    covariance = (target - target_mean).T @ (source - source_mean) / len(source)
    u, d, vt = np.linalg.svd(covariance)
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    turn = u * sign @ vt
    scale = float(d @ sign / ((source - source_mean) ** 2).sum(axis=1).mean())
    return scale, turn, target_mean - scale * turn @ source_mean
