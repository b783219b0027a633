"""How well one number tells another's order: Spearman's correlation, and the area under the ROC curve."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def spearman(told: np.ndarray, true: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1, of two arrays of one shape, over what is known (finite) in both.

    C. Spearman, "The Proof and Measurement of Association between Two Things", 1904; equal values share their mean
    rank. NaN where one of them is everywhere the same, or fewer than two are known.
    """
    known = np.isfinite(told) & np.isfinite(true)
    first, second = rankdata(told[known]), rankdata(true[known])
    if len(first) < 2 or not (np.ptp(first) and np.ptp(second)):
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def auroc(low: np.ndarray, high: np.ndarray) -> float:
    """The chance, 0 to 1, that a value of `high` lies above one of `low`, both float of any shape: the area under the
    ROC curve.

    By the ranks of Mann and Whitney (1947); equal values count half. NaN where one has no values.
    """
    low, high = np.ravel(low), np.ravel(high)
    if not len(low) or not len(high):
        return float("nan")
    above = rankdata(np.concatenate([low, high]))[len(low) :].sum() - len(high) * (len(high) + 1) / 2
    return float(above / (len(low) * len(high)))
