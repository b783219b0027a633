"""Error measures, the only home of them: training, evaluation and the acceptance test of export use these functions.

All take `predicted` and `true` as float [N, K, 2] in any one unit; points that are NaN in `true` take no part. Measures
of a set take the errors of its faces, float [N]: NaN is a face without an error (it takes no part), infinity one that
was not found (it fails at every threshold).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from records.landmarks import IBUG_68, Scheme

NORMS = ("inter_ocular", "inter_pupil", "box")
THRESHOLDS = (0.08, 0.10)  # of AUC and failure rate, as in the 300-W challenge's reports
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
    """Distance of the outer eye corners, float64 [N], in the points' unit; NaN where one is unknown, or the scheme has
    none.

    Sagonas et al., "A semi-automatic methodology for facial landmark annotation", CVPR workshops 2013.
    """
    true = np.asarray(true, np.float64)
    if not scheme.corners:
        return np.full(len(true), np.nan)
    first, second = scheme.corners
    return np.linalg.norm(true[:, first] - true[:, second], axis=1)


def inter_pupil(true: np.ndarray, scheme: Scheme = IBUG_68) -> np.ndarray:
    """Distance of the eye centres, float64 [N], in the points' unit; NaN where a point of an eye is unknown, or the
    scheme has none.

    A centre is the mean of the eye's points, as the 68 have no pupils: Ren et al., "Face Alignment at 3000 FPS via
    Regressing Local Binary Features", CVPR 2014, section 4, and who compares with it on 300-W.
    """
    true = np.asarray(true, np.float64)
    if not scheme.left_eye:
        return np.full(len(true), np.nan)
    left, right = (true[:, list(eye)].mean(axis=1) for eye in (scheme.left_eye, scheme.right_eye))
    return np.linalg.norm(left - right, axis=1)


def box_size(true: np.ndarray) -> np.ndarray:
    """sqrt(width * height) of the box tight around the known points, float64 [N], in the points' unit.

    Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D face alignment problem?", ICCV 2017, section 3.3.
    """
    true = np.asarray(true, np.float64)
    low = np.where(np.isnan(true), np.inf, true).min(axis=1)
    high = np.where(np.isnan(true), -np.inf, true).max(axis=1)
    size = np.where(np.isfinite(high - low), high - low, np.nan)
    return np.sqrt(size[:, 0] * size[:, 1])


def norm_length(true: np.ndarray, norm: str, scheme: Scheme = IBUG_68) -> np.ndarray:
    """The length that errors are divided by, float64 [N], in the points' unit; NaN where unknown or zero.

    norm: one of NORMS. Raises ValueError for another.
    """
    if norm not in NORMS:
        raise ValueError(f"norm: found {norm!r}, expected one of {', '.join(NORMS)}")
    lengths = {"inter_ocular": inter_ocular, "inter_pupil": inter_pupil}
    length = lengths[norm](true, scheme) if norm in lengths else box_size(true)
    return np.where(length > 0, length, np.nan)


def nme_per_face(
    predicted: np.ndarray,
    true: np.ndarray,
    norm: str = "inter_ocular",
    scheme: Scheme = IBUG_68,
    points: Sequence[int] | None = None,
) -> np.ndarray:
    """Normalised mean error of each face, float64 [N], as a fraction: mean point error over the norm.

    norm: one of NORMS, always of the whole face; points: indices that count, None for all. NaN for a face without any
    such point known, or whose norm is unknown or zero.
    """
    length = norm_length(true, norm, scheme)
    errors = point_errors(predicted, true)
    return _mean_known(errors if points is None else errors[:, list(points)]) / length


def mean_absolute_error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Mean over the known coordinates, x and y alike, of |predicted - true|: float64 [N], in the points' unit.

    The measure of Kaggle's facial-keypoints-detection without its squares. NaN without any known point.
    """
    point_errors(predicted, true)  # the same arrays are refused
    differences = np.abs(np.asarray(predicted, np.float64) - np.asarray(true, np.float64))
    differences[np.isnan(differences).any(axis=2)] = np.nan
    return _mean_known(differences.reshape(len(differences), -1))


def without_jaw(scheme: Scheme = IBUG_68) -> tuple[int, ...]:
    """Indices of the points that are not the jaw's: the inner 51 of 68, counted apart since the 300-W challenge.

    Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013.
    """
    return tuple(index for name, group in scheme.groups.items() if name != "jaw" for index in group)


def nme_per_point(
    predicted: np.ndarray, true: np.ndarray, norm: str = "inter_ocular", scheme: Scheme = IBUG_68
) -> np.ndarray:
    """Mean over the faces of each point's normalised error, float64 [K], as a fraction; NaN for one never known."""
    return _mean_known((point_errors(predicted, true) / norm_length(true, norm, scheme)[:, None]).T)


