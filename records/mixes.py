"""Weights of subsets by name or pattern: `300W/*=3,300W/YTF=0.5`. The last pattern that fits counts."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Iterable, Mapping
from pathlib import Path


def mix_of(text: str) -> dict[str, float]:
    """Weights of subsets from NAME=WEIGHT,... Raises argparse.ArgumentTypeError on other text."""
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.rpartition("=")
        mix.pop(name, None)  # given twice, its last place counts
        try:
            mix[name] = float(weight)
        except ValueError:
            mix[name] = -1.0
        if not name or not 0 <= mix[name] < float("inf"):
            raise argparse.ArgumentTypeError(f"found {part!r}, expected NAME=WEIGHT with a weight of 0 or more")
    return mix


def weight_of(name: str, mix: Mapping[str, float], other: float = 1.0) -> float:
    """The weight of a subset, that of the last pattern which fits; other: where none does."""
    return next((mix[pattern] for pattern in reversed(list(mix)) if fnmatch.fnmatchcase(name, pattern)), other)


def check_mix(mix: Mapping[str, float], names: Iterable[str], folder: Path, option: str = "mix") -> None:
    """Raises ValueError where a name or pattern fits none of the subsets `names` of the records in a folder.

    option: what the weights are called where they were given.
    """
    names = list(names)
    for pattern in mix:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"{option}: found {pattern!r}, expected a subset of {folder}: {', '.join(names)}")
