"""Error measures, the only home of them: training, evaluation and the export gate use these functions.

All take `predicted` and `true` as float [N, K, 2] in any one unit; points that are NaN in `true` take no part.
"""

from __future__ import annotations

import numpy as np

from records.landmarks import IBUG_68, Scheme

YAW_BINS = ("yaw 0-30", "yaw 30-60", "yaw 60-90")  # degrees either way


def point_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Euclidean distance of every point, float64 [N, K], in the points' unit; NaN where the true point is unknown.

    Raises ValueError on shapes that differ, and on predictions that are not finite.
    """
    predicted, true = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if predicted.shape != true.shape or predicted.ndim != 3 or predicted.shape[2] != 2:
        raise ValueError(f"points: predicted are {predicted.shape}, true {true.shape}, expected both [N, K, 2]")
    if not np.isfinite(predicted).all():
        raise ValueError("points: found predicted values that are not finite")
    return np.linalg.norm(predicted - true, axis=2)


def inter_ocular(true: np.ndarray, scheme: Scheme = IBUG_68) -> np.ndarray:
    """Distance of the outer eye corners, float64 [N], in the points' unit; NaN where one of them is unknown.

    Sagonas et al., "A semi-automatic methodology for facial landmark annotation", CVPR workshops 2013.
    """
    first, second = scheme.corners
    true = np.asarray(true, np.float64)
    return np.linalg.norm(true[:, first] - true[:, second], axis=1)


def box_size(true: np.ndarray) -> np.ndarray:
    """sqrt(width * height) of the box tight around the known points, float64 [N], in the points' unit.

    Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D face alignment problem?", ICCV 2017, section 3.3.
    """
    true = np.asarray(true, np.float64)
    low = np.where(np.isnan(true), np.inf, true).min(axis=1)
    high = np.where(np.isnan(true), -np.inf, true).max(axis=1)
    size = np.where(np.isfinite(high - low), high - low, np.nan)
    return np.sqrt(size[:, 0] * size[:, 1])


def nme_per_face(
    predicted: np.ndarray, true: np.ndarray, norm: str = "inter_ocular", scheme: Scheme = IBUG_68
) -> np.ndarray:
    """Normalised mean error of each face, float64 [N], as a fraction: mean point error over the norm.

    norm: "inter_ocular" or "box". NaN for a face without any known point, or whose norm is unknown or zero.
    """
    if norm not in ("inter_ocular", "box"):
        raise ValueError(f"norm: found {norm!r}, expected inter_ocular or box")
    length = inter_ocular(true, scheme) if norm == "inter_ocular" else box_size(true)
    errors = point_errors(predicted, true)
    known = np.isfinite(errors)
    total = np.where(known, errors, 0).sum(axis=1)
    count = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((count > 0) & (length > 0), total / count / length, np.nan)


def mean_nme(predicted: np.ndarray, true: np.ndarray, norm: str = "inter_ocular", scheme: Scheme = IBUG_68) -> float:
    """Mean of `nme_per_face` over the faces that have one, as a fraction; NaN where none has."""
    per_face = nme_per_face(predicted, true, norm, scheme)
    known = np.isfinite(per_face)
    return float(per_face[known].mean()) if known.any() else float("nan")


def yaw_bin(yaw: np.ndarray) -> np.ndarray:
    """Index of the |yaw| bin of AFLW2000-3D's protocol, int [N]: 0: under 30 degrees, 1: under 60, 2: more; -1 unknown.

    yaw: radians, [N]. Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016, section 5.
    """
    degrees = np.abs(np.degrees(np.asarray(yaw, np.float64)))
    return np.where(np.isnan(degrees), -1, np.digitize(degrees, (30.0, 60.0)))
