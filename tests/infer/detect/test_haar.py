"""infer/detect/haar.py: from a cascade's squares to landmark boxes."""

import dataclasses

import cv2
import numpy as np
import pytest

from infer.detect import haar as detect
from infer.detect.haar import Cascade, HaarDetector, prepare
from infer.geometry.boxes import mirror_boxes, overlaps
from infer.geometry.candidates import candidates_of

CASCADE = Cascade("some", "haarcascade_frontalface_alt2.xml", False, 640, 1.1, 2, 24, 0, 0.1, 0.2, 0.8, 0.5)


def test_squares_become_boxes_by_hand():
    # 40 pixels from x 10 cover the centres 10 .. 49, so their middle is 29.5
    (box,) = CASCADE.to_boxes(np.array([[10, 20, 40, 40]]))
    np.testing.assert_allclose(box, [29.5 + 4 - 16, 39.5 + 8 - 10, 29.5 + 4 + 16, 39.5 + 8 + 10])
    assert CASCADE.to_boxes(np.zeros((0, 4))).shape == (0, 4)


def test_prepare_reduces_and_draws_out():
    image = np.zeros((300, 700, 3), np.uint8)
    image[:, 350:] = (10, 200, 90)
    ready = prepare(image, 350)
    assert (ready.scale, ready.border, ready.grey.shape) == (0.5, 35, (150 + 70, 350 + 70))
    assert ready.grey[0, 0] == 0 and ready.grey[-1, -1] == cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[-1, -1]
    box = np.array([20.0, 30, 90, 120])
    np.testing.assert_allclose(ready.to_picture(ready.from_picture(box)), box)
    # the picture's own edge, half a pixel before its first centre, is the edge inside the border
    np.testing.assert_allclose(ready.from_picture(np.array([-0.5, -0.5, 699.5, 299.5])), [34.5, 34.5, 384.5, 184.5])
    assert prepare(image[:, :, 0], 2000).scale == 1


def test_without_cascades_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(detect.cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(ValueError, match="expected OpenCV's Haar cascades, or faces given by --boxes"):
        HaarDetector()
    (tmp_path / "haarcascade_frontalface_alt2.xml").write_text("<?xml version='1.0'?><opencv_storage></opencv_storage>")
    with pytest.raises(ValueError, match="found a damaged cascade"):
        HaarDetector()
    monkeypatch.delattr(detect.cv2, "CascadeClassifier")
    with pytest.raises(ValueError, match=r"without Haar cascades, expected 4\.x \(opencv-python<5\), --detector yunet"):
        HaarDetector()


def test_finds_the_face_of_a_portrait():
    """A public-domain one, its face's landmark box found by eye, moved by a border."""
    cbook = pytest.importorskip("matplotlib.cbook", reason="the portrait comes with matplotlib")
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    moved = cv2.copyMakeBorder(image, 60, 0, 200, 0, cv2.BORDER_CONSTANT)
    truth = np.array([166 + 200, 165 + 60, 355 + 200, 340 + 60])
    assert overlaps(truth, HaarDetector().find(moved).boxes[:1])[0] > 0.6


def test_no_face_no_box():
    for shape in ((1, 1, 3), (3, 2000, 3)):
        boxes = HaarDetector().find(np.full(shape, 128, np.uint8)).boxes
        assert boxes.shape == (0, 4) and boxes.dtype == np.float64


def test_search_mirrors_and_sorts_by_agreement(monkeypatch):
    squares = np.array([[10, 20, 40, 40], [60, 20, 40, 40]])
    answers = iter([(squares, np.array([3, 9])), (squares[:1], np.array([5]))])
    monkeypatch.setattr(detect, "find_squares", lambda *_: next(answers))
    monkeypatch.setattr(detect, "BORDER", 0.0)
    cascade = dataclasses.replace(CASCADE, mirrored=True, dx=0.1)
    found = detect.search(np.zeros((100, 200), np.uint8), cascade, None)
    first, second = cascade.to_boxes(squares)
    np.testing.assert_allclose(found.boxes, [second, mirror_boxes(first[None], 200)[0], first])
    np.testing.assert_allclose(found.scores, [9 / 10, 5 / 6, 3 / 4])
    assert not found.oriented[:, 4].any()


def test_looks_come_one_after_the_other_and_only_when_asked_for(monkeypatch):
    asked, steps = [], []

    def one(image, cascade, classifier):
        asked.append(cascade.name)
        steps.append(cascade.scale)
        return candidates_of([[len(asked), 0, 50, 50]], [0.5])

    monkeypatch.setattr(detect, "search", one)
    detector = HaarDetector()
    looks = detector.looks(np.zeros((100, 640, 3), np.uint8))
    assert next(looks).boxes[0, 0] == 1 and asked == ["frontal, reduced"]
    assert len(list(looks)) == 2 and asked[1:] == ["frontal", "profile"]
    asked.clear()
    assert len(list(detector.looks(np.zeros((641, 100, 3), np.uint8)))) == 4 and asked[-1] == "frontal, large"
    asked.clear()
    small = np.zeros((90, 120, 3), np.uint8)
    for _ in range(6):
        detector.glance(small, 320)
    assert asked == ["frontal", "frontal, reduced", "profile", "frontal, reduced", "frontal", "frontal, reduced"]
    assert min(steps[:3]) < detect.COARSE == min(steps[-6:])
