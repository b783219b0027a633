"""tools/fit/cascades.py: constants come back from squares made of known ones."""

import dataclasses

import numpy as np
import pytest

from infer.detect.haar import Cascade
from tools.fit.cascades import CascadeFinds, Sample, fit, match, to_fit

START = Cascade("some", "some.xml", True, 640, 1.1, 2, 24, 0, 0.0, 0.1, 0.7, 0.7)
TRUE = dataclasses.replace(START, dx=0.06, dy=0.13, width=0.65, height=0.72)


def sample(subset: str, yaw: float) -> Sample:
    """A sample of which only the subset and the yaw matter."""
    return Sample(subset, None, np.zeros(4), yaw, np.zeros((68, 2)))


def finds(count: int, noise: float = 0.0, lost: tuple[int, ...] = ()) -> CascadeFinds:
    """Squares at random places and the boxes that TRUE maps them to, but for some faces that are not found."""
    rng = np.random.default_rng(0)
    side = np.repeat(rng.uniform(40, 80, (count, 1)), 2, axis=1)
    squares = np.concatenate([rng.uniform(0, 90, (count, 2)), side], axis=1)
    boxes = TRUE.to_boxes(squares) + rng.normal(0, noise, (count, 4))
    squares[list(lost)] = np.nan
    return CascadeFinds(squares, boxes, np.zeros(count, int), 1.0)


def test_constants_come_back():
    cascade, statistics = fit(START, finds(50), np.ones(50, bool))
    assert cascade == TRUE
    assert statistics["centre_error_median"] == 0 and statistics["size_error_10_50_90"] == [0, 0, 0]
    assert (statistics["faces"], statistics["found"], statistics["fitted_to"]) == (50, 50, 50)
    assert fit(dataclasses.replace(START, mirrored=False), finds(50), np.ones(50, bool))[0].dx == 0  # symmetric
    with pytest.raises(ValueError, match=r"some\.xml: found 19 faces, expected at least 20"):
        fit(START, finds(40), np.arange(40) < 19)


def test_match_takes_the_best_and_counts_what_lies_elsewhere():
    box = TRUE.to_boxes(np.array([[20, 20, 60, 60]]))[0]
    squares = np.array([[200, 200, 50, 50], [28, 20, 60, 60], [20, 21, 60, 60]])
    square, shared, alarms = match(squares, box, TRUE)
    np.testing.assert_array_equal(square, squares[2])
    assert shared > 0.9 and alarms == 1
    for few, expected in ((squares[:1], 1), (np.zeros((0, 4)), 0)):
        square, shared, alarms = match(few, box, TRUE)
        assert np.isnan(square).all() and (shared, alarms) == (0, expected)


def test_each_cascade_is_fitted_to_what_it_will_be_asked_about():
    samples = [sample("s", yaw) for yaw in (5, np.nan, 45, 80, np.nan)]
    chosen = to_fit(samples, [finds(5, lost=(1, 4)), finds(5, lost=(4,)), finds(5)])
    np.testing.assert_array_equal(chosen[0], [True, False, False, False, False])
    np.testing.assert_array_equal(chosen[1], [True, True, False, False, False])
    np.testing.assert_array_equal(chosen[2], [False, False, True, True, True])
