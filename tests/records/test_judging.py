import numpy as np
import pytest

from records.judging import judge, parts_of
from tests.helpers.judged import SMALL, finds, picture, three_judged


def test_heights_part_at_their_edges_and_lower_ones_count_neither_way():
    boxes = [[0, 0, 20, 11.9], [30, 0, 50, 12], [60, 0, 80, 24], [90, 0, 120, 48]]
    parts = {part.name: part.faces for part in parts_of(judge([picture("a", *boxes)], [finds()]))}
    assert parts["all"].sum() == 3
    names = ("all, 12-24 px", "all, 24-48 px", "all, 48 px and more")
    assert [np.flatnonzero(parts[name]).tolist() for name in names] == [[0], [1], [2]]


def test_best_scores_are_those_that_faces_were_found_with():
    assert three_judged().best_scores().tolist() == [0.6, -np.inf, 0.9]


def test_no_picture_or_another_number_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        judge([], [])
    with pytest.raises(ValueError):
        judge([picture("a", SMALL)], [])
