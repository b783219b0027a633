"""net/model/contours.py: who lies beside whom on a line, and errors in the frame that they make."""

import numpy as np
import pytest

from net.model.contours import along_and_across, neighbours_of
from records.landmarks import IBUG_68, part_of
from records.scheme import Scheme


def test_neighbours_are_those_on_the_line():
    found = neighbours_of(IBUG_68)
    assert len(found) == 68
    assert (found[0], found[16], found[8]) == ((0, 0), (16, 16), (7, 9))  # the jaw ends at the ears
    assert (found[36], found[39], found[41]) == ((41, 37), (38, 40), (40, 36))  # a lid goes round
    lines = {"a": ((0, 1, 2), (3, 1, 4)), "b": ((2, 4), (5,))}
    scheme = Scheme("six", 6, {"a": (0, 1, 3), "b": (2, 4, 5)}, lines)
    # the first line that goes on beyond a point counts, and the end of one may lie inside another
    assert neighbours_of(scheme) == ((0, 0), (0, 2), (2, 2), (3, 3), (4, 4), (5, 5))
    part = part_of(IBUG_68, (0, 4, 12, 16, 36, 45))
    assert neighbours_of(part)[:4] == ((0, 0), (0, 2), (1, 3), (3, 3))


def test_errors_turn_into_the_frame_of_the_contour():
    """Along (0.6, 0.8) and, in the second face, along the x axis; a right angle is a corner, a little less is none."""
    label = [[0.1, 0.1, 0.4, 0.5, 0.7, 0.9], [0.9, 0.3, 0.5, 0.4, 0.1, 0.3], [0, 0, 0.4, 0, 0.4, 0.4]]
    label = np.array([*label, [0, 0, 0.4, 0, 0.41, 0.4], [0, 0, np.nan, 0.1, 0.3, 0.2], [0, 0, 0.1, 0.1, 0.3, np.nan]])
    difference = np.tile(np.array([3.0, 1.0, 1.4, 5.2, -2.0, 6.0], np.float32), (6, 1))
    turned, along = along_and_across(difference, label.astype(np.float32), ((0, 0), (0, 2), (2, 2)))
    turned, along = turned.numpy(), along.numpy()
    np.testing.assert_array_equal(along[:, 2], [True, True, False, True, False, False])
    assert along.sum() == 3
    np.testing.assert_allclose(turned[:2, 2:4], [[5, 2], [-1.4, -5.2]], atol=1e-5)
    np.testing.assert_array_equal(turned[[2, 4, 5]], difference[[2, 4, 5]])
    assert np.hypot(*turned[3, 2:4]) == pytest.approx(np.hypot(1.4, 5.2), rel=1e-6)
    np.testing.assert_array_equal(turned[:, [0, 1, 4, 5]], difference[:, [0, 1, 4, 5]])  # ends stay
