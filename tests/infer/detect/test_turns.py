"""Turns by eighths: a marked place and its find go there and back."""

import cv2
import numpy as np
import pytest

from infer.detect.turns import Turn
from infer.geometry.candidates import Candidates


@pytest.mark.parametrize("eighths", range(8))
def test_what_is_found_in_a_turned_picture_lies_on_its_place(eighths):
    image = np.zeros((40, 70, 3), np.uint8)
    x, y = 52, 9
    cv2.circle(image, (x, y), 3, (255, 255, 255), -1)
    turn = Turn(eighths, image.shape)
    turned = turn.of(image)
    assert turned.shape[:2] == {0: (40, 70), 1: (78, 78), 2: (70, 40), 3: (78, 78)}[eighths % 4]
    row, column = np.argwhere(turned[..., 0] > 127).mean(axis=0)
    five = np.array([[[column, row], [column + 1, row], [np.nan, np.nan], [column, row + 2], [column, row]]], float)
    back = turn.back(Candidates(np.array([0.7]), np.array([[column, row, 12, 16, 0.1]], float), five))
    assert back.oriented[0, :4] == pytest.approx([x, y, 12, 16], abs=0.2 if eighths % 2 else 1e-9)
    cos, sin = np.cos(eighths * np.pi / 4), np.sin(eighths * np.pi / 4)
    centre = back.oriented[0, :2]
    assert back.five[0, 1] == pytest.approx(centre + (cos, -sin))
    assert back.five[0, 3] == pytest.approx(centre + (2 * sin, 2 * cos))
    assert np.isnan(back.five[0, 2]).all() and back.scores.tolist() == [0.7]
    off = back.oriented[0, 4] - (0.1 - eighths * np.pi / 4)
    assert np.cos(off) == pytest.approx(1) and abs(back.oriented[0, 4]) <= np.pi


@pytest.mark.parametrize("eighths", range(8))
def test_nothing_of_a_turned_picture_is_lost(eighths):
    image = np.full((41, 60, 3), 200, np.uint8)
    turned = Turn(eighths, image.shape).of(image)
    assert turned.sum() == pytest.approx(image.sum(), rel=0.02 if eighths % 2 else 0)
    assert eighths % 2 or (turned == 200).all()
