"""A look at an ONNX file before OpenCV reads it: a tensor that comes from nowhere ends the process.

Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from .protobuf import fields_of, numbers_of, text_of

GRAPH = 7  # of ModelProto
NODE, INITIALIZER, GIVEN, SPARSE = 1, 5, 11, 15  # of GraphProto
INPUT, OUTPUT, OP, ATTRIBUTE = 1, 2, 4, 5  # of NodeProto
ATTRIBUTE_NAME, ATTRIBUTE_NUMBER = 1, 3  # of AttributeProto
DIMS = 1  # of TensorProto
NAMES = {INITIALIZER: 8, GIVEN: 1}  # where TensorProto and ValueInfoProto have their name
ALONE = ("Constant", "EyeLike", "RandomNormal", "RandomUniform")  # ops that may do without inputs
TWO = ("Add", "Conv", "ConvTranspose", "Div", "Gemm", "MatMul", "Mul", "Pow", "PRelu", "Reshape", "Sub")


def check_onnx(data: bytes) -> None:
    """Raises ValueError, with what is wrong, for an ONNX file that OpenCV would not survive."""
    graphs = [content for number, content in fields_of(memoryview(data)) if number == GRAPH]
    if not graphs:
        raise ValueError("no graph")
    parts = list(fields_of(graphs[-1]))
    known = {_name(content, NAMES[number]) for number, content in parts if number in NAMES}
    nodes = [content for number, content in parts if number == NODE]
    for number, content in parts:
        if number == INITIALIZER:
            _check_shape(content)
    if not nodes or any(number == SPARSE for number, _ in parts):
        raise ValueError("no nodes, or sparse tensors")
    for node in nodes:  # in an order in which each needs only what came before
        known |= _outputs(node, known)


def _name(message: memoryview | int, field: int) -> str:
    return "".join(text_of(value) for number, value in fields_of(message) if number == field)


def _check_shape(tensor: memoryview | int) -> None:
    """OpenCV divides by the channels of a kernel."""
    shape = [size for number, content in fields_of(tensor) if number == DIMS for size in numbers_of(content)]
    if len(shape) > 1 and not all(0 < size < 1 << 31 for size in shape):
        raise ValueError(f"a constant of shape {shape}")


def _check_group(attribute: memoryview | int) -> None:
    """And by the groups of a convolution."""
    parts = list(fields_of(attribute))
    if any(number == ATTRIBUTE_NAME and text_of(content) == "group" for number, content in parts) and not any(
        number == ATTRIBUTE_NUMBER and isinstance(content, int) and 0 < content < 1 << 31 for number, content in parts
    ):
        raise ValueError("a convolution in no groups")


def _outputs(node: memoryview | int, known: set[str]) -> set[str]:
    """The tensors that a node makes, if all that it takes is known."""
    for number, content in fields_of(node):
        if number == ATTRIBUTE:
            _check_group(content)
    parts = [(number, text_of(value)) for number, value in fields_of(node) if number in (INPUT, OUTPUT, OP)]
    op = "".join(value for number, value in parts if number == OP)
    taken = [value for number, value in parts if number == INPUT]
    least = 2 if op in TWO else 0 if op in ALONE else 1
    if len(taken) < least:
        raise ValueError(f"a node {op} has {len(taken)} inputs, expected {least}")
    missing = [name for name in taken if name and name not in known]
    if missing:
        raise ValueError(f"a node {op} takes {missing[0]!r}, which is not there")
    return {value for number, value in parts if number == OUTPUT}
