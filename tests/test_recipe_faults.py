"""Faults of the original recipe, which this pipeline must not have: one named test each.

Labels cut to whole pixels, `pt2d` of turned views and `_Flip` without new indices: tests/tools/make/test_cut.py and
tests/tools/read/test_w300lp.py.
"""

import cv2
import numpy as np
import pytest

from records.split import Split, split_of
from tests.helpers.drawn import random_face, symmetric_face, write_face
from tools.make.cut import CutSettings, cut_face
from tools.make.parts import plan_parts
from tools.read.w300lp import find

PLAIN = CutSettings("pts_2d", 128, 0.15, 0, "raw")
RNG = np.random.default_rng(5)


def cut_of(folder, name, image, points, subset="AFW", settings=PLAIN):
    """The crop uint8 [128, 128, 3] RGB and the label [68, 2] of one face."""
    write_face(folder, subset, name, image, {"pts_2d": np.asarray(points, np.float32)}, None)
    (item,) = [item for item in find(folder, "set") if item.name == name]
    cut = cut_face(item, settings)
    return np.frombuffer(cut.image, np.uint8).reshape(128, 128, 3), cut.label.reshape(68, 2)


def test_a_face_at_the_border_is_not_wrapped_or_moved(tmp_path):
    """The recipe sliced with negative indices, which NumPy takes from the other end, or returned nothing."""
    points = random_face(RNG)
    points += np.array([6, 5]) - points.min(axis=0)  # the crop reaches out at the left and at the top
    image = np.full((190, 230, 3), 200, np.uint8)
    image[:, -60:] = (0, 0, 255)  # what a wrapped slice would show
    crop, label = cut_of(tmp_path, "AFW_1_1_0", image, points)
    side = 1.3 * np.ptp(points, axis=0).max()
    inside = label[:, None] * side + (points.min(axis=0) + points.max(axis=0)) / 2 - side / 2
    np.testing.assert_allclose(inside[:, 0], points, atol=1e-3)
    out = round((0.15 * np.ptp(points, axis=0).max() - 6 + (side / 1.3 - np.ptp(points[:, 0])) / 2) / side * 128)
    assert out > 3 and (crop[:, : out - 1] == 0).all(), "outside is filled"
    assert (np.abs(crop[60:100, out + 2 : 60].astype(int) - 200) < 8).all(), "inside is the picture"


def test_a_crop_is_never_squeezed(tmp_path):
    """The recipe resized the tight box, whatever its shape, to a square: a circle became an ellipse."""
    points = symmetric_face() * (70, 35) + (115, 95)  # twice as wide as high
    image = np.full((190, 230, 3), 40, np.uint8)
    cv2.circle(image, (115, 95), 30, (250, 250, 250), -1, cv2.LINE_AA)
    crop, label = cut_of(tmp_path, "AFW_1_1_0", image, points)
    ys, xs = np.nonzero(crop[:, :, 0] > 145)
    assert abs(np.ptp(xs) - np.ptp(ys)) <= 1
    assert np.ptp(xs) + 1 == pytest.approx(60 / (1.3 * 140 * 0.95) * 128, abs=2)
    spans = np.ptp(label, axis=0) / np.ptp(points, axis=0)
    assert spans[0] == pytest.approx(spans[1], rel=1e-4)


def test_the_split_does_not_follow_the_order_of_files(tmp_path):
    """The recipe took the last files for testing: with files sorted by set, one set alone was tested."""
    for number in range(40):
        subset = "AFW" if number < 20 else "LFPW"
        name = f"AFW_{number}_1_0" if number < 20 else f"LFPW_image_train_{number:04d}_0"
        write_face(tmp_path, subset, name, np.zeros((40, 40, 3), np.uint8), {"pts_2d": np.eye(68, 2)}, None)
    items = find(tmp_path, "set")
    sides = [split_of(item.source, 0.3) for item in items]
    assert sides != sorted(sides) and sides != sorted(sides, reverse=True)
    for subset in ("AFW", "LFPW"):
        assert {side for side, item in zip(sides, items, strict=True) if item.subset == subset} == {"train", "test"}
    forward, backward = (plan_parts(order, Split(0.3), 10) for order in (items, items[::-1]))
    assert forward == backward


def test_all_views_of_a_photo_fall_on_one_side(tmp_path):
    """The recipe shuffled pictures: a face was tested on whose other views and mirrored twin it had learned."""
    for photo in range(12):
        for subset in ("AFW", "AFW_Flip"):
            for face in (1, 2):
                for view in range(3):
                    name = f"AFW_{photo}_{face}_{view}"
                    write_face(tmp_path, subset, name, np.zeros((40, 40, 3), np.uint8), {"pts_2d": np.eye(68, 2)}, None)
    sides = {}
    for part in plan_parts(find(tmp_path, "set"), Split(0.4), 10):
        for item in part.items:
            sides.setdefault(item.name.split("_")[1], set()).add(part.split)
    assert len(sides) == 12 and all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "test"}
