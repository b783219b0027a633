"""infer/model/guard/frozen_graph.py: a graph that OpenCV would not survive is refused before it sees it."""

import pytest

from infer.model.guard.frozen_graph import INPUTS, check_graph, nodes_of
from tests.helpers.tiny_model import write_model

pytest.importorskip("tensorflow", reason="no TensorFlow, which reads and changes the graphs here")

from records.runtime import v1


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model")).read_bytes()


@pytest.fixture
def graph(data):
    return v1.GraphDef.FromString(data)


@pytest.fixture
def last(graph):
    """The graph's last node, "landmarks"."""
    return next(node for node in graph.node if node.name == "landmarks")


def refused(graph, wanted):
    with pytest.raises(ValueError, match=wanted) as caught:
        check_graph(graph.SerializeToString())
    assert len(str(caught.value).splitlines()) == 1


def test_nodes_are_those_that_tensorflow_reads(data, graph):
    found = [(node.name, node.op, node.inputs, set(node.attributes)) for node in nodes_of(data)]
    assert found == [(node.name, node.op, tuple(node.input), set(node.attr)) for node in graph.node]
    check_graph(data)


def test_a_node_without_its_inputs_is_refused(graph):
    for node in graph.node:
        if node.op not in ("Placeholder", "Const"):
            kept = list(node.input)
            del node.input[0]
            least = INPUTS.get(node.op, 1)
            refused(graph, rf"node '{node.name}', {node.op}, has {len(kept) - 1} inputs, expected {least}")
            node.input[:] = kept
    check_graph(graph.SerializeToString())


def test_names_are_those_of_nodes_and_only_once(graph, last):
    last.input[0] += ":0"  # outputs and control inputs as TensorFlow names them
    last.input.append("^image")
    check_graph(graph.SerializeToString())
    last.input[0] = "nobody:0"
    refused(graph, "node 'landmarks' takes 'nobody:0', which is not there")
    graph.node.add().CopyFrom(graph.node[1])
    refused(graph, f"two nodes '{graph.node[1].name}'")


def test_a_constant_without_type_or_value_is_refused(graph):
    node = next(node for node in graph.node if node.op == "Const")
    for key in ("dtype", "value"):
        kept = v1.AttrValue.FromString(node.attr[key].SerializeToString())
        node.attr[key].i = 7  # takes the place of the other kind
        refused(graph, f"node '{node.name}', a constant, lacks its {key}")
        del node.attr[key]
        refused(graph, f"node '{node.name}', a constant, lacks its {key}")
        node.attr[key].CopyFrom(kept)


@pytest.mark.parametrize(("op", "inputs"), [("ConcatV2", "xxa"), ("Concat", "axx"), ("Split", "ax")])
def test_an_axis_where_opencv_does_not_look_is_refused(op, inputs):
    """The bytes of tensor_content, where TensorFlow reads it as well, and none at all."""
    graph = v1.GraphDef(node=[{"name": "x", "op": "Placeholder"}, {"name": "a", "op": "Const"}])
    graph.node.add(name="y", op=op, input=inputs)
    axis = graph.node[1].attr["value"].tensor
    graph.node[1].attr["dtype"].type = axis.dtype = 3
    for content in (b"", b"\3\0\0\0"):
        axis.tensor_content = content
        refused(graph, f"node 'y', {op}, has an axis without a number")
    axis.int_val.append(3)
    check_graph(graph.SerializeToString())


def test_an_unknown_order_of_axes_is_refused(graph, last):
    for value in (b"NHWC", b"NCHW"):
        last.attr["data_format"].s = value
        check_graph(graph.SerializeToString())
    for value in (b"", b"HWCN", b"\xff"):
        last.attr["data_format"].s = value
        refused(graph, "node 'landmarks' has another data_format than NHWC and NCHW")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "no nodes"),
        (b"no graph", "no protocol buffer"),
        (b"\xff" * 20, "no protocol buffer"),
        (b"\x0a\x7f\x0a", "a message that is cut"),
        (b"\x0a\x02\x0a\x05", "a message that is cut"),
        (b"\x08\x01", "a number in place of a message"),
        (b"\x0a\x03\x0a\x01\xff", "a name that is no text"),
        (b"\x0a\x02\x28\x01", "a number in place of a message"),
        (b"\x0d\x01\x02\x03\x04\x09abcdefg", "a message that is cut"),
    ],
)
def test_other_bytes_are_refused(data, wanted):
    with pytest.raises(ValueError, match=wanted):
        check_graph(data)


def test_a_cut_is_refused_unless_it_falls_between_two_nodes(data, graph):
    ends, at = {0}, 0
    for node in graph.node:
        at += len(v1.GraphDef(node=[node]).SerializeToString())
        ends.add(at)
    for end in set(range(0, len(data) - 1, 3)) - ends:
        with pytest.raises(ValueError):
            check_graph(data[:end])
