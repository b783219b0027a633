"""The drawn head: points that lie where the picture shows them, angles and order as in 300W-LP, people that differ."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from records.landmarks import IBUG_68
from tools.draw.head import Head, make_head
from tools.draw.light import Light
from tools.draw.person import random_person
from tools.draw.points import plane_points
from tools.draw.projection import HeadPose
from tools.draw.render import draw_head
from tools.draw.texels import to_texels

EVERYWHERE = Light(np.array([0.0, 0, 1]), np.zeros(3), np.ones(3), np.ones(3))


def make(seed: int, **changes) -> Head:
    rng = np.random.default_rng(seed)
    return make_head(replace(random_person(rng), **changes), rng)


def pose(pitch: float = 0, yaw: float = 0, roll: float = 0, ty: float = 180.0, scale: float = 1.2) -> HeadPose:
    """Of angles in degrees, in the middle of a picture of 450x450."""
    return HeadPose(*np.radians([pitch, yaw, roll]), 225.0, ty, scale)


@pytest.mark.parametrize("yaw, pitch, roll", [(0, 0, 0), (24, -10, 12)])
def test_points_lie_where_the_skin_is_painted(yaw, pitch, roll):
    """A white spot painted on the skin at a point's place shows up at the projected point."""
    head, place = make(4, style="bald", glasses="none", beard=0.0), pose(pitch, yaw, roll, scale=1.25)
    plane, expected = plane_points(head.person), head.points_3d(place)
    for index in (17, 21, 26, 27, 29, 30, 36, 39, 42, 45, 48, 51, 54, 57):
        atlas = np.zeros_like(head.atlas)
        spot = np.round(to_texels(plane[index : index + 1])[0] * 16).astype(int)
        cv2.circle(atlas, spot.tolist(), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
        picture = np.zeros((450, 450, 3), np.float32)
        draw_head(picture, replace(head, atlas=atlas), place, EVERYWHERE)
        mass = picture[..., 0]
        found = [(mass.sum(axis=axis) @ np.arange(450)) / mass.sum() for axis in (0, 1)]
        assert np.hypot(*(found - expected[index])) < 0.7, index


@pytest.mark.parametrize("seed, yaw, pitch, roll", [(1, 45, 5, 4), (2, -38, -8, 0), (3, 60, 0, -6)])
def test_a_turned_heads_jaw_follows_the_visible_contour(seed, yaw, pitch, roll):
    head, place = make(seed, style="bald", glasses="none"), pose(pitch, yaw, roll, ty=190.0)
    mask = draw_head(np.zeros((450, 450, 3), np.float32), head, place, EVERYWHERE).astype(np.uint8)
    border = max(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    far, near = (range(3, 8), range(9, 17)) if yaw > 0 else (range(9, 14), range(0, 8))
    two, three = head.points_2d(place), head.points_3d(place)
    for index in far:
        assert abs(cv2.pointPolygonTest(border, two[index].tolist(), True)) < 2
    np.testing.assert_allclose(two[list(near)[1:-1]], three[list(near)[1:-1]], atol=3)
    assert (np.abs(two - three)[list(far)[1:4]].max(axis=1) > 5).all()


def test_order_is_ibug_from_the_pictures_left():
    points, flip = make(8).points_2d(pose()), list(IBUG_68.flip)
    np.testing.assert_allclose(points[flip] * (-1, 1) + (450, 0), points, atol=0.1)  # triangles are not mirrored
    for left in (0, 7, 17, 21, 31, 36, 39, 37, 40, 48, 50, 59, 60, 61, 67):
        assert points[left, 0] < 225 < points[flip[left], 0]
    assert (np.diff(points[:9, 1]) > 0).all() and (np.diff(points[27:31, 1]) > 0).all()
    assert (np.diff(points[[19, 37, 41, 33, 51, 57, 8], 1]) > 0).all()