def _mean_known(values: np.ndarray) -> np.ndarray:
    """Mean along the second axis of what is not NaN, float64 [N]; NaN where nothing is."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)


def mean_nme(predicted: np.ndarray, true: np.ndarray, norm: str = "inter_ocular", scheme: Scheme = IBUG_68) -> float:
    """Mean of `nme_per_face` over the faces that have one, as a fraction; NaN where none has."""
    return mean(nme_per_face(predicted, true, norm, scheme))


def mean(errors: np.ndarray) -> float:
    """Mean over the faces that were found and have an error; NaN where none has."""
    known = np.isfinite(errors)
    return float(errors[known].mean()) if known.any() else float("nan")


def median(errors: np.ndarray) -> float:
    """Median over the faces that were found and have an error; NaN where none has."""
    known = np.isfinite(errors)
    return float(np.median(errors[known])) if known.any() else float("nan")


def ced(errors: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Cumulative error distribution, float64 [T]: share of the faces whose error is at most each threshold [T].

    NaN where no face has an error. Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013.
    """
    errors = np.sort(errors[~np.isnan(errors)])
    if not len(errors):
        return np.full(len(thresholds), np.nan)
    return np.searchsorted(errors, thresholds, side="right") / len(errors)


def auc(errors: np.ndarray, threshold: float) -> float:
    """Area under the cumulative error distribution from 0 to the threshold, divided by it: 0 to 1; NaN without faces.

    The exact area of the step curve: each face adds what lies to the right of its error. Yang et al., "An Empirical
    Study of Recent Face Alignment Methods", arXiv:1511.05049 (2015), section 4.
    """
    errors = errors[~np.isnan(errors)]
    return float(np.maximum(1 - errors / threshold, 0).mean()) if len(errors) else float("nan")


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """Share of the faces whose error is above the threshold; NaN without faces. Source: that of `auc`."""
    errors = errors[~np.isnan(errors)]
    return float((errors > threshold).mean()) if len(errors) else float("nan")


def yaw_bin(yaw: np.ndarray) -> np.ndarray:
    """Index of the |yaw| bin of AFLW2000-3D's protocol, int [N]: 0: under 30 degrees, 1: under 60, 2: more; -1 unknown.

    yaw: radians, [N]. Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016, section 5.
    """
    degrees = np.abs(np.degrees(np.asarray(yaw, np.float64)))
    return np.where(np.isnan(degrees), -1, np.digitize(degrees, (30.0, 60.0)))


def mean_of_bins(errors: np.ndarray, yaw: np.ndarray) -> float:
    """Unweighted mean of the three |yaw| bins' means, the number AFLW2000-3D is reported by; NaN where a bin is empty.

    errors: [N]; yaw: radians, [N]. Source: that of `yaw_bin`.
    """
    bins = yaw_bin(yaw)
    return float(np.mean([mean(errors[bins == index]) for index in range(len(YAW_BINS))]))


def detection_curve(
    scores: np.ndarray, hits: np.ndarray, often: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a detector finds as its threshold falls: thresholds float64 [T], true finds and false alarms int [T].

    scores: of all finds that count, float [M]; hits: which are true, bool [M]; often: how many times each counts, int
    [M], None: once. A threshold keeps the scores that reach it, so finds of one score come together.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    falling, true = np.asarray(scores, np.float64)[order], np.asarray(hits, bool)[order]
    times = np.ones(len(order), int) if often is None else np.asarray(often)[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)[: len(falling)])
    return falling[ends], np.cumsum(true * times)[ends], np.cumsum(~true * times)[ends]


def average_precision(scores: np.ndarray, hits: np.ndarray, total: int, often: np.ndarray | None = None) -> float:
    """Area under precision over recall, 0 to 1; NaN where there is no true face.

    scores, hits, often: as of `detection_curve`; total: true faces, found or not. Of every recall counts the best
    precision at that or a larger one, at all points of the curve: Everingham et al., "The PASCAL Visual Object Classes
    (VOC) Challenge", IJCV 2010, section 4.2, as changed from VOC 2010 on (its development kit, section 3.4.1).
    """
    if not total:
        return float("nan")
    _, found, false = detection_curve(scores, hits, often)
    precision = found / np.maximum(found + false, 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(found, prepend=0) * best).sum() / total)


def recall_at(
    scores: np.ndarray, hits: np.ndarray, total: int, allowed: float, often: np.ndarray | None = None
) -> tuple[float, float]:
    """The largest share of the true faces that is found with at most so many false alarms, and the threshold for it.

    scores, hits, total, often: as of `average_precision`; allowed: false alarms, in number. NaN without true faces; 0
    and an infinite threshold where the first find is one too many. The axes of Jain and Learned-Miller, "FDDB: A
    Benchmark for Face Detection in Unconstrained Settings", 2010, section 6.
    """
    if not total:
        return float("nan"), float("nan")
    thresholds, found, false = detection_curve(scores, hits, often)
    within = np.flatnonzero(false <= allowed)
    return (float(found[within[-1]] / total), float(thresholds[within[-1]])) if len(within) else (0.0, float("inf"))
