"""What a network learnt from, as its contract says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SplitRule:
    """How the training data's sources were parted, as `records.split.Split`, which inference has to do without."""

    test_fraction: float
    rule: int


@dataclass(frozen=True)
class TrainedOn:
    """What a network learnt from, as far as its contract says; one by hand says nothing.

    points: their kind, "pts_2d" or "pts_3d"; faces: data set -> split -> how many; step: of the training run; fold:
    "i/k", whose sources were held out in place of the split's.
    """

    points: str | None = None
    faces: dict[str, dict[str, int]] = field(default_factory=dict)
    step: int | None = None
    split: SplitRule | None = None
    fold: str | None = None


def trained_on_of(given: dict) -> TrainedOn:
    """What a contract whose form is checked says of it."""
    split = SplitRule(**known(given["split"], "test_fraction", "rule")) if "split" in given else None
    return TrainedOn(**known(given, "points", "faces", "step", "fold"), split=split)


def known(given: dict, *keys: str) -> dict:
    """Those of the keys that are there: what is not said keeps its default."""
    return {key: given[key] for key in keys if key in given}
