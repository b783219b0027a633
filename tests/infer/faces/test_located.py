"""infer/faces/located.py: points and their errors go the same ways."""

import numpy as np

from infer.faces.located import Located
from infer.geometry.crop import Crop

RNG = np.random.default_rng(3)
POINTS, ERRORS = RNG.uniform(0.2, 0.8, (3, 4, 2)).astype(np.float32), RNG.uniform(0, 0.1, (3, 4)).astype(np.float32)


def test_parts_are_joined_and_have_errors_only_if_all_do():
    parts = [Located(POINTS[:1], ERRORS[:1]), Located(POINTS[1:], ERRORS[1:])]
    np.testing.assert_array_equal(Located.joined(parts).errors, ERRORS)
    np.testing.assert_array_equal(Located.joined([parts[0], Located(POINTS[1:])]).points, POINTS)
    assert Located.joined([parts[0], Located(POINTS[1:])]).errors is None


def test_others_take_the_places_of_faces_or_of_points():
    found, others = Located(POINTS, ERRORS), Located(POINTS[:2] + 1, ERRORS[:2] + 1)
    faces = found.replaced(np.array([2, 0]), others)
    np.testing.assert_array_equal(faces.errors, [ERRORS[1] + 1, ERRORS[1], ERRORS[0] + 1])
    np.testing.assert_array_equal(faces.points[2], POINTS[0] + 1)
    some = found.replaced((slice(None), [3, 1]), Located(POINTS[:, :2] + 1, ERRORS[:, :2] + 1))
    np.testing.assert_array_equal(some.errors[:, [3, 1]], ERRORS[:, :2] + 1)
    np.testing.assert_array_equal(some.errors[:, [0, 2]], ERRORS[:, [0, 2]])
    assert found.replaced(np.array([0]), Located(POINTS[:1])).errors is None
    np.testing.assert_array_equal(found.errors, ERRORS)
    np.testing.assert_array_equal(found.chosen(np.array([False, True, True])).errors, ERRORS[1:])


def test_means_of_two_looks_at_some_faces():
    found, others = Located(POINTS, ERRORS), Located(POINTS[::-1] + 1, ERRORS[::-1] * 3)
    faces = np.array([True, False, True])
    mean = found.mean_with(others, faces)
    np.testing.assert_allclose(mean.points[[0, 2]], (POINTS[[0, 2]] + POINTS[[2, 0]] + 1) / 2, rtol=1e-6)
    np.testing.assert_allclose(mean.errors[[0, 2]], (ERRORS[[0, 2]] + ERRORS[[2, 0]] * 3) / 2, rtol=1e-6)
    np.testing.assert_array_equal(mean.points[1], POINTS[1])
    np.testing.assert_array_equal(found.mean_with(others, ~faces & faces).errors, ERRORS)
    assert found.mean_with(Located(others.points), faces).errors is None


def test_errors_become_pixels_by_the_crops_side_whatever_its_angle():
    crops = [Crop((50, 40), 20, 32), Crop((10, 90), 300, 32, 0.7), Crop((0, 0), 7.5, 64)]
    found = Located(POINTS, ERRORS).in_picture(crops)
    assert found.points.dtype == found.errors.dtype == np.float32
    np.testing.assert_allclose(found.errors, ERRORS * [[20], [300], [7.5]], rtol=1e-6)
    np.testing.assert_array_equal(found.points[1], crops[1].to_picture(POINTS[1]))
    assert Located(POINTS).in_picture(crops).errors is None


def test_a_mirrored_look_changes_partners():
    flip = [1, 0, 2, 3]
    found = Located(POINTS, ERRORS).mirrored(flip)
    np.testing.assert_allclose(found.points[..., 0], 1 - POINTS[:, flip, 0], rtol=1e-6)
    np.testing.assert_array_equal(found.points[..., 1], POINTS[:, flip, 1])
    np.testing.assert_array_equal(found.errors, ERRORS[:, flip])
    # points aside from their faces lie to the right in either picture
    aside = Located(POINTS + np.float32([0.01, 0])).mirrored(flip, 0.01)
    np.testing.assert_allclose(aside.points, found.points + np.float32([0.01, 0]), atol=1e-6)
    # and each its own way: a partner's answer lies as far from its face as a partner does
    offsets = np.array([0.02, -0.03, 0.01, 0.0])
    each = Located(POINTS + offsets[:, None] * (1, 0)).mirrored(tuple(flip), offsets)
    np.testing.assert_allclose(each.points, found.points + offsets[:, None] * (1, 0), atol=1e-6)
