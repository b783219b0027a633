"""Boxes that stand as heads do: exact with points, and there and back without them."""

import numpy as np
import pytest

from infer.geometry.oriented import boxes_around, oriented_around, oriented_from, roll_of
from infer.geometry.rotations import rotation

UPRIGHT = np.array([[-10, -8], [10, -8], [0, 2], [-7, 12], [7, 12]], float)


@pytest.mark.parametrize("degrees", [0, 17, 90, -135, 179])
def test_roll_is_the_turn_of_the_five_points(degrees):
    turned = UPRIGHT @ rotation(np.radians(degrees)).T + (40, 30)
    assert np.degrees(roll_of(turned)) == pytest.approx(degrees)


def test_roll_of_several_faces_and_of_unknown_points():
    five = np.stack([UPRIGHT, UPRIGHT @ rotation(0.5).T, np.full((5, 2), np.nan)])
    assert roll_of(five)[:2] == pytest.approx([0, 0.5])
    assert np.isnan(roll_of(five)[2])


@pytest.mark.parametrize("roll", [0, 0.6, 2.5])
def test_box_of_turned_points_is_the_turned_box(roll):
    points = np.random.default_rng(1).uniform((-30, -20), (30, 20), (68, 2))
    upright = oriented_around(points, 0)
    turned = oriented_around(points @ rotation(roll).T, roll)
    assert turned[:2] == pytest.approx(rotation(roll) @ upright[:2])
    assert turned[2:] == pytest.approx([*upright[2:4], roll])


@pytest.mark.parametrize("degrees", [0, 25, -70, 90, 180])
def test_ellipse_and_back(degrees):
    box = np.array([[50, 40, 30, 38, np.radians(degrees)]])
    assert oriented_from(boxes_around(box), box[:, 4]) == pytest.approx(box)


def test_tight_box_of_a_turned_ellipse():
    around = np.linspace(0, 2 * np.pi, 100_001)
    points = np.stack([20 * np.cos(around), 15 * np.sin(around)], axis=1) @ rotation(0.4).T + (7, 9)
    expected = np.concatenate([points.min(axis=0), points.max(axis=0)])
    assert boxes_around([[7, 9, 40, 30, 0.4]])[0] == pytest.approx(expected, abs=1e-4)


def test_near_45_degrees_as_wide_as_high_and_never_longer_than_a_face():
    half = oriented_from([[0, 0, 30, 40]], [np.pi / 4])[0]
    assert half[2:4] == pytest.approx([np.hypot(30, 40) / np.sqrt(2)] * 2)
    long = oriented_from([[0, 0, 10, 100]], [0])[0]
    assert long[3] / long[2] == pytest.approx(1.6)


def test_unknown_roll_counts_as_upright_and_stays_unknown():
    found = oriented_from([[10, 20, 40, 60]], [np.nan])
    assert found[0, :4] == pytest.approx([25, 40, 30, 40]) and np.isnan(found[0, 4])
    assert boxes_around(found)[0] == pytest.approx([10, 20, 40, 60])
