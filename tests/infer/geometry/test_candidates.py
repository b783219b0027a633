"""infer/geometry/candidates.py: what a detector answers, chosen, put together, each thing once."""

import numpy as np

from infer.geometry.candidates import Candidates, candidates_of, suppressed, together
from infer.geometry.oriented import boxes_around

BOXES = [[0, 0, 20, 24], [1, 1, 20, 24], [50, 60, 55, 66]]


def test_upright_boxes_stay_themselves_whatever_the_roll():
    found = candidates_of(BOXES, [0.4, 0.9, 0.5], [0.0, np.pi / 2, -0.2])
    np.testing.assert_allclose(found.boxes, BOXES, atol=1e-9)
    np.testing.assert_allclose(found.oriented[:2], [[10, 12, 20, 24, 0], [10.5, 12.5, 23, 19, np.pi / 2]])
    assert np.isnan(found.five).all() and found.five.shape == (3, 5, 2)


def test_each_thing_once_surest_first():
    found = candidates_of(BOXES, [0.4, 0.9, 0.5]).distinct(0.4)
    np.testing.assert_allclose(found.boxes, [BOXES[1], BOXES[2]])
    assert found.scores.tolist() == [0.9, 0.5]
    beside = np.array([[0, 0, 20, 24], [8, 0, 28, 24], [50, 60, 55, 66]])
    shared = 12 / 28
    for overlap, kept in ((shared - 0.01, [1, 2]), (shared + 0.01, [1, 2, 0])):
        assert suppressed(beside, np.array([0.4, 0.9, 0.5]), overlap).tolist() == kept
    assert suppressed(np.zeros((0, 4)), np.zeros(0), 0.4).tolist() == []


def test_parts_of_a_face_are_none_whichever_is_surer():
    whole, part, before = [0, 0, 40, 44], [4, 20, 20, 38], [24, 30, 56, 64]
    shared = [16 * 14 / (32 * 34), 16 * 18 / (40 * 44)]
    assert max(shared) < 0.4
    for scores in ([0.9, 0.8, 0.7], [0.8, 0.9, 0.7]):
        best = int(np.argmax(scores))
        found = candidates_of([whole, part, before], scores).distinct(0.4)
        np.testing.assert_allclose(found.boxes, [[whole, part][best], before])
    mostly = [30, 4, 50, 24]  # half of it lies in the whole one
    assert len(candidates_of([whole, mostly], [0.9, 0.8]).distinct(0.4)) == 2


def test_overlap_is_that_of_the_upright_boxes():
    oriented = np.array([[50, 50, 20, 40, np.pi / 2], [50, 50, 40, 20, 0], [50, 50, 20, 40, 0]])
    found = Candidates(np.array([0.3, 0.6, 0.9]), oriented, np.zeros((3, 5, 2)))
    np.testing.assert_allclose(found.boxes, boxes_around(oriented))
    assert found.distinct(0.4).scores.tolist() == [0.9, 0.6]  # a cross shares a third


def test_chosen_and_together():
    first, second = candidates_of(BOXES, [0.4, 0.9, 0.5]), candidates_of(BOXES[:1], [0.1])
    both = together([first, second])
    assert both.scores.tolist() == [0.4, 0.9, 0.5, 0.1] and len(both) == 4
    assert both.chosen([3, 0]).scores.tolist() == [0.1, 0.4]
    assert both.chosen(both.scores > 0.4).scores.tolist() == [0.9, 0.5]
    assert both.surest(3).scores.tolist() == [0.9, 0.5, 0.4] and len(both.surest(9)) == 4
    assert len(both.chosen([])) == len(together([])) == 0 and together([]).boxes.shape == (0, 4)


def test_those_of_a_part_are_moved_into_the_picture():
    five = np.arange(10.0).reshape(1, 5, 2)
    moved = Candidates(np.array([0.7]), np.array([[4.0, 5.0, 6.0, 7.0, 0.3]]), five).moved((100, 20))
    assert moved.oriented.tolist() == [[104, 25, 6, 7, 0.3]] and moved.scores.tolist() == [0.7]
    np.testing.assert_array_equal(moved.five, five + [100, 20])
