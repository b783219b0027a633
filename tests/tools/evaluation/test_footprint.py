"""tools/evaluation/footprint.py: counts against those by hand, memory against what is known to be held."""

from types import SimpleNamespace

import numpy as np
import pytest

from infer.model.contract import read_contract
from tests.helpers.tiny_onnx import SIZE, model, node, tensor, value, write_peer
from tools.evaluation import footprint
from tools.evaluation.report import costs


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
    assert footprint.count(read_contract(path)) == (parameters, products)


def test_what_cannot_be_counted_is_said(tmp_path, monkeypatch):
    layer = SimpleNamespace(type="LSTM", blobs=[np.arange(100.0).reshape(20, 5)])
    shapes = [0], [[(8, 1, 5)]], [[(8, 1, 5)]]
    net = SimpleNamespace(getLayer=lambda index: layer, getLayersShapes=lambda shape: shapes)
    monkeypatch.setattr(footprint.network, "load", lambda contract: net)
    found = footprint.footprint(read_contract(write_peer(tmp_path)), memory=False)
    assert found["parameters"] == 100 and found["multiply_adds"] is None
    assert "| peer | 0.00 | 0.00 | unknown |" in costs({"peer": found}, [])


def test_what_the_contract_says_is_taken(tmp_path):
    contract = read_contract(write_peer(tmp_path, parameters=7, multiply_adds=9))
    found = footprint.footprint(contract, memory=False)
    size = (tmp_path / "peer.onnx").stat().st_size
    assert found == {"bytes": size, "parameters": 7, "multiply_adds": 9, "memory": None, "memory_added": None}
    found = footprint.footprint(read_contract(write_peer(tmp_path, parameters=7)))
    assert (found["parameters"], found["multiply_adds"]) == (7, 3 * 136)
    assert 400e6 > found["memory"] > max(found["memory_added"], 20e6)


def test_a_process_that_fails_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.onnx: the process that measures memory failed: .*no such model"):
        footprint.peak_memory(tmp_path / "none.onnx")
