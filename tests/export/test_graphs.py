"""export/graphs.py: frozen graphs are read, tidied, halved and widened without a change to anything else."""

import numpy as np
import pytest
import tensorflow as tf

from export.graphs import constants_of, flush_subnormals, halved, read_graph, widened

v1 = tf.compat.v1
TINY = np.finfo(np.float32).tiny
VALUES = np.array([[1.0, 1 / 3, -70.5], [TINY, 0.0, 6e4]], np.float32)


def graph_of(**constants) -> v1.GraphDef:
    with v1.Graph().as_default() as built:
        for name, value in constants.items():
            tf.constant(value, name=name)
        return built.as_graph_def()


@pytest.mark.parametrize("data", [b"", b"no graph at all", b"\x0a\x05ab"])
def test_what_is_no_graph_is_refused(tmp_path, data):
    path = tmp_path / "a.pb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.pb: found no graph, expected a frozen graph of TensorFlow"):
        read_graph(path)
    with pytest.raises(FileNotFoundError, match=r"b\.pb: found no such file, expected a frozen graph"):
        read_graph(tmp_path / "b.pb")


def test_subnormals_become_zero_and_nothing_else_does():
    values = np.array([[1.0, TINY / 2, -TINY / 4], [TINY, 0.0, -3.0]], np.float32)
    graph = graph_of(weights=values, shape=[1, 2], plain=np.float32(2.5))
    untouched = [node.SerializeToString() for node in graph.node if node.name != "weights"]
    assert flush_subnormals(graph) == 2
    np.testing.assert_array_equal(constants_of(graph)["weights"], [[1, 0, 0], [TINY, 0, -3]])
    assert [node.SerializeToString() for node in graph.node if node.name != "weights"] == untouched
    assert flush_subnormals(graph) == 0


def test_halves_are_the_nearest_ones_and_widen_again():
    graph = graph_of(weights=VALUES, shape=[3, 4], name="x")
    small = halved(graph, 0)
    found = constants_of(small)
    assert found["weights"].dtype == np.float16 and found["shape"].dtype == np.int32
    np.testing.assert_array_equal(found["weights"], VALUES.astype(np.float16))
    node = next(node for node in small.node if node.name == "weights")
    assert node.attr["dtype"].type == tf.float16.as_datatype_enum
    whole = constants_of(widened(small))["weights"]
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, VALUES.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(constants_of(graph)["weights"], VALUES)  # the one given stays
    assert [node.name for node in small.node] == [node.name for node in graph.node]
    assert widened(graph) == graph


def test_what_half_precision_cannot_hold_is_refused():
    for value in (np.float32(65600), np.float32(-1e6), np.float32(np.nan), np.float32(np.inf)):
        with pytest.raises(ValueError, match="heat: found .*, expected values within half precision's range, 65504"):
            halved(graph_of(heat=[value]), 0)
