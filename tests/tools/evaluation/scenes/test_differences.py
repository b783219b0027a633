"""tools/evaluation/scenes/differences.py against loops, on pictures with a face each that one detector finds or not."""

import numpy as np
import pytest

from records import metrics
from records.judging import judge
from tests.helpers.judged import LARGE, SMALL, finds, picture
from tools.evaluation.scenes.differences import MEASURES, difference_rows

BESIDE = [300, 0, 330, 30]
RNG = np.random.default_rng(4)
COUNT = 60
TRUTHS = [picture("few" if number < 9 else "many", SMALL) for number in range(COUNT)]
SCORES = RNG.uniform(0.2, 0.9, (2, COUNT, 2)).round(3)  # of each detector's find of a face, and of its false alarm
FOUND = RNG.random((2, COUNT)) < [[0.9], [0.6]]


def judged(which, chosen=range(COUNT)):
    """A detector's finds in some of the pictures, judged."""
    answers = [
        finds((SMALL if FOUND[which, number] else LARGE, SCORES[which, number, 0]), (BESIDE, SCORES[which, number, 1]))
        for number in chosen
    ]
    return judge([TRUTHS[number] for number in chosen], answers)


def restated(which, chosen):
    """Average precision and recall at 0.1 false alarms a picture, in %, of the pictures chosen."""
    hits = np.stack([FOUND[which, chosen], np.zeros(len(chosen), bool)], axis=1)
    counted = SCORES[which, chosen].ravel(), hits.ravel(), len(chosen)
    return np.array([metrics.average_precision(*counted), metrics.recall_at(*counted, 0.1 * len(chosen))[0]]) * 100


def test_differences_and_their_spread_restated():
    rows = {row["faces of"]: row for row in difference_rows(judged(0), judged(1), np.arange(COUNT).astype(str))}
    assert set(rows) == {f"{scope}{part}" for scope in ("all", "few", "many") for part in ("", ", 24-48 px")}
    every = list(range(COUNT))
    wanted = restated(0, every) - restated(1, every)
    drawn = [RNG.integers(0, COUNT, COUNT).tolist() for _ in range(400)]
    apart = np.array([restated(0, chosen) - restated(1, chosen) for chosen in drawn])
    for name, mean, values in zip(MEASURES, wanted, apart.T, strict=True):
        found = rows["all"][name]
        assert found["mean"] == pytest.approx(mean)
        assert found["error"] == pytest.approx(values.std(), rel=0.25)
        assert [found["low"], found["high"]] == pytest.approx(np.quantile(values, (0.025, 0.975)), abs=6)
        assert rows["few"][name]["error"] > found["error"]
    few = list(range(9))
    assert rows["few"][MEASURES[0]]["mean"] == pytest.approx((restated(0, few) - restated(1, few))[0])
    assert (rows["few"]["faces"], rows["many"]["faces"]) == (9, COUNT - 9)


def test_against_itself_nothing_differs_and_one_source_tells_nothing():
    (row,) = difference_rows(judged(0), judged(0), np.arange(COUNT).astype(str), only="many")
    assert row["faces of"] == "many"
    assert all(set(row[name].values()) == {0} for name in MEASURES)
    sources = ["person"] * 9 + list(map(str, range(9, COUNT)))
    names = {row["faces of"] for row in difference_rows(judged(0), judged(1), sources)}
    assert "many" in names and "few" not in names


def test_sources_are_drawn_whole():
    """Pictures that are copies of each other tell no more than one of them."""
    twice = [*range(COUNT), *range(COUNT)]
    single = difference_rows(judged(0), judged(1), np.arange(COUNT).astype(str))[0]
    both = judged(0, twice), judged(1, twice)
    copied = difference_rows(*both, np.array(twice).astype(str))[0][MEASURES[0]]
    assert copied["error"] == pytest.approx(single[MEASURES[0]]["error"], rel=0.01)
    assert difference_rows(*both, np.arange(2 * COUNT).astype(str))[0][MEASURES[0]]["error"] < 0.85 * copied["error"]
