"""infer/model/network.py: whatever a contract says of scaling, order, layout and unit, the same face comes out."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model import network
from infer.model.contract import NHWC, PIXEL, PLANAR, SIGNED, read_contract
from infer.model.graph import open_graph
from tests.helpers.tiny_model import CALIBRATED, expected_fractions, expected_spreads, write_model
from tests.helpers.tiny_onnx import SIZE, expected_points, pooled_model, write_peer

INFER = Path(network.__file__).resolve().parents[1]
BGR = (30, 90, 210)


def planar(points):
    return np.moveaxis(points, -1, -2).reshape(*points.shape[:-2], -1)


def answer_of(path, count=1):
    """Fractions for so many crops of one colour, [N, K, 2]."""
    contract = read_contract(path)
    crop = np.full((contract.input.size, contract.input.size, 3), BGR, np.uint8)
    return network.forward(network.load(contract), contract, [crop] * count).points


@pytest.mark.parametrize(
    ("given", "fed"),
    [
        ({"order": "BGR"}, (30, 90, 210)),
        ({"range": [-1, 1], "order": "BGR"}, (2 * 30 / 255 - 1, 2 * 90 / 255 - 1, 2 * 210 / 255 - 1)),
        ({"range": [0, 510], "mean": [20, 80, 30], "std": [20, 10, 5]}, (20, 10, 6)),
        ({"std": [1, 2, 4]}, (210, 45, 7.5)),
        ({"mean": [10, 20, 30]}, (200, 70, 0)),
    ],
)
def test_what_the_network_is_fed(tmp_path, given, fed):
    path = write_peer(tmp_path, input={"size": SIZE, **given})
    found = answer_of(path)
    assert found.shape == (1, 68, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected_points(fed), rtol=1e-5, atol=1e-5)


def test_grey(tmp_path):
    path = write_peer(tmp_path, channels=1, input={"size": SIZE, "order": "GRAY", "mean": 100, "std": 50})
    level = cv2.cvtColor(np.full((1, 1, 3), BGR, np.uint8), cv2.COLOR_BGR2GRAY)[0, 0]
    np.testing.assert_allclose(answer_of(path)[0], expected_points([(int(level) - 100) / 50]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("output", "convert"),
    [
        ({"layout": PLANAR}, planar),
        ({"unit": PIXEL}, lambda points: (points * SIZE - 0.5).reshape(*points.shape[:-2], -1)),
        ({"unit": SIGNED}, lambda points: (2 * points - 1).reshape(*points.shape[:-2], -1)),
        ({"unit": SIGNED, "layout": PLANAR, "name": "points"}, lambda points: planar(2 * points - 1)),
    ],
)
def test_what_it_answers(tmp_path, output, convert):
    path = write_peer(tmp_path, convert=convert, input={"size": SIZE, "range": [0, 1], "name": "data"}, output=output)
    fed = np.array(BGR[::-1]) / 255
    np.testing.assert_allclose(answer_of(path)[0], expected_points(fed), rtol=1e-4, atol=1e-4)


def test_channels_last(tmp_path):
    path = write_peer(tmp_path, nhwc=True, input={"size": SIZE, "layout": NHWC, "range": [0, 1]})
    np.testing.assert_allclose(answer_of(path)[0], expected_points(np.array(BGR[::-1]) / 255), rtol=1e-4)


def test_a_frozen_graph_of_others(tmp_path):
    path = write_model(tmp_path)
    kept = json.loads(path.with_suffix(".json").read_text())["points"]
    path.with_suffix(".json").write_text(json.dumps({"by_hand": True, "input": {"size": 32}, "points": kept}))
    np.testing.assert_allclose(answer_of(path)[0], expected_fractions(BGR[::-1]), atol=1e-4)


def test_the_spread_beside_the_points(tmp_path):
    contract = read_contract(write_model(tmp_path, spread=CALIBRATED))
    crops = [np.full((32, 32, 3), value, np.uint8) for value in (20, 200, 90)]
    net = network.load(contract)
    found, again = network.forward(net, contract, crops), network.forward(net, contract, crops[::-1])
    assert found.points.shape == (3, 5, 2) and found.spread.dtype == np.float32
    np.testing.assert_allclose(found.spread, [expected_spreads([value] * 3) for value in (20, 200, 90)], atol=1e-6)
    np.testing.assert_array_equal(again.spread[::-1], found.spread)  # the first answer is no place that is written anew
    located = network.locate(net, contract, crops)
    np.testing.assert_array_equal(located.errors, contract.spread.expected(found.spread))


@pytest.mark.parametrize(
    ("name", "wanted"), [("width", "found no graph that OpenCV"), ("landmarks", r"answers \[1, 10\] for 1 faces")]
)
def test_a_spread_that_is_not_there_is_refused(tmp_path, name, wanted):
    contract = read_contract(write_model(tmp_path, spread={"name": name, "unit": CALIBRATED["unit"]}))
    with pytest.raises(ValueError, match=rf"landmark\.pb: {wanted}"):
        network.load(contract)


@pytest.mark.parametrize("name", ["landmark", "landmark_small", "landmark_3d"])
def test_the_shipped_networks_are_less_sure_of_noise_than_of_a_face(name):
    contract = read_contract(INFER / f"{name}.pb")
    face = cv2.imread(str(INFER.parent / "images" / "drawn_1.jpg"))
    (found,) = Landmarker(contract.model).detect(face)
    assert found.errors.shape == (68,) and (found.errors > 0).all() and found.sure > 0.5
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    crops = [Crop.around(found.box, contract.crop.margin).cut(face), noise]
    of_face, of_noise = network.forward(network.load(contract), contract, crops).spread.mean(axis=1)
    assert 0 < of_face < 0.7 * of_noise < 0.7


def test_faces_go_one_by_one_unless_the_contract_says_more(tmp_path, monkeypatch):
    sizes, forward = [], network.forward
    counted = lambda net, contract, crops: sizes.append(len(crops)) or forward(net, contract, crops)  # noqa: E731
    monkeypatch.setattr(network, "forward", counted)
    image, boxes = np.full((90, 80, 3), BGR, np.uint8), np.tile([20, 30, 50, 60], (5, 1))
    for batch, wanted in ((None, [1] * 5), (2, [2, 2, 1])):
        given = {"size": SIZE, "range": [0, 1], **({"batch": batch} if batch else {})}
        landmarker = Landmarker(write_peer(tmp_path, input=given))
        sizes.clear()
        points = landmarker.fit(image, boxes, 1)
        assert sizes == wanted
        np.testing.assert_array_equal(points, np.tile(points[:1], (5, 1, 1)))


def test_a_promise_of_batches_that_does_not_hold_is_refused(tmp_path, monkeypatch):
    contract = read_contract(write_peer(tmp_path, input={"size": SIZE, "batch": 8}))
    forward = network.forward

    def spoilt(net, contract, crops):
        return network.RawAnswer(forward(net, contract, crops).points + (0.25 if len(crops) > 1 else 0))

    monkeypatch.setattr(network, "forward", spoilt)
    with pytest.raises(ValueError, match=r"peer\.onnx: answers 0\.25 otherwise for two faces at once"):
        network.load(contract)


def rewrite(path, **changes):
    """Other top-level keys in the contract of a model."""
    raw = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(raw | changes))


def test_two_outputs_need_a_name(tmp_path):
    path = write_peer(tmp_path)
    path.write_bytes(pooled_model(np.zeros((3, 136)), np.zeros(136), extra_output=True))
    with pytest.raises(ValueError, match=r"peer\.onnx: found outputs .*other.*expected output.name to choose one"):
        network.load(read_contract(path))
    rewrite(path, output={"name": "points"})
    np.testing.assert_array_equal(answer_of(path), np.zeros((1, 68, 2)))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (pooled_model(np.zeros((3, 196)), np.zeros(196)), r"answers \[1, 196\] for 1 faces, expected \[1, 136\]"),
        (b"this is no graph", r"found no graph that OpenCV .* can run \(.*\), expected an ONNX"),
    ],
)
def test_another_onnx_file_is_refused(tmp_path, data, wanted):
    path = write_peer(tmp_path)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"peer\.onnx: {wanted}"):
        network.load(read_contract(path))


def test_a_tflite_file_is_named_as_such(tmp_path):
    path = write_model(tmp_path).rename(tmp_path / "landmark.tflite")
    rewrite(path, file=path.name)
    with pytest.raises(ValueError, match=r"landmark\.tflite: found a TFLite file"):
        network.load(read_contract(path))


def test_an_opencv_without_tensorflow_is_told(tmp_path, monkeypatch):
    monkeypatch.delattr(cv2.dnn, "readNetFromTensorflow")
    (tmp_path / "model.pb").write_bytes(b"a graph")
    with pytest.raises(ValueError, match=rf"model\.pb: found OpenCV {cv2.__version__}, which .* \.onnx file"):
        open_graph(tmp_path / "model.pb")


def test_a_graph_that_would_end_the_process_is_refused(tmp_path):
    pytest.importorskip("tensorflow", reason="no TensorFlow, which changes the graph")
    from records.runtime import v1

    path = write_model(tmp_path)
    graph = v1.GraphDef.FromString(path.read_bytes())
    del next(node for node in graph.node if node.name == "landmarks").input[:]
    path.write_bytes(graph.SerializeToString())
    rewrite(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    wanted = r"landmark\.pb: found no graph that OpenCV .* \(node 'landmarks', Reshape, has 0 inputs, expected 2\)"
    with pytest.raises(ValueError, match=wanted):
        network.load(read_contract(path))
