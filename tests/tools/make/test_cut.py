import cv2
import numpy as np
import pytest

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
