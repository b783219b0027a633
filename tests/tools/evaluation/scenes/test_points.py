"""Points from boxes, with a stand-in network that answers the crop's place."""

from types import SimpleNamespace

import numpy as np
import pytest

from infer.faces.located import Located
from infer.geometry.candidates import candidates_of
from tests.helpers.drawn import random_face
from tools.evaluation.scenes.points import PointErrors, point_rows, points_from_finds, points_from_truth
from tools.evaluation.scenes.truth import TrueFace, TrueScene

RNG = np.random.default_rng(8)
FIRST, SECOND = random_face(RNG), random_face(RNG) + (150, 20)


class Stand:
    """A landmarker whose points are the true ones moved by a tenth of how far the crop's centre is off."""

    contract = SimpleNamespace(crop=SimpleNamespace(margin=0.1), input=SimpleNamespace(size=128))

    def __init__(self):
        self.crops = []

    def fit(self, image, boxes, passes):
        assert passes == 1 and boxes.shape == (1, 4)
        x, y = (boxes[0, :2] + boxes[0, 2:]) / 2
        return [self._near((x, y))]

    def look(self, image, crops):
        self.crops += crops
        return Located(np.array([self._near(crop.centre) for crop in crops]))

    def _near(self, centre):
        face = min((FIRST, SECOND), key=lambda one: np.linalg.norm(middle(one) - centre))
        return face + 0.1 * (np.array(centre) - middle(face)) + (1, 0)


def box(points):
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def middle(points):
    return (points.min(axis=0) + points.max(axis=0)) / 2


@pytest.fixture
def scene():
    faces = [TrueFace(box(one), 90.0, points=one) for one in (FIRST, SECOND)]
    faces.append(TrueFace(np.array([0.0, 150, 20, 175]), 25.0))  # without points
    return TrueScene(np.zeros((200, 300, 3), np.uint8), faces, np.zeros((0, 4)), "a/b/1", "1")


def test_errors_from_true_and_from_found_boxes(scene):
    network = Stand()
    off = box(SECOND) + [10, 0, 10, 0]
    found = candidates_of([off, [0, 0, 5, 5]], [0.9, 0.8], [0.3, 0.0])
    true, own = PointErrors(), PointErrors()
    true.add(scene, points_from_truth(network, scene))
    own.add(scene, points_from_finds(network, scene, found))
    assert len(network.crops) == 1 and network.crops[0].angle == pytest.approx(0.3)
    eyes = np.linalg.norm(SECOND[36] - SECOND[45])
    inter = point_rows(true, {"mine": own})[0]
    assert (inter["model"], inter["norm"], inter["faces"], inter["missed"]) == ("mine", "inter_ocular", 2, 1)
    assert inter["of the found, true boxes"] == pytest.approx(100 / eyes)
    assert inter["its boxes"] == pytest.approx(200 / eyes) and inter["rise"] == pytest.approx(100 / eyes)
    first = np.linalg.norm(FIRST[36] - FIRST[45])
    assert inter["true boxes"] == pytest.approx((100 / eyes + 100 / first) / 2)


def test_no_known_points_no_rows():
    assert point_rows(PointErrors(), {"mine": PointErrors()}) == []
