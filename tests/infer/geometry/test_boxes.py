"""infer/geometry/boxes.py: box arithmetic."""

import numpy as np
import pytest

from infer.geometry.boxes import (
    absolute_shape,
    box_of,
    checked_boxes,
    distinct,
    mirror_boxes,
    overlaps,
    picture_box,
    relative_shape,
)
from infer.geometry.crop import Crop

BOX = (10.0, -4.0, 50.0, 6.0)
ABSOLUTE = np.array([[10.0, -4.0], [30.0, 1.0], [70.0, 3.5], [np.nan, np.nan]], np.float32)
RELATIVE = np.array([[0.0, 0.0], [0.5, 0.5], [1.5, 0.75], [np.nan, np.nan]], np.float32)


def test_box_of():
    points = np.array([[3, 9], [7, -2], [np.nan, 100], [5, np.nan]])
    np.testing.assert_array_equal(box_of(points), [3, -2, 7, 9])
    with pytest.raises(ValueError, match="found no known point, expected at least one"):
        box_of(np.full((3, 2), np.nan))


def test_mirror_and_overlaps_by_hand():
    boxes = np.array([[1, 2, 5, 9], [0, 0, 99, 3]], np.float64)
    np.testing.assert_array_equal(mirror_boxes(boxes, 100), [[94, 2, 98, 9], [0, 0, 99, 3]])
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [0, 0, 1, 2]], np.float64)
    np.testing.assert_allclose(overlaps(boxes[0], boxes), [1, 1 / 7, 0, 0.5])


def test_distinct_keeps_the_surer():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [31, 0, 41, 10], [6, 0, 16, 10]], np.float64)
    assert distinct(boxes) == [0, 2, 4]
    assert distinct(boxes[::-1]) == [0, 1, 3]
    assert distinct(np.zeros((0, 4))) == []


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        ([1, 2, 3, 4], r"shape \[4\]"),
        ([[1, 2, 3]], r"shape \[1, 3\]"),
        ([[0, 0, 9, 9], [5, 1, 5, 9]], r"\[5.0, 1.0, 5.0, 9.0\]"),
        ([[0, 0, 9, np.nan]], r".*nan\]"),
    ],
)
def test_what_is_no_box_is_named(boxes, found):
    with pytest.raises(ValueError, match=f"boxes: found {found}, expected "):
        checked_boxes(boxes)


def test_absolute_and_relative_shapes():
    relative = relative_shape(ABSOLUTE, BOX)
    np.testing.assert_array_equal(relative, RELATIVE)
    np.testing.assert_array_equal(absolute_shape(RELATIVE, BOX), ABSOLUTE)
    assert relative.dtype == absolute_shape(RELATIVE, BOX).dtype == np.float32
    boxes = np.array([BOX, (-300, 20, 1, 400)])  # each shape in its box, or one shape in several
    shapes = np.stack([ABSOLUTE, ABSOLUTE * 2])
    np.testing.assert_allclose(absolute_shape(relative_shape(shapes, boxes), boxes), shapes, atol=2e-3)
    np.testing.assert_array_equal(absolute_shape(RELATIVE, boxes)[1], absolute_shape(RELATIVE, boxes[1]))


def test_a_whole_pictures_box_and_a_crop_are_such_boxes():
    np.testing.assert_array_equal(picture_box(20, 30), [-0.5, -0.5, 29.5, 19.5])
    np.testing.assert_allclose(
        relative_shape([[0, 0], [29, 19]], picture_box(20, 30)), [[1 / 60, 1 / 40], [59 / 60, 39 / 40]]
    )
    crop = Crop((30, 1), 40)
    np.testing.assert_array_equal(crop.to_fractions(ABSOLUTE), relative_shape(ABSOLUTE, (10, -19, 50, 21)))


@pytest.mark.parametrize("box", [(0, 5, 5, 5), (3, 0, 1, 5), (0, 0, np.nan, 5)])
def test_a_box_without_size_is_refused(box):
    for convert in (relative_shape, absolute_shape):
        with pytest.raises(ValueError, match="expected x0 < x1 and y0 < y1"):
            convert(ABSOLUTE, box)
