"""tools/evaluation/ranks.py: correlation of ranks, and the area under the ROC curve, by hand."""

import numpy as np
import pytest

from tools.evaluation.ranks import auroc, spearman


def test_ranks_alone_count_and_what_is_unknown_does_not():
    told = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]])
    assert spearman(told, np.exp(told)) == pytest.approx(1) and spearman(told, -told) == pytest.approx(-1)
    true = np.array([[10.0, 30.0, 20.0], [50.0, np.nan, 7.0]])  # known in both: 1, 2, 3, 4 and 10, 30, 20, 50
    assert spearman(told, true) == pytest.approx(1 - 6 * 2 / (4 * 15))  # two ranks differ by one


def test_equal_values_share_their_rank():
    # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4
    assert spearman(np.array([0, 1, 1, 2.0]), np.array([1, 2, 3, 4.0])) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert np.isnan(spearman(np.ones(5), np.arange(5.0))) and np.isnan(spearman(np.ones(1), np.ones(1)))


def test_the_chance_that_one_lies_above_the_other():
    low, high = np.array([[1.0, 2.0]]), np.array([2.0, 3.0, 0.0])
    pairs = [(b > a) + 0.5 * (b == a) for a in low.ravel() for b in high]
    assert auroc(low, high) == pytest.approx(np.mean(pairs))
    assert np.isnan(auroc(low, np.array([])))
