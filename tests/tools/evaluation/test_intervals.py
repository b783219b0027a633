"""tools/evaluation/intervals.py against the formula and against loops."""

import numpy as np
import pytest

from tools.evaluation import intervals

RNG = np.random.default_rng(8)


def test_sources_are_drawn_whole():
    """Views that are copies of each other tell no more than one of them."""
    errors, sources = RNG.normal(5, 2, 60), np.arange(60).astype(str)
    single = intervals.interval(errors, sources)
    assert intervals.interval(np.repeat(errors, 7), np.repeat(sources, 7)) == pytest.approx(single)
    apart = intervals.interval(np.repeat(errors, 7), np.arange(420))
    assert apart[1] - apart[0] < 0.6 * (single[1] - single[0])


def test_sources_of_unlike_size_restated():
    errors, sources = RNG.normal(5, 2, 40), RNG.integers(0, 9, 40)
    rng, means = np.random.default_rng(1), []
    by_source = [errors[sources == source] for source in np.unique(sources)]
    for _ in range(4000):
        drawn = np.concatenate([by_source[index] for index in rng.integers(0, len(by_source), len(by_source))])
        means.append(drawn.mean())
    assert intervals.interval(errors, sources) == pytest.approx(np.quantile(means, (0.025, 0.975)), abs=0.12)


def test_the_seed_decides_and_faces_without_an_error_take_no_part():
    errors, sources = RNG.normal(size=50), np.arange(50) // 2
    found = intervals.interval(errors, sources, 3)
    assert found == intervals.interval(errors, sources, 3) != intervals.interval(errors, sources, 4)
    assert intervals.interval(np.append(errors, [np.nan, np.inf]), np.append(sources, [50, 51]), 3) == found


def test_a_paired_difference_is_narrower_than_its_parts():
    hard = RNG.gamma(2, 3, 80)
    errors, others = hard + RNG.normal(0.5, 0.1, 80), hard
    sources = np.arange(80)
    mean, low, high = intervals.difference(errors, others, sources)
    assert mean == pytest.approx((errors - others).mean()) and low < mean < high and high - low < 0.1
    assert np.ptp(intervals.interval(errors, sources)) > 1
    others[:5], errors[5:10] = np.nan, np.inf
    mean, *_ = intervals.difference(errors, others, sources)
    assert mean == pytest.approx((errors - others)[10:].mean())
    assert np.isnan(intervals.difference(errors, np.full(80, np.nan), sources)).all()
    assert np.isnan(intervals.interval(np.array([1.0, 2.0]), np.zeros(2))).all()  # one source alone
