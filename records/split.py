"""Which side of a split a face falls on: a hash of its source, so that what belongs together stays together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

SPLITS = ("train", "test")
TEST_FRACTION = 0.1  # part of the sources that is held out, where nobody asks for another
RULE = 1  # version of the rule below: of the hash, and of what a source is


@dataclass(frozen=True)
class Split:
    """How a set's sources were parted; it travels from the records to the run and on to the model's contract.

    test_fraction: part of the sources in the test split, 0 to under 1; rule: version of the hash rule.
    """

    test_fraction: float = TEST_FRACTION
    rule: int = RULE

    def __post_init__(self) -> None:
        if not 0 <= self.test_fraction < 1:
            raise ValueError(f"test fraction: found {self.test_fraction}, expected 0 to under 1")

    def side_of(self, source: str) -> str:
        """ "test" or "train". Raises ValueError for a rule that this version does not know."""
        if self.rule != RULE:
            raise ValueError(f"split: found rule {self.rule}, expected {RULE}")
        return split_of(source, self.test_fraction)


def hash_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def split_of(source: str, test_fraction: float) -> str:
    """ "test" or "train", by a hash of the source: what shares a source stays together, and more files move nothing."""
    return "test" if hash_fraction(source) < test_fraction else "train"


def fold_of(source: str, k: int) -> int:
    """Which of k folds a source belongs to, 0 to k - 1, by its hash: folds are about as large, and whole sources.

    Fold 0 of k is the test side of `split_of` with a fraction of 1 / k. Raises ValueError for k < 2.
    """
    if k < 2:
        raise ValueError(f"folds: found {k}, expected at least 2")
    return min(int(hash_fraction(source) * k), k - 1)  # a hash of all ones rounds to 1
