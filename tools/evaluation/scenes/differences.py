"""How much better one detector is than another, and how far chance in the choice of pictures could have moved that.

Both on the same pictures, whose sources are drawn anew with replacement, the same for both: the paired cluster
bootstrap, as `tools.evaluation.intervals` has it. Every draw has its own thresholds and precisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from records import metrics
from records.judging import FacePart, Judged, counted_finds, parts_of, which_count
from tools.evaluation.intervals import LEVEL

DRAWS = 200
RATE = 0.1  # false alarms a picture, at which recall is compared
MEASURES = ("average precision", f"recall at {RATE:g}")


def difference_rows(
    judged: Judged, others: Judged, sources: Sequence[str], only: str | None = None, seed: int = 0
) -> list[dict]:
    """How much more the first detector has than the second, on the same pictures; a row a part of the faces, or of
    that one alone.

    Under the name of each of MEASURES `mean`: the difference in points of %, `low` and `high`: its 95 % interval,
    `error`: its standard error. sources: of each picture; seed: of the draws. Parts of under two sources are left out.
    """
    _, clusters = np.unique(sources, return_inverse=True)
    rng, rows = np.random.default_rng(seed), []
    for part, other in zip(parts_of(judged), parts_of(others), strict=True):
        if only not in (None, part.name):
            continue
        both = _Counted.of(judged, part, clusters), _Counted.of(others, other, clusters)
        draws = _draws(np.unique(clusters[part.pictures]), len(clusters), rng)
        if len(np.unique(both[0].faces)) > 1:
            rows.append({"faces of": part.name, "faces": len(both[0].faces), **_differences(both, draws)})
    return rows


@dataclass(frozen=True, eq=False)
class _Counted:
    """One detector's finds that count for a part, the surest first, and the clusters of sources that they, the part's
    faces and its pictures are of."""

    scores: np.ndarray
    hits: np.ndarray
    finds: np.ndarray
    faces: np.ndarray
    pictures: np.ndarray

    @classmethod
    def of(cls, judged: Judged, part: FacePart, clusters: np.ndarray) -> _Counted:
        scores, hits = counted_finds(judged, part)
        finds = clusters[judged.found_in[which_count(judged, part)]]
        order = np.argsort(-scores, kind="stable")  # once: what is sorted sorts fast in each draw
        faces = clusters[judged.pictures[part.faces]]
        return cls(scores[order], hits[order], finds[order], faces, clusters[part.pictures])

    def measures(self, often: np.ndarray) -> list[float]:
        """Each of MEASURES in %, where each cluster comes so often; NaN without a face."""
        counted = self.scores, self.hits, int(often[self.faces].sum())
        times, allowed = often[self.finds], RATE * often[self.pictures].sum()
        recall, _ = metrics.recall_at(*counted, allowed, times)
        return [100 * metrics.average_precision(*counted, times), 100 * recall]


def _draws(inside: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """How often each cluster comes in each draw from those inside, int [DRAWS, count]; in the row before all once."""
    draws = np.zeros((1 + DRAWS, count), int)
    draws[0, inside] = 1
    draws[1:, inside] = rng.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), DRAWS)
    return draws


def _differences(both: tuple[_Counted, _Counted], draws: np.ndarray) -> dict[str, dict[str, float]]:
    first, second = (np.array([one.measures(often) for often in draws]) for one in both)
    return {name: _spread(values) for name, values in zip(MEASURES, (first - second).T, strict=True)}


def _spread(values: np.ndarray) -> dict[str, float]:
    """Of the exact value, the first, and those of the draws."""
    drawn = values[1:][np.isfinite(values[1:])]  # a draw may lack all faces of a small part
    low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)).tolist()
    return {"mean": float(values[0]), "low": low, "high": high, "error": float(drawn.std())}
