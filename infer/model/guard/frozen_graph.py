"""A look at a frozen graph before OpenCV reads it: its importer trusts it, and a node without inputs ends the process.

A `.pb` file is a protocol buffer (TensorFlow's graph.proto, node_def.proto); names, ops and inputs of its nodes are
read here, without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .protobuf import EMPTY, fields_of, numbers_of, text_of

NODE, NAME, OP, INPUT, ATTRIBUTE = 1, 1, 2, 3, 5  # field numbers of GraphDef and NodeDef,
KEY, VALUE, TEXT, TYPE, TENSOR = 1, 2, 2, 6, 8  # of its attributes and of AttrValue,
INTS = 7  # and of TensorProto
# Inputs at the least. OpenCV takes some of them unseen; all other ops have one.
TWO = (
    "Add AddV2 ArgMax ArgMin BatchMatMul BatchMatMulV2 BatchToSpaceND BiasAdd Concat ConcatV2 Conv2D Conv3D "
    "DepthwiseConv2dNative Div ExpandDims FusedConv2D MatMul Max Maximum Mean Min Minimum MirrorPad Mul Pad PadV2 "
    "Prod RealDiv Reshape ResizeBilinear ResizeNearestNeighbor SpaceToBatchND Split Sub Sum Transpose"
)
LAYOUTS = (b"NHWC", b"NCHW", b"NDHWC", b"NCDHW")
INPUTS = {
    **dict.fromkeys(("Const", "Placeholder", "NoOp"), 0),
    **dict.fromkeys(TWO.split(), 2),
    **dict.fromkeys(("ClipByValue", "Conv2DBackpropInput", "Slice"), 3),
    **dict.fromkeys(("CropAndResize", "StridedSlice"), 4),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), 5),
}
AXES = {"Concat": 0, "ConcatV2": -1, "Split": 0}  # which input is the axis


@dataclass(frozen=True)
class Node:
    """A node of the graph: its name, its op, the names of its inputs as they stand there, and its attributes: name ->
    {field number of AttrValue: content}.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict[str, dict[int, memoryview | int]]


def check_graph(data: bytes) -> None:
    """Raises ValueError, with what is wrong, for a frozen graph that OpenCV would not survive."""
    nodes = {}
    for node in nodes_of(data):
        if node.name in nodes:
            raise ValueError(f"two nodes {node.name!r}")
        nodes[node.name] = node
    if not nodes:
        raise ValueError("no nodes")
    for node in nodes.values():
        _check_inputs(node, nodes)
        _check_axis(node, nodes)
        _check_attributes(node)


def _check_inputs(node: Node, nodes: dict[str, Node]) -> None:
    least = INPUTS.get(node.op, 1)
    if len(node.inputs) < least:
        raise ValueError(f"node {node.name!r}, {node.op}, has {len(node.inputs)} inputs, expected {least}")
    missing = [name for name in node.inputs if _name(name) not in nodes]
    if missing:
        raise ValueError(f"node {node.name!r} takes {missing[0]!r}, which is not there")


def _check_axis(node: Node, nodes: dict[str, Node]) -> None:
    """OpenCV 4 and 5 take the first of the constant's int_val unseen, also where the number is elsewhere."""
    if node.op not in AXES:
        return
    axis = nodes[_name(node.inputs[AXES[node.op]])]
    tensor = axis.attributes.get("value", {}).get(TENSOR, EMPTY)
    if axis.op == "Const" and not any(numbers_of(value) for number, value in fields_of(tensor) if number == INTS):
        raise ValueError(f"node {node.name!r}, {node.op}, has an axis without a number")


def _check_attributes(node: Node) -> None:
    if "data_format" in node.attributes and node.attributes["data_format"].get(TEXT) not in LAYOUTS:
        raise ValueError(f"node {node.name!r} has another data_format than NHWC and NCHW")
    if node.op == "Const":
        for key, field, kind in (("dtype", TYPE, int), ("value", TENSOR, memoryview)):
            if not isinstance(node.attributes.get(key, {}).get(field), kind):
                raise ValueError(f"node {node.name!r}, a constant, lacks its {key}")


def _name(given: str) -> str:
    """The node that an input is of: `^name` is one that only comes before, `name:1` a node's second output."""
    return given.lstrip("^").split(":")[0]


def nodes_of(data: bytes) -> Iterator[Node]:
    """The nodes of a frozen graph, in its order. Raises ValueError where the bytes are no protocol buffer."""
    for number, content in fields_of(memoryview(data)):
        if number == NODE:
            fields = list(fields_of(content))
            name, op, inputs = ([text_of(value) for key, value in fields if key == one] for one in (NAME, OP, INPUT))
            attributes = dict(_attribute(value) for key, value in fields if key == ATTRIBUTE)
            yield Node("".join(name[-1:]), "".join(op[-1:]), tuple(inputs), attributes)


def _attribute(entry: memoryview | int) -> tuple[str, dict[int, memoryview | int]]:
    """Name and fields of a node's attribute."""
    fields = dict(fields_of(entry))
    return text_of(fields.get(KEY, EMPTY)), dict(fields_of(fields.get(VALUE, EMPTY)))
