"""export/networks.py: a frozen graph from before the spread was answered gets it, and stays as it was."""

import cv2
import numpy as np
import pytest

from export.checkpoint import frozen_graph
from export.networks import LANDMARKS, SPREADING, signature_of, with_spread
from export.runtimes import session_of
from net.detector.shape import DetectorShape
from net.model.shape import Shape
from records.runtime import tf, v1
from tests.helpers.random_weights import random_load

HEAT = Shape(points=5, width=8, decoder=6, size=64)
DENSE = Shape(points=5, width=8, decoder=6, size=64, head="dense")
IMAGES = np.random.default_rng(2).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def graph():
    return frozen_graph(HEAT, random_load())


@pytest.fixture(scope="module")
def older(graph):
    """The same graph as it was frozen before: nothing leads to a spread."""
    return v1.graph_util.extract_sub_graph(graph, ["landmarks"])


def test_signatures():
    assert signature_of(HEAT).outputs == ("landmarks", "spread") and signature_of(DENSE).outputs == ("landmarks",)
    assert len(signature_of(DetectorShape()).outputs) == 3


def test_the_spread_is_added_and_all_else_stays(graph, older):
    added = with_spread(older, HEAT)
    assert len(older.node) < len(added.node) == len(graph.node)
    assert list(added.node[: len(older.node)]) == list(older.node)
    landmarks, spread = session_of(added, SPREADING)(IMAGES)
    np.testing.assert_array_equal(landmarks, session_of(older, LANDMARKS)(IMAGES)[0])
    np.testing.assert_allclose(spread, session_of(graph, SPREADING)(IMAGES)[1], rtol=1e-6)
    assert with_spread(added, HEAT) is added


def test_opencv_answers_the_same_landmarks_to_the_bit(older):
    before, after = (net_of(one) for one in (older, with_spread(older, HEAT)))
    wanted = before.forward("landmarks").copy()
    np.testing.assert_array_equal(after.forward("landmarks"), wanted)
    np.testing.assert_array_equal(after.forward(), wanted)
    np.testing.assert_array_equal(after.forward(["landmarks", "spread"])[0], wanted)


def net_of(graph):
    net = cv2.dnn.readNetFromTensorflow(np.frombuffer(graph.SerializeToString(), np.uint8))
    net.setInput(np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)), "image")
    return net


def test_a_graph_without_heat_maps_is_refused():
    with pytest.raises(ValueError, match="found no softmax before landmarks, expected heat maps"):
        with_spread(frozen_graph(DENSE, random_load()), HEAT)
    with v1.Graph().as_default() as empty:
        tf.constant(1.0, name="x")
    with pytest.raises(ValueError, match="found no softmax"):
        with_spread(empty.as_graph_def(), HEAT)
