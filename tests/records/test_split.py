"""records/split.py: sides and folds by a hash of the source alone."""

import hashlib

import numpy as np
import pytest

from records.split import fold_of, hash_fraction, split_of

SOURCES = [f"AFW_{number}" for number in range(600)]


def test_the_hash_is_that_of_the_text():
    digest = hashlib.sha256(b"AFW_1").hexdigest()
    assert hash_fraction("AFW_1") == pytest.approx(int(digest[:16], 16) / 2**64, rel=1e-12)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_folds_share_the_sources_out(k):
    folds = np.array([fold_of(source, k) for source in SOURCES])
    fractions = np.array([hash_fraction(source) for source in SOURCES])
    np.testing.assert_array_equal(folds, np.floor(fractions * k))
    counts = np.bincount(folds, minlength=k)
    assert len(counts) == k and counts.min() > 0.6 * len(SOURCES) / k


def test_fold_0_is_the_test_side_of_as_large_a_fraction():
    for source in SOURCES:
        assert (fold_of(source, 5) == 0) == (split_of(source, 0.2) == "test")


def test_the_largest_hash_is_in_the_last_fold(monkeypatch):
    monkeypatch.setattr("records.split.hash_fraction", lambda text: 1.0)
    assert fold_of("any", 4) == 3


@pytest.mark.parametrize("k", [1, 0, -3])
def test_fewer_than_two_folds_are_none(k):
    with pytest.raises(ValueError, match=f"folds: found {k}, expected at least 2"):
        fold_of("AFW_1", k)
