"""infer/detect/two_looks.py: of two looks the better box; what both see."""

import numpy as np
import pytest

from infer.detect.two_looks import BEST, best_in_both, found_again, merged
from infer.geometry.candidates import candidates_of


def test_of_two_looks_the_better_box_stays():
    first = candidates_of([[0, 0, 100, 200], [300, 0, 340, 44], [500, 0, 560, 80]], [0.6, 0.9, 0.7])
    close = candidates_of([[4, 4, 100, 190], [302, 0, 340, 40], [700, 0, 720, 25]], [0.8, 0.55, 0.95])
    found = merged(first, close, large=150, overlap=0.4)
    boxes = [[700, 0, 720, 25], [500, 0, 560, 80], [0, 0, 100, 200], [302, 0, 340, 40]]
    np.testing.assert_allclose(found.boxes, candidates_of(boxes, [1] * 4).boxes)
    assert found.scores.tolist() == [0.95, 0.7, 0.6, 0.55]
    assert len(merged(candidates_of([], []), candidates_of([], []), 150, 0.4)) == 0


def test_a_face_is_as_well_seen_as_far_above_the_best_size_in_one_look_as_below_it_in_another():
    """A picture of 1000 pixels, seen with 200 and 800: as often too small as too large."""
    edge = best_in_both(0.2, 0.8)
    assert edge == pytest.approx(2.5 * BEST) and BEST / (0.2 * edge) == pytest.approx(0.8 * edge / BEST)


def test_what_is_found_again():
    """At the same place, which is 0.3 of the union, by whichever of the others."""
    found = candidates_of([[0, 0, 20, 26], [50, 0, 70, 26], [0, 50, 30, 90]], [0.5, 0.9, 0.7])
    others = candidates_of([[2, 52, 28, 88], [0, 13, 20, 39], [50, 15, 70, 41]], [0.2, 0.3, 0.8])
    assert found_again(found, others).tolist() == [True, False, True]
    assert found_again(found, others.chosen([])).tolist() == [False] * 3
    assert found_again(others.chosen([]), found).shape == (0,)
