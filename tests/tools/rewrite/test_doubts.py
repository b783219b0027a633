"""tools/rewrite/doubts.py: how far the views of a teacher lie from a label, and what that comes to in a subset."""

import numpy as np
import pytest

from records.manifest import Doubt
from tools.rewrite.doubts import Doubts, doubt_of
from tools.rewrite.teacher import MeanAnswer


def test_a_label_is_in_doubt_as_far_as_views_lie_from_it():
    """Two views 0.03 and 0.05 beside the first point, 0.04 about the second, whose label is not known."""
    answer = MeanAnswer(np.array([[0.54, 0.5], [0.2, 0.2]]), np.array([0.01, 0.04]))
    label = np.array([[0.5, 0.5], [np.nan, np.nan]])
    assert doubt_of(answer, label) == pytest.approx(np.sqrt((0.03**2 / 2 + 0.05**2 / 2 + 0.04**2) / 2))


def test_the_doubts_of_a_subset_in_two_numbers():
    doubts = Doubts()
    for number in range(11):
        doubts.add("a", 0.001234567 * number)
    doubts.add("b", 0.5)
    assert doubts.summary() == {"a": Doubt(0.00617, 0.01111), "b": Doubt(0.5, 0.5)}
