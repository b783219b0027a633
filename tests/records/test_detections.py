"""Finds and true faces as boxes of whole pixels, so that every overlap is known."""

import numpy as np

from records.detections import FALSE_ALARM, NEITHER, partners_of

TRUE = np.array([[10, 20, 40, 60], [100, 20, 120, 50], [200, 30, 216, 50]], float)
NONE = np.zeros((0, 4))


def moved(box, x, y=0.0):
    return np.asarray(box, float) + [x, y, x, y]


def test_each_find_gets_the_free_face_it_shares_most_with():
    # 10 to one side of 30: a third of the union; 5: five sevenths
    finds = [moved(TRUE[1], 1), moved(TRUE[0], 10.1), moved(TRUE[0], 5), TRUE[0], moved(TRUE[2], 0, 50)]
    assert partners_of(finds, TRUE, NONE).tolist() == [1, FALSE_ALARM, 0, FALSE_ALARM, FALSE_ALARM]


def test_half_of_the_union_is_enough_and_less_is_not():
    edges = [moved(TRUE[0], 10), moved(TRUE[0], 10.01)]  # 20 of 40 columns
    assert [partners_of([one], TRUE, NONE)[0] for one in edges] == [0, FALSE_ALARM]


def test_of_two_close_faces_the_second_find_gets_the_other():
    close = np.array([[0, 0, 30, 40], [6, 0, 36, 40]], float)
    assert partners_of([close[0], moved(close[0], 1)], close, NONE).tolist() == [0, 1]


def test_what_lies_in_an_ignore_box_counts_neither_way_but_a_face_there_is_found():
    ignore = np.array([[0, 0, 50, 100], [300, 300, 310, 320]], float)
    half_inside, less = [30, 70, 70, 90], [30.1, 70, 70.1, 90]
    found = partners_of([TRUE[0], half_inside, less, [290, 290, 330, 330]], TRUE, ignore)
    assert found.tolist() == [0, NEITHER, FALSE_ALARM, FALSE_ALARM]  # the last holds the ignore box, but is far larger


def test_finds_of_faces_that_are_not_counted_count_neither_way_nor_do_further_ones():
    counted = np.array([True, False, True])
    finds = [TRUE[1], moved(TRUE[1], 2), TRUE[2]]
    assert partners_of(finds, TRUE, NONE, counted).tolist() == [NEITHER, NEITHER, 2]


def test_no_faces_and_no_finds():
    assert partners_of([[0, 0, 9, 8]], NONE, NONE).tolist() == [FALSE_ALARM]
    assert partners_of(NONE, TRUE, NONE).shape == (0,)
