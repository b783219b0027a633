from dataclasses import replace

import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from infer.geometry.oriented import roll_of
from infer.geometry.rotations import rotation
from records.landmarks import IBUG_68, SCHEMES, convert
from tests.helpers.annotated import IMAGE, POINTS, unknown
from tests.helpers.drawn import write_face
from tools.evaluation.memory import high_water
from tools.make.cut import Cut, CutSettings, cut_face, encode_image
from tools.make.workers import cut_chunk
from tools.read.face import BadSample, Item
from tools.read.w300lp import find

RAW = CutSettings("pts_2d", 128, 0.15, 0, "raw")
RAW_WIDE = CutSettings("pts_2d", 128, 0.15, 13, "raw")
JPEG_WIDE = CutSettings("pts_2d", 128, 0.15, 13, "jpeg")


def pixels(cut: Cut, edge: int) -> np.ndarray:
    return np.frombuffer(cut.image, np.uint8).reshape(edge, edge, 3)


def one(folder, points=POINTS, image=IMAGE, name="AFW_1_1_0") -> Item:
    write_face(folder, "AFW", name, image, {"pts_2d": points}, None)
    return find(folder, "set")[0]


def test_labels_lie_on_their_pixels(tmp_path):
    image = np.zeros_like(IMAGE)
    for index in (8, 36, 45):
        cv2.circle(image, tuple(int(v) for v in np.round(POINTS[index] * 16)), 30, (255, 255, 255), -1, shift=4)
    crop = pixels(cut_face(one(tmp_path, image=image), RAW), 128).max(axis=2)
    label = cut_face(one(tmp_path, image=image), RAW).label.reshape(68, 2) * 128 - 0.5
    for index in (8, 36, 45):
        x, y = np.round(label[index]).astype(int)
        window = crop[y - 6 : y + 7, x - 6 : x + 7].astype(float)
        v, u = np.mgrid[y - 6 : y + 7, x - 6 : x + 7]
        found = np.array([(u * window).sum(), (v * window).sum()]) / window.sum()
        assert np.abs(found - label[index]).max() < 0.4


def test_an_upright_crop_stands_as_the_head_does(tmp_path):
    """The head leans by 0.4 radians: its five points stand straight in the crop, whose middle is that of its box."""
    turn = rotation(0.4)
    points = ((POINTS - POINTS.mean(axis=0)) @ turn.T * 0.8 + POINTS.mean(axis=0)).astype(np.float32)
    lean = float(roll_of(convert(points, IBUG_68, SCHEMES["mtfl5"])))
    image, own = np.zeros_like(IMAGE), {"pts_2d": points}
    cv2.circle(image, tuple(int(v) for v in np.round(points[8] * 16)), 30, (255, 255, 255), -1, shift=4)
    pose = {"Pose_Para": np.array([[0, 0, lean, 0, 0, 0, 1]])}
    write_face(tmp_path, "AFW", "AFW_1_1_0", image, own, pose)
    (item,) = find(tmp_path, "set")
    cut, plain = cut_face(item, replace(RAW_WIDE, upright=True)), cut_face(item, RAW_WIDE)
    label = cut.label.reshape(68, 2)
    assert roll_of(convert(label, IBUG_68, SCHEMES["mtfl5"])) == pytest.approx(0, abs=1e-5)
    x0, y0, x1, y1 = box_of(label)
    np.testing.assert_allclose([x0 + x1, y0 + y1, max(x1 - x0, y1 - y0)], [1, 1, 1 / 1.3], atol=1e-5)
    np.testing.assert_allclose(cut.pose, 0, atol=1e-6)
    assert plain.pose[2] == pytest.approx(lean) and abs(roll_of(convert(points, IBUG_68, SCHEMES["mtfl5"]))) > 0.3
    spot = pixels(cut, 154).max(axis=2).astype(float)
    v, u = np.mgrid[:154, :154]
    found = np.array([(u * spot).sum(), (v * spot).sum()]) / spot.sum()
    np.testing.assert_allclose(found, label[8] * 128 + 13 - 0.5, atol=0.5)


def test_a_face_of_which_nobody_knows_how_it_stands_is_cut_as_the_picture_does(tmp_path):
    partly = unknown(POINTS, 48)
    write_face(tmp_path, "AFW", "AFW_1_1_0", IMAGE, {"pts_2d": partly, "pts_3d": POINTS}, None)
    (item,) = find(tmp_path, "set")
    np.testing.assert_array_equal(cut_face(item, replace(RAW, upright=True)).label, cut_face(item, RAW).label)


def test_the_middle_of_a_crop_with_context_is_the_crop_without(face_set):
    for item in find(face_set, "tiny"):
        narrow, wide = cut_face(item, RAW), cut_face(item, RAW_WIDE)
        np.testing.assert_array_equal(pixels(wide, 154)[13:-13, 13:-13], pixels(narrow, 128))
        np.testing.assert_array_equal(wide.label, narrow.label)


def test_encoded_pixels_are_rgb():
    bgr = np.full((8, 8, 3), (200, 100, 0), np.uint8)
    assert encode_image(bgr, "raw") == bytes([0, 100, 200]) * 64
    jpeg = cv2.imdecode(np.frombuffer(encode_image(bgr, "jpeg"), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(jpeg.astype(int) - bgr).max() < 5


def test_a_label_far_outside_is_no_label(tmp_path):
    partly = unknown(POINTS, *range(17))
    partly[30] += 2000
    write_face(tmp_path, "AFW", "AFW_1_1_0", IMAGE, {"pts_2d": partly, "pts_3d": POINTS}, None)
    with pytest.raises(BadSample, match="AFW_1_1_0_pts.mat: a point lies .* crop sides off") as caught:
        cut_face(find(tmp_path, "set")[0], RAW)
    assert caught.value.reason == "points far outside"


def test_a_box_of_millions_of_pixels_costs_no_memory(tmp_path):
    points = POINTS.copy()
    points[0] = -4e6, -4e6
    before = high_water()
    (result,) = cut_chunk([one(tmp_path, points)], RAW)
    assert high_water() - before < 200e6
    assert isinstance(result, Cut | BadSample)
