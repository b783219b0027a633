"""tools/evaluation/mean_face.py: the baseline of every evaluation."""

from types import SimpleNamespace

import numpy as np

from infer.geometry.boxes import box_of
from tools.evaluation.mean_face import MeanShape

BOX = np.array([10.0, 20.0, 70.0, 140.0])


def test_the_mean_shape_fills_every_box():
    model = MeanShape()
    points = model.fit(np.zeros((9, 9, 3), np.uint8), np.array([BOX, BOX * 2 + 1]), 2)
    assert points.shape == (2, 68, 2) and points.dtype == np.float32
    np.testing.assert_allclose([box_of(one) for one in points], [BOX, BOX * 2 + 1], atol=1e-4)
    np.testing.assert_allclose(points[1], points[0] * 2 + 1, atol=1e-3)


def test_the_mean_shape_by_detector_searches_a_picture_once():
    model, calls = MeanShape(), []
    model._detector = SimpleNamespace(find=lambda image: calls.append(image) or SimpleNamespace(boxes=BOX[None]))
    image = np.zeros((9, 9, 3), np.uint8)
    for _ in range(2):
        (face,) = model.detect(image, 1)
        np.testing.assert_allclose(face.box, BOX, atol=1e-4)
    model.detect(np.ones((9, 9, 3), np.uint8), 1)
    assert len(calls) == 2
