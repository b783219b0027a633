"""tools/evaluation/corruptions.py: faces made harder keep their true points."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.drawn import draw_set, one_face
from tools.evaluation.corruptions import CHANGES, beyond, hand_before, rolled
from tools.read import formats


def test_a_smaller_face_keeps_its_points():
    before = one_face(128)
    image, points, box = CHANGES["reduced: longer edge 32 pixels"](before)
    assert image.shape == (47, 52, 3) and np.ptp(points, axis=0).max() == pytest.approx(32, rel=0.01)
    np.testing.assert_allclose(box, box_of(points), atol=1e-6)
    size = np.array(before.image.shape[1::-1])
    np.testing.assert_allclose((points + 0.5) / (52, 47), (before.points + 0.5) / size)
    small = one_face(20)
    np.testing.assert_array_equal(CHANGES["reduced: longer edge 32 pixels"](small).image, small.image)


def test_what_makes_faces_harder():
    before = one_face(100)
    before.image[::2] = 150
    for name in ("a quarter of the light", "noise", "out of focus", "JPEG of quality 10"):
        image, points, box = CHANGES[name](before)
        assert image.shape == before.image.shape and image.dtype == np.uint8 and (image != before.image).any()
        np.testing.assert_array_equal(points, before.points)
        np.testing.assert_array_equal(CHANGES[name](before).image, image)  # the same every time
    assert CHANGES["a quarter of the light"](before).image.mean() == pytest.approx(125 / 4, rel=0.03)
    assert (CHANGES["noise"](before).image - before.image.astype(float)).std() == pytest.approx(25, rel=0.05)
    assert np.ptp(CHANGES["out of focus"](before).image[10:-10].mean(axis=(1, 2))) < 5


def test_a_rolled_picture_and_its_points(tmp_path):
    (item,) = formats.find(draw_set(tmp_path / "tiny", sources=1, views=1), "tiny")
    face = formats.read(item, "pts_2d")
    image, points = rolled(face, np.radians(30))
    before, after = (some[45] - some[36] for some in (face.points, points))
    turned = np.degrees(np.arctan2(after[1], after[0]) - np.arctan2(before[1], before[0]))
    assert turned == pytest.approx(30, abs=0.1) and np.linalg.norm(after) == pytest.approx(
        np.linalg.norm(before), rel=1e-3
    )
    x, y = points[[36, 37, 38, 39, 40, 41]].mean(axis=0).round().astype(int)
    a, b = face.points[[36, 37, 38, 39, 40, 41]].mean(axis=0).round().astype(int)
    np.testing.assert_allclose(image[y, x], face.image[b, a], atol=25)  # the eye is still dark


def test_a_part_of_the_face_beyond_the_edge():
    before = one_face(100)
    image, points, box = beyond(0.4)(before)
    gone = before.image.shape[1] - image.shape[1]
    assert box[0] == pytest.approx(-40, abs=1) and gone == pytest.approx(before.box[0] + 40, abs=1)
    np.testing.assert_array_equal(points, before.points - (gone, 0))
    np.testing.assert_array_equal(image, before.image[:, gone:])


def test_a_drawn_hand_covers_the_mouth_and_not_the_eyes():
    before = one_face(200)
    before.image[:] = 90, 120, 180
    image, points, _ = hand_before(before)
    changed = (image != before.image).any(axis=2)
    at = [changed[int(y), int(x)] for x, y in points.round()]
    assert not any(at[36:48]) and np.mean(at[48:68]) > 0.8
    colours = np.unique(image[changed], axis=0)
    assert colours.max() <= 180 and len(colours) > 1  # skin, and darker edges
