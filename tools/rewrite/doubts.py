"""How far off labels may be, as a teacher's views tell: of a face, and of the faces of each subset."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from records.manifest import Doubt
from tools.rewrite.teacher import MeanAnswer

DIGITS = 5  # of fractions of the crop's side, in manifests


def doubt_of(answer: MeanAnswer, label: np.ndarray) -> float:
    """How far a teacher's single views lie from a label, root mean square of all points, fractions of the crop's side.

    label: [K, 2] in those fractions, NaN where unknown: there the views count from their mean. So it holds what the
    views disagree on among themselves, and what their mean and the label disagree on.
    """
    apart = np.nansum(np.square(answer.points - label), axis=1)
    return float(np.sqrt(np.mean(np.square(answer.scatter) + apart)))


class Doubts:
    """The doubts of training faces, by subset."""

    def __init__(self) -> None:
        self._found: dict[str, list[float]] = defaultdict(list)

    def add(self, subset: str, doubt: float) -> None:
        """Counts a face."""
        self._found[subset].append(doubt)

    def summary(self) -> dict[str, Doubt]:
        """Median, and what nine of ten are under, of each subset."""
        limits = {name: np.percentile(found, (50, 90)).round(DIGITS).tolist() for name, found in self._found.items()}
        return {name: Doubt(*both) for name, both in limits.items()}


def doubts_in_words(doubts: dict[str, Doubt]) -> list[str]:
    """A line for each subset."""
    return [
        f"{name}: doubt {one.median:.4f} of the crop's side in the median, under {one.most:.4f} nine times of ten"
        for name, one in doubts.items()
    ]
