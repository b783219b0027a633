"""Which records a run learns from and is judged by, as its options say. Needs no TensorFlow, as reading settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.split import fold_of


@dataclass(frozen=True)
class Fold:
    """One of k parts for cross-validation: its sources are the test records, all others the training records.

    index: 0 to count - 1. Raises ValueError where it is not.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count or self.count < 2:
            raise ValueError(f"fold: found {self}, expected i/k with k >= 2 and 0 <= i < k")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Fold:
        """The fold that "i/k" names. Raises ValueError on other text."""
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal()):
            raise ValueError(f"fold: found {text!r}, expected i/k, such as 0/5")
        return cls(int(index), int(count))

    def holds(self, split: str, source: str) -> bool:
        """Whether the records of a source belong to "train" or "test"."""
        return (fold_of(source, self.count) == self.index) == (split == "test")


@dataclass(frozen=True)
class Selection:
    """Records of a folder, and what of them a run uses.

    folder: made by tools/make_records.py; fold: in place of the set's own split; mix: how often subsets come, weight by
    name or pattern, others 1; points: those that labels keep, as `records.landmarks.indices_of` reads them, all if
    empty; validation: part of the training sources held out to choose the best weights, 0 to under 1; weigh: the doubt
    with which a training face counts half, by name or pattern of subsets, in fractions of the crop's side, over 0.
    """

    folder: Path
    fold: Fold | None = None
    mix: dict[str, float] = field(default_factory=dict)
    points: str = ""
    validation: float = 0.0
    weigh: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.validation < 1:
            raise ValueError(f"validation: found {self.validation}, expected a part from 0 to under 1")
        if not all(half > 0 for half in self.weigh.values()):
            raise ValueError(f"weigh: found {self.weigh}, expected doubts over 0")

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Selection:
        """What a run's settings.json says of it. Raises KeyError without a folder, ValueError for a wrong fold."""
        fold = Fold.parse(options["fold"]) if options.get("fold") else None
        mix, weigh = (options.get(name) or {} for name in ("mix", "weigh"))
        points, validation = options.get("points_subset", ""), options.get("validation", 0.0)
        return cls(Path(options["records"]), fold, mix, points, validation, weigh)

    def options(self) -> dict[str, Any]:
        """The options of the command line that ask for it, as JSON has them."""
        return {
            "records": str(self.folder.resolve()),
            "mix": self.mix or None,
            "weigh": self.weigh or None,
            "fold": str(self.fold) if self.fold else None,
            "validation": self.validation,
            "points_subset": self.points,
        }
