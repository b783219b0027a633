"""Scenes of a few pixels, turned: pixels, points and boxes move as one."""

import cv2
import numpy as np
import pytest

from infer.faces.align import five_points
from infer.faces.pose import mean_face
from tests.helpers.drawn import random_face
from tests.helpers.fitted import seen_from
from tools.evaluation.scenes.truth import BARE, MASKED, UNKNOWN_FIVE, TrueFace, TrueScene, kind_of, turned, yaw_of

RNG = np.random.default_rng(5)


def spotted(width, height, *places):
    """A black picture with white blocks of 3x3 pixels."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in places:
        image[y - 1 : y + 2, x - 1 : x + 2] = 255
    return image


def spot_of(image):
    weights = image[..., 0].astype(float)
    y, x = np.indices(weights.shape)
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("degrees", [45, 90, 180, 30, -90])
def test_points_go_with_the_pixels_and_nothing_is_lost(degrees):
    five = RNG.uniform(5, 20, (5, 2))
    five[2] = (4, 25)
    face = TrueFace(np.array([3, 5, 20, 28]), 23.0, five)
    after = turned(TrueScene(spotted(40, 30, (4, 25)), [face], np.zeros((0, 4)), "a/b/1", "1"), degrees)
    np.testing.assert_allclose(spot_of(after.image), after.faces[0].five[2], atol=0.05)
    for corner in ((1, 1), (38, 1), (1, 28), (38, 28)):
        whole = turned(TrueScene(spotted(40, 30, corner), [], np.zeros((0, 4)), "a/b/1", "1"), degrees)
        assert whole.image.astype(int).sum() == pytest.approx(9 * 3 * 255, rel=0.06)  # resampled
    assert after.image.shape[:2] == {90: (40, 30), -90: (40, 30), 180: (30, 40), 45: (50, 50)}.get(degrees, (46, 50))


def test_a_quarter_turn_is_exact():
    image = RNG.integers(0, 256, (7, 11, 3)).astype(np.uint8)
    face = TrueFace(np.array([1.0, 2, 4, 6]), 4.0, UNKNOWN_FIVE)
    after = turned(TrueScene(image, [face], np.array([[5.0, 0, 9, 3]]), "a/b/1", "1"), 90)
    np.testing.assert_array_equal(after.image, cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
    np.testing.assert_allclose(after.faces[0].box, [0, 1, 4, 4])  # x = 6 - y, y = x
    np.testing.assert_allclose(after.ignore, [[3, 5, 6, 9]])
    assert after.faces[0].height == 4.0 and np.isnan(after.truth().rolls[0])


def test_boxes_of_known_points_stay_tight_and_rolls_follow():
    points = random_face(RNG)
    five = five_points(points)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    face = TrueFace(box, 90.0, five, "points", points)
    scene = TrueScene(np.zeros((200, 220, 3), np.uint8), [face], np.zeros((0, 4)), "a/b/1", "1")
    after = turned(scene, 45)
    found = after.faces[0].points
    np.testing.assert_allclose(after.faces[0].box, [*found.min(axis=0), *found.max(axis=0)])
    change = np.degrees(after.truth().rolls - scene.truth().rolls)
    np.testing.assert_allclose(change, [45])


def test_a_box_without_points_is_turned_as_an_ellipse():
    circle = TrueFace(np.array([10.0, 10, 30, 30]), 20.0)
    after = turned(TrueScene(np.zeros((60, 80, 3), np.uint8), [circle], np.zeros((0, 4)), "a/b/1", "1"), 45)
    x0, y0, x1, y1 = after.faces[0].box
    assert (x1 - x0, y1 - y0) == pytest.approx((20, 20))


def test_masked_faces_are_those_that_only_have_a_box():
    assert [kind_of(*one) for one in (("masks", "box"), ("masks", "fit"), ("crowds", "box"))] == [MASKED, BARE, ""]


def test_yaw_by_all_points_else_by_five():
    points = seen_from(mean_face().points, (0.1, 0.7, 0.0))
    five = five_points(points)
    assert yaw_of(points, UNKNOWN_FIVE) == pytest.approx(0.7, abs=0.03)
    assert yaw_of(None, five) == pytest.approx(0.7, abs=0.03)
    assert np.isnan(yaw_of(None, UNKNOWN_FIVE)) and np.isnan(yaw_of(points * np.nan, UNKNOWN_FIVE))
