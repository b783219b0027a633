"""infer/faces/pose.py: angles come back from faces made of known ones."""

import numpy as np
import pytest

from infer.faces.align import five_points
from infer.faces.pose import (
    eye_openness,
    head_pose,
    lean,
    mean_face,
    openness,
    points_68,
    pose_of,
    rotation_from_five,
)
from infer.faces.schemes import HELD
from infer.geometry.rotations import rotation, rotation_of
from records.landmarks import IBUG_68, SCHEMES, convert
from tests.helpers.fitted import seen_from

POSES = [(-0.3, 0.5, 0.2), (0.2, -0.9, -0.4), (0.1, 1.2, 0.0), (0.0, 0.0, 1.0)]  # pitch, yaw, roll


def seen(angles):
    return seen_from(mean_face().points, angles)


@pytest.mark.parametrize("angles", POSES)
def test_angles_come_back(angles):
    found = head_pose(seen(angles))
    pitch, yaw, roll = np.degrees(angles)
    np.testing.assert_allclose((found.pitch, found.yaw, found.roll), (pitch, yaw, roll), atol=1.5)
    exact = pose_of(rotation_of(np.array(angles)))
    np.testing.assert_allclose((exact.pitch, exact.yaw, exact.roll), (pitch, yaw, roll), atol=1e-6)


@pytest.mark.parametrize("angles", POSES)
def test_angles_come_back_from_five_points(angles):
    found = pose_of(rotation_from_five(five_points(seen(angles))))
    pitch, yaw, roll = np.degrees(angles)
    np.testing.assert_allclose((found.pitch, found.yaw, found.roll), (pitch, yaw, roll), atol=1.5)


def test_no_angles_from_five_points_that_are_unknown_or_one():
    five = five_points(seen(POSES[0]))
    assert rotation_from_five(np.vstack([five[:4], [[np.nan, 1]]])) is None
    assert rotation_from_five(np.full((5, 2), 7.0)) is None


def test_signs_are_as_documented():
    ahead = seen((0, 0, 0))
    nose, eyes = 30, [36, 45]
    assert seen((0, 0.5, 0))[nose, 0] < ahead[nose, 0]  # yaw > 0: to the picture's left
    assert seen((0.4, 0, 0))[nose, 1] < ahead[nose, 1]  # pitch > 0: up
    right, left = seen((0, 0, 0.4))[eyes]
    assert left[1] > right[1]  # roll > 0: clockwise, the eye at the picture's right goes down


def test_place_and_size_change_nothing_nor_do_a_contour_and_an_open_mouth():
    points = seen((-0.2, 0.4, 0.1))
    first, second = head_pose(points), head_pose(points * 3.5 + (-900, 2000))
    np.testing.assert_allclose((first.yaw, first.pitch, first.roll), (second.yaw, second.pitch, second.roll), atol=0.01)
    points[:8] += 15
    points[55:60] += (0, 20)
    assert head_pose(points) == first


@pytest.mark.parametrize(("yaw", "angle"), [(0, -70), (85, -70), (85, 35)])
def test_how_far_a_head_leans_does_not_depend_on_its_turn(yaw, angle):
    about_y, eyes = np.radians(yaw), (range(42, 48), range(36, 42))
    turn = np.array([[np.cos(about_y), 0, -np.sin(about_y)], [0, 1, 0], [np.sin(about_y), 0, np.cos(about_y)]])
    x, y, _ = (mean_face().points @ turn.T).T
    points = 50 * np.stack([x, -y], axis=1) @ rotation(np.radians(angle)).T  # pictures have y down
    assert np.degrees(lean(points.astype(np.float32), HELD["ibug68"], *eyes)) == pytest.approx(angle, abs=1)
    if not yaw:  # by the eyes alone, that is all that is told
        assert np.degrees(lean(points, (), *eyes)) == pytest.approx(angle, abs=1)
    assert lean(points, (), [], []) == 0


def test_98_points_hold_the_68():
    points = np.random.default_rng(2).normal(size=(98, 2))
    np.testing.assert_array_equal(points_68(points, HELD["wflw98"]), convert(points, SCHEMES["wflw98"], IBUG_68))
    np.testing.assert_array_equal(points_68(points[:68], HELD["ibug68"]), points[:68])
    assert points_68(points[:15], ()) is None


def test_what_has_no_pose():
    assert head_pose(np.full((68, 2), 5.0)) is head_pose(np.full((68, 2), np.nan)) is None


def test_openness_by_hand():
    points = np.zeros((68, 2))
    points[36:42] = [(0, 0), (2, -1), (4, -1), (6, 0), (4, 2), (2, 1)]  # heights 2 and 3, width 6
    points[42:48] = points[36:42] * (1, 0)  # shut
    points[60:68] = [(0, 0), (2, -1), (5, -2), (8, -1), (10, 0), (8, 2), (5, 4), (2, 2)]  # heights 3, 6, 3, width 10
    found = openness(points)
    assert (found.right_eye, found.left_eye, found.mouth) == pytest.approx((2.5 / 6, 0, 0.4))
    assert np.isnan(eye_openness(np.zeros((6, 2))))
