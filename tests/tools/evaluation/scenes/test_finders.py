"""Detectors opened by name: the tiny one with its bright cells, YuNet's twin with its dark ones."""

import numpy as np
import pytest

from infer.detect.yunet import YuNetDetector
from infer.geometry.oriented import roll_of
from infer.landmarker import Landmarker
from tests.helpers.tiny_detector import score_of, with_faces, write_detector
from tests.infer.detect.test_yunet import picture, write_yunet
from tools.evaluation.scenes import finders
from tools.evaluation.scenes.finders import open_finders
from tools.read.whole_face import landmark_boxes


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_detector(tmp_path_factory.mktemp("model"), "mine"))


def test_our_own_in_one_look_keeps_unsure_finds_and_as_it_ships_none(model):
    found, contracts = open_finders([model], ["640", "detect"])
    assert list(found) == [f"{model}, 640", f"{model}, detect"] == list(contracts)
    image = with_faces(96, 160, (1, 1, 2, 1.0), (1, 4, 7, 0.4))
    one, shipped = (finder.find(image) for finder in found.values())
    np.testing.assert_allclose(np.sort(one.scores), [score_of(0.4), score_of(1.0)], atol=1e-3)
    np.testing.assert_allclose(shipped.scores, [score_of(1.0)], atol=1e-3)
    assert {finder.threshold for finder in found.values()} == {0.5}


def test_a_look_is_at_the_reduced_picture(model):
    (finder,) = open_finders([model], ["64"])[0].values()
    large = np.kron(with_faces(32, 64, (2, 0, 1, 1.0)), np.ones((3, 3, 1), np.uint8))
    (box,) = finder.find(large).boxes
    (small,) = finder.find(with_faces(32, 64, (2, 0, 1, 1.0))).boxes
    np.testing.assert_allclose(box, (small + 0.5) * 3 - 0.5, atol=0.1)


def test_yunet_by_its_file_with_sizes_alone_and_its_whole_boxes_mapped(tmp_path):
    file = write_yunet(tmp_path / "face.onnx")
    found, contracts = open_finders([f"yunet={file}"], ["384", "detect"])
    assert list(found) == ["face, 384"] and not contracts
    large = np.kron(picture((3, 4)), np.ones((2, 2, 1), np.uint8))
    (x, y, width, height, *five), score = YuNetDetector(file).run(picture((3, 4)))[0, :14], 0.6
    small = landmark_boxes(np.array([[x, y, x + width, y + height]]))
    one = found["face, 384"].find(large)
    np.testing.assert_allclose(one.boxes, (small + 0.5) * 2 - 0.5, atol=0.5)
    assert one.oriented[0, 4] == pytest.approx(float(roll_of(np.reshape(five, (5, 2)))), abs=1e-6)
    assert found["face, 384"].threshold == score


def test_haar_as_it_ships_answers_the_boxes_around_its_points(monkeypatch):
    faces = [type("Face", (), {"box": np.array([1.0, 2, 31, 42]), "score": 0.8})]
    monkeypatch.setattr(Landmarker, "detect", lambda self, image: faces)
    (finder,) = open_finders(["haar"])[0].values()
    found = finder.find(np.zeros((60, 70, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[1, 2, 31, 42]])
    assert found.scores.tolist() == [0.8] and np.isnan(found.oriented[0, 4])
    assert finder.threshold == finders.FACE


def test_what_cannot_be_opened_is_named(model, tmp_path):
    for names, looks, error in (
        ([model, model], ["640"], "each once"),
        ([model], ["closer"], "'closer', expected"),
        ([model], ["16"], "'16', expected"),
        (["yunet=x.onnx"], ["detect"], "expected one in pixels"),
    ):
        with pytest.raises(ValueError, match=error):
            open_finders(names, looks)
    with pytest.raises(FileNotFoundError):
        open_finders([str(tmp_path / "none.pb")])
