"""Bootstrap intervals of mean errors: how far chance in the choice of photos could have moved a number.

B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993: percentile interval (chapter 13). Whole sources
are drawn (photos, persons), for the faces and views of one are not independent: the cluster bootstrap of A. Davison and
D. Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
"""

from __future__ import annotations

import numpy as np

DRAWS = 2000
LEVEL = 0.95
CHUNK = 200  # draws at a time, so that memory stays small for many sources


def interval(errors: np.ndarray, sources: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the mean error, in its unit; (NaN, NaN) for fewer than two sources with an error.

    errors: float [N], what is not finite takes no part; sources: [N], what must be drawn together; seed: of the draws.
    """
    known = np.isfinite(errors)
    _, cluster = np.unique(sources[known], return_inverse=True)
    count = int(cluster.max()) + 1 if len(cluster) else 0
    if count < 2:
        return float("nan"), float("nan")
    totals, sizes = np.bincount(cluster, errors[known]), np.bincount(cluster)
    rng, means = np.random.default_rng(seed), []
    for _ in range(DRAWS // CHUNK):
        weights = rng.multinomial(count, np.full(count, 1 / count), CHUNK)
        means.append(weights @ totals / (weights @ sizes))
    low, high = np.quantile(np.concatenate(means), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def difference(
    errors: np.ndarray, others: np.ndarray, sources: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of `errors` - `others` over the faces that have both, and its 95 % interval: paired, so that hard photos
    which trouble both models do not widen it. Arguments as in `interval`."""
    both = np.isfinite(errors) & np.isfinite(others)
    if not both.any():
        return float("nan"), float("nan"), float("nan")
    differences = errors[both] - others[both]
    return float(differences.mean()), *interval(differences, sources[both], seed)
