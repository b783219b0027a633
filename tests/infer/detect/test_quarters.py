"""Quarter turns: a marked pixel and its find go there and back."""

import numpy as np
import pytest

from infer.detect.quarters import quarter_turned, turned_back
from infer.geometry.candidates import Candidates


@pytest.mark.parametrize("quarters", range(4))
def test_what_is_found_in_a_turned_picture_lies_on_its_pixel(quarters):
    image = np.zeros((40, 70, 3), np.uint8)
    x, y = 52, 9
    image[y, x] = 255
    turned = quarter_turned(image, quarters)
    assert turned.shape[:2] == ((40, 70) if quarters % 2 == 0 else (70, 40))
    ((row, column),) = np.argwhere(turned[..., 0])
    five = np.array([[[column, row], [column + 1, row], [np.nan, np.nan], [column, row + 2], [column, row]]], float)
    found = Candidates(np.array([0.7]), np.array([[column, row, 12, 16, 0.1]], float), five)
    back = turned_back(found, quarters, image.shape)
    assert back.oriented[0, :4].tolist() == [x, y, 12, 16]
    turn = np.round(np.array([np.cos(quarters * np.pi / 2), np.sin(quarters * np.pi / 2)]), 9)
    assert back.five[0, 1].tolist() == pytest.approx([x + turn[0], y - turn[1]])
    assert back.five[0, 3].tolist() == pytest.approx([x + 2 * turn[1], y + 2 * turn[0]])
    assert np.isnan(back.five[0, 2]).all() and back.scores.tolist() == [0.7]
    off = back.oriented[0, 4] - (0.1 - quarters * np.pi / 2)
    assert np.cos(off) == pytest.approx(1) and abs(back.oriented[0, 4]) <= np.pi
