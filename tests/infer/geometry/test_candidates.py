"""infer/geometry/candidates.py: what a detector answers, chosen, put together, each thing once."""

import numpy as np

from infer.geometry.candidates import PART, Candidates, candidates_of, suppressed, together
from infer.geometry.oriented import boxes_around

BOXES = [[0, 0, 20, 24], [1, 1, 20, 24], [50, 60, 55, 66]]


def test_upright_boxes_stay_themselves_whatever_the_roll():
    found = candidates_of(BOXES, [0.4, 0.9, 0.5], [0.0, np.pi / 2, -0.2])
    np.testing.assert_allclose(found.boxes, BOXES, atol=1e-9)
    np.testing.assert_allclose(found.oriented[:2], [[10, 12, 20, 24, 0], [10.5, 12.5, 23, 19, np.pi / 2]])
    assert np.isnan(found.five).all() and found.five.shape == (3, 5, 2)


def test_longer_edges_as_the_heads_stand():
    """A head of 30x40 that leans by 45 degrees is 35 pixels wide and high."""
    found = Candidates(np.ones(2), np.array([[50, 50, 30, 40, np.pi / 4], [9, 9, 8, 7, 0]]), np.full((2, 5, 2), np.nan))
    assert found.edges.tolist() == [40, 8] and candidates_of([], []).edges.tolist() == []


def test_each_thing_once_surest_first():
    found = candidates_of(BOXES, [0.4, 0.9, 0.5]).distinct(0.4)
    np.testing.assert_allclose(found.boxes, [BOXES[1], BOXES[2]])
    assert found.scores.tolist() == [0.9, 0.5]
    beside = np.array([[0, 0, 20, 24], [8, 0, 28, 24], [50, 60, 55, 66]])
    shared = 12 / 28
    for overlap, kept in ((shared - 0.01, [1, 2]), (shared + 0.01, [1, 2, 0])):
        several = candidates_of(beside, [0.0, 0.0, 0.0])
        assert suppressed(several.boxes, several.five, np.array([0.4, 0.9, 0.5]), overlap).tolist() == kept
    assert suppressed(np.zeros((0, 4)), np.zeros((0, 5, 2)), np.zeros(0), 0.4).tolist() == []


def with_points(boxes, scores, shifts) -> Candidates:
    """Candidates whose five points lie about the middles of their boxes, each moved by so many pixels to the right."""
    found = candidates_of(boxes, scores)
    five = found.oriented[:, None, :2] + np.array([[-9, -9], [9, -9], [0, 0], [-7, 9], [7, 9]])
    return Candidates(found.scores, found.oriented, five + np.array(shifts, float)[:, None, None] * (1, 0))


def test_faces_before_each_other_are_two_where_their_points_lie_apart():
    """Boxes of 40x40, 15 apart, share 0.45 of their union; points of one face lie within 0.3 of 40."""
    boxes, scores = [[0, 0, 40, 40], [15, 0, 55, 40], [100, 0, 140, 40]], [0.6, 0.9, 0.7]
    for shift, kept in ((2.5, [0.9, 0.7, 0.6]), (3.5, [0.9, 0.7])):
        found = with_points(boxes, scores, [shift, 0, 0])
        assert found.distinct(0.4).scores.tolist() == kept
    inside = [[0, 0, 40, 40], [5, 9, 36, 49]]  # by 0.775 of the second, 0.51 of the union: a part if it were smaller
    for shift, count in ((-10, 2), (0, 1)):
        assert len(with_points(inside, scores[:2], [shift, 0]).distinct(0.6)) == count


def test_what_overlaps_by_more_than_half_is_one_face_wherever_its_points_lie():
    for apart, count in ((13, 1), (14, 2)):  # 27 and 26 of 53 and 54
        found = with_points([[0, 0, 40, 40], [apart, 0, apart + 40, 40]], [0.9, 0.8], [0, 30])
        assert len(found.distinct(0.4)) == count and len(found.distinct(0.6)) == 2


def test_what_is_much_smaller_is_a_part_wherever_its_points_lie():
    limit = 40 * PART**0.5
    for edge, count in ((limit - 0.1, 1), (limit + 0.1, 2)):
        found = with_points([[0, 0, 40, 40], [0, 0, edge, edge]], [0.9, 0.8], [0, 30])
        assert len(found.distinct(0.9)) == count


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
