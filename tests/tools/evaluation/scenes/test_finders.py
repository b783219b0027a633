"""Detectors opened by name: the tiny one with its bright cells, YuNet's twin with its dark ones."""

import numpy as np
import pytest

from infer.detect.yunet import YuNetDetector
from tests.helpers.tiny_detector import score_of, with_faces, write_detector
from tests.infer.detect.test_yunet import picture, write_yunet
from tools.evaluation.scenes.finders import open_finders


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


def test_yunet_by_its_file_with_sizes_alone(tmp_path):
    file = write_yunet(tmp_path / "face.onnx")
    found, contracts = open_finders([f"yunet={file}"], ["384", "detect", "640"])
    assert list(found) == ["face, 384", "face, 640"] and not contracts
    large = np.kron(picture((3, 4)), np.ones((2, 2, 1), np.uint8))
    one, detector = found["face, 384"], YuNetDetector(file)
    np.testing.assert_allclose(one.find(large).boxes, detector.glance(large, 384).boxes, atol=1e-6)
    assert len(one.find(np.where(large, 255, 80).astype(np.uint8))) == 1  # unsure as it is
    assert one.threshold == 0.6


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
