"""Which side of a split a face falls on: a hash of its source, so that what belongs together stays together."""

from __future__ import annotations

import hashlib

SPLITS = ("train", "test")


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
