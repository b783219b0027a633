"""tools/evaluation/footprint.py: counts against those by hand, memory against what is known to be held."""

import os
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from infer.landmarker import default_model
from infer.model.contract import read_contract
from tests.helpers.tiny_onnx import SIZE, depthwise_model, model, node, tensor, value, write_peer
from tools.evaluation import footprint
from tools.evaluation.report import costs


def test_counted_by_hand(tmp_path):
    path = write_peer(tmp_path)
    assert footprint.count(read_contract(path)) == (3 * 136 + 136, 3 * 136)  # one matrix and its bias
    path = write_peer(tmp_path, nhwc=True, input={"size": SIZE, "layout": "NHWC"})
    assert footprint.count(read_contract(path)) == (3 * 136 + 136, 3 * 136)


def mobile():
    """As exported by TensorFlow, and like a MobileNet: pixels are scaled, batch norms are left, activations are cut."""
    nodes = [
        node("Mul", ["data", "scale"], ["a"]),
        node("Conv", ["a", "c1"], ["b"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["b", "gamma", "beta", "mean", "variance"], ["c"]),
        node("Clip", ["c", "", "six"], ["d"]),
        node("Conv", ["d", "c2", "b2"], ["e"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=4),
        node("Conv", ["e", "c3", "b3"], ["f"], kernel_shape=[1, 1]),
        node("GlobalAveragePool", ["f"], ["g"]),
        node("Flatten", ["g"], ["h"], axis=1),
        node("Gemm", ["h", "c4", "b4"], ["points"], transB=1),
    ]
    shapes = {"c1": (4, 3, 3, 3), "gamma": 4, "beta": 4, "mean": 4, "variance": 4, "scale": (), "six": ()}
    shapes |= {"c2": (4, 1, 3, 3), "b2": 4, "c3": (6, 4, 1, 1), "b3": 6, "c4": (136, 6), "b4": 136}
    parameters = 4 * 27 + 2 * 4 + (36 + 4) + (24 + 6) + (816 + 136)
    return nodes, shapes, parameters, 144 * (4 * 27 + 36 + 24) + 816


def pfld():
    """Like a PFLD, two scales in one answer; a convolution comes twice, and a product is one of two maps."""
    nodes = [
        node("Conv", ["data", "c1", "b1"], ["a"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("PRelu", ["a", "slopes"], ["b"]),
        node("Conv", ["b", "c2", "b2"], ["c"], kernel_shape=[1, 1]),
        node("Conv", ["c", "c2", "b2"], ["d"], kernel_shape=[1, 1]),
        node("MatMul", ["d", "b"], ["e"]),
        node("Conv", ["e", "c3", "b3"], ["f"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        *(node("GlobalAveragePool", [name], [f"{name}1"]) for name in "ef"),
        *(node("Flatten", [f"{name}1"], [f"{name}2"], axis=1) for name in "ef"),
        node("Concat", ["e2", "f2"], ["g"], axis=1),
        node("MatMul", ["g", "c4"], ["h"]),
        node("Add", ["h", "b4"], ["points"]),
    ]
    shapes = {"c1": (4, 3, 3, 3), "b1": 4, "slopes": (4, 1, 1), "c2": (4, 4, 1, 1), "b2": 4}
    shapes |= {"c3": (5, 4, 3, 3), "b3": 5, "c4": (9, 136), "b4": 136}
    parameters = (4 * 27 + 4) + 4 + (16 + 4) + (5 * 36 + 5) + 9 * 136 + 136
    return nodes, shapes, parameters, 144 * (4 * 27 + 2 * 16 + 4 * 12) + 36 * (5 * 36) + 9 * 136


@pytest.mark.parametrize("batch", [1, "N"])
@pytest.mark.parametrize("network", [mobile, pfld])
def test_networks_of_others(tmp_path, network, batch):
    nodes, shapes, parameters, products = network()
    rng, path = np.random.default_rng(1), write_peer(tmp_path, input={"size": SIZE, "batch": 1 if batch == 1 else 8})
    weights = [tensor(name, rng.uniform(0.1, 1, shape)) for name, shape in shapes.items()]
    ends = [value("data", [batch, 3, SIZE, SIZE])], [value("points", [batch, 136])]
    path.write_bytes(model(nodes, weights, *ends))
    found = footprint.footprint(read_contract(path))
    assert (found["parameters"], found["multiply_adds"]) == (parameters, products)
    assert found["memory"] > found["memory_added"] > 0


def test_what_cannot_be_counted_is_said(tmp_path, monkeypatch):
    layer = SimpleNamespace(type="LSTM", blobs=[np.arange(100.0).reshape(20, 5)])
    shapes = [0], [[(8, 1, 5)]], [[(8, 1, 5)]]
    net = SimpleNamespace(getLayer=lambda index: layer, getLayersShapes=lambda shape: shapes)
    monkeypatch.setattr(footprint.network, "load", lambda contract: net)
    found = footprint.footprint(read_contract(write_peer(tmp_path)), memory=False)
    assert found["parameters"] == 100 and found["multiply_adds"] is None
    assert "| peer | 0.00 | 0.00 | unknown |" in costs({"peer": found}, [])


def test_a_depthwise_convolution_counts_a_channel_once(tmp_path, monkeypatch):
    channels, pixels = 4, SIZE * SIZE
    net = cv2.dnn.readNetFromONNX(np.frombuffer(depthwise_model(channels), np.uint8))
    monkeypatch.setattr(footprint.network, "load", lambda contract: net)
    contract = read_contract(write_peer(tmp_path))
    object.__setattr__(contract.input, "channels", channels)
    parameters, products = footprint.count(contract)
    assert parameters == channels * 9 and products == channels * 9 * pixels
    # OpenCV's own count takes it for a full convolution: that is why it is not used
    assert net.getFLOPS([1, channels, SIZE, SIZE]) >= 2 * channels * products


def test_the_shipped_network():
    if not default_model().is_file():
        pytest.skip("no shipped model")
    contract = read_contract(default_model().parent / "landmark.json")
    parameters, products = footprint.count(contract)
    net = footprint.network.load(contract)
    flops = net.getFLOPS([1, 3, contract.input.size, contract.input.size])
    assert parameters == sum(blob.size for name in net.getLayerNames() for blob in net.getLayer(name).blobs)
    assert products == pytest.approx(flops / 2, rel=0.02)  # activations and sums are the rest


def test_what_the_contract_says_is_taken(tmp_path):
    contract = read_contract(write_peer(tmp_path, parameters=7, multiply_adds=9))
    found = footprint.footprint(contract, memory=False)
    size = (tmp_path / "peer.onnx").stat().st_size
    assert found == {"bytes": size, "parameters": 7, "multiply_adds": 9, "memory": None, "memory_added": None}
    contract = read_contract(write_peer(tmp_path, parameters=7))
    found = footprint.footprint(contract, memory=False)
    assert (found["parameters"], found["multiply_adds"]) == (7, 3 * 136)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_peak_memory_is_that_of_a_process_of_its_own(tmp_path):
    ballast = np.ones(60 << 20, np.uint8)  # ours, not that process's
    found = footprint.peak_memory(write_peer(tmp_path))
    assert 20e6 < found["memory"] < 400e6 and 0 <= found["memory_added"] < found["memory"]
    assert ballast.all()


def test_a_process_that_fails_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.onnx: the process that measures memory failed: .*no such model"):
        footprint.peak_memory(tmp_path / "none.onnx")
