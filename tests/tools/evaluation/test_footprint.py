"""tools/evaluation/footprint.py: counts against those by hand, memory against what is known to be held."""

import os

import cv2
import numpy as np
import pytest

from infer.landmarker import default_model
from infer.model.contract import read_contract
from tests.helpers.tiny_onnx import SIZE, depthwise_model, write_peer
from tools.evaluation import footprint


def test_counted_by_hand(tmp_path):
    path = write_peer(tmp_path)
    assert footprint.count(read_contract(path)) == (3 * 136 + 136, 3 * 136)  # one matrix and its bias
    path = write_peer(tmp_path, nhwc=True, input={"size": SIZE, "layout": "NHWC"})
    assert footprint.count(read_contract(path)) == (3 * 136 + 136, 3 * 136)


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
    assert footprint.footprint(contract, memory=False)["multiply_adds"] == 3 * 136


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_peak_memory_is_that_of_a_process_of_its_own(tmp_path):
    ballast = np.ones(60 << 20, np.uint8)  # ours, not that process's
    found = footprint.peak_memory(write_peer(tmp_path))
    assert 20e6 < found["memory"] < 400e6 and 0 <= found["memory_added"] < found["memory"]
    assert ballast.all()


def test_a_process_that_fails_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.onnx: the process that measures memory failed: .*no such model"):
        footprint.peak_memory(tmp_path / "none.onnx")
