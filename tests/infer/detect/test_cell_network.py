"""infer/detect/cell_network.py: pictures of any size through a network, and scores that tell alike."""

import numpy as np
import pytest

from infer.detect import cell_network
from infer.detect.cell_network import CellNetwork, moved_score
from infer.model.detector_contract import read_detector_contract
from tests.helpers.tiny_detector import LEVELS, score_of, with_faces, write_detector


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("network"), threshold=0.6)


def opened(file, threshold=None):
    return CellNetwork(read_detector_contract(file), threshold)


@pytest.mark.parametrize(("shape", "wanted"), [((50, 90), (64, 96)), ((160, 96), (160, 96)), ((97, 161), (128, 192))])
def test_pictures_are_filled_up_to_whole_cells(file, monkeypatch, shape, wanted):
    network, shapes = opened(file), []
    cells = network._cells
    monkeypatch.setattr(network, "_cells", lambda image: shapes.append(image.shape[:2]) or cells(image))
    network.seen(np.zeros((*shape, 3), np.uint8), 0.3)
    assert shapes == [wanted]


def test_scores_of_two_networks_tell_alike(file):
    """The threshold becomes the other one; what is asked for is counted on its scale."""
    image = with_faces(96, 160, (0, 8, 16, 0.9), (1, 1, 6, 0.5), (2, 1, 0, 0.4))
    assert moved_score(0.6, 0.6, 0.25) == pytest.approx(0.25) and moved_score(0.7, 0.3, 0.3) == 0.7
    assert moved_score(np.array([0.0, 0.75, 1.0]), 0.6, 0.25) == pytest.approx([0, 0.4, 1])
    assert 0 < moved_score(0.5, 1.0, 0.5) < 0.002 and 0.998 < moved_score(0.49, 0.5, 1.0) < 1
    own, told = opened(file), opened(file, 0.25)
    assert (own.threshold, told.threshold) == (0.6, 0.25)
    assert own.seen(image, 0.3).scores == pytest.approx([score_of(0.9), score_of(0.5)], abs=1e-5)
    wanted = moved_score(score_of(0.5), 0.6, 0.25)
    assert wanted == pytest.approx(0.17, abs=0.02)
    assert len(told.seen(image, wanted - 0.001)) == 2 and len(told.seen(image, wanted + 0.001)) == 1
    assert told.seen(image, wanted - 0.001).scores[1] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("told", [0.01, 0.37, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("own", [0.01, 0.3, 0.7, 0.9995, 1.0])
def test_of_any_two_thresholds_the_same_finds_are_faces(own, told):
    steps = np.linspace(0, 1, 999)
    scores = np.unique([*steps, *(1 - steps**4 / 100), own, np.nextafter(own, 0)])
    moved = moved_score(scores, own, told)
    np.testing.assert_array_equal(moved >= told, scores >= own)
    assert (np.diff(moved) >= 0).all() and (moved[0], moved[-1]) == (0, 1 if own < 1 else told)
    assert (moved_score(own, own, told), moved_score(told, told, own)) == (told, own)


def test_a_map_of_another_size_is_told(tmp_path):
    swapped = [{"name": one.name, "stride": max(16, one.stride), "unit": one.unit} for one in LEVELS]
    with pytest.raises(ValueError, match=r"detector\.pb: answers \[4, 8, 15\] as cells8, expected \[2, 4, 15\]"):
        opened(write_detector(tmp_path, outputs=swapped))
    with pytest.raises(ValueError, match=r"detector\.pb: found no graph that OpenCV .* can run"):
        opened(write_detector(tmp_path, outputs=[{"name": "none", "stride": 8, "unit": 16}]))


def test_of_very_many_cells_the_surest_are_looked_at(file, monkeypatch):
    monkeypatch.setattr(cell_network, "CELLS", 2)
    image = with_faces(96, 160, (1, 1, 2, 0.7), (1, 4, 7, 1.0), (1, 1, 7, 0.6), (1, 4, 2, 0.8))
    assert opened(file).seen(image, 0.5).scores == pytest.approx([score_of(1.0), score_of(0.8)], abs=1e-4)
