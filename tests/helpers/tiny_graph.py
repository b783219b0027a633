"""TensorFlow graphs, their protobuf fields written by hand, so that tests of inference need no TensorFlow.

The numbers are those of graph.proto, node_def.proto, attr_value.proto, tensor.proto and tensor_shape.proto.
"""

from __future__ import annotations

import numpy as np

from tests.helpers.protobuf import field

FLOAT, INT32 = 1, 3  # DataType
PRODUCER = 2474  # the version of graphs that TensorFlow 2.21 writes: of 0 it takes another meaning of some operations


def graph(*nodes: bytes) -> bytes:
    """GraphDef: node 1, versions 4 (VersionDef: producer 1)."""
    return b"".join(field(1, one) for one in nodes) + field(4, field(1, PRODUCER))


def placeholder(name: str, *dims: int) -> bytes:
    """An input of floats; a dimension of -1 is open."""
    return node(name, "Placeholder", dtype=a_type(FLOAT), shape=field(7, shape(dims)))


def constant(name: str, value) -> bytes:
    """A constant, int32 or float32. TensorProto: dtype 1, tensor_shape 2, tensor_content 4, int_val 7."""
    array = np.asarray(value)
    kind, array = (INT32, array.astype("<i4")) if array.dtype.kind == "i" else (FLOAT, array.astype("<f4"))
    # OpenCV reads an axis nowhere else than there
    values = field(7, int(array)) if array.ndim == 0 and kind == INT32 else field(4, array.tobytes())
    tensor = field(1, kind) + field(2, shape(array.shape)) + values
    return node(name, "Const", dtype=a_type(kind), value=field(8, tensor))


def call(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    """An operation on floats."""
    return node(name, op, *inputs, T=a_type(FLOAT), **attributes)


def node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    """NodeDef: name 1, op 2, input 3, attr 5, a map (key 1, value 2) of AttrValues."""
    given = b"".join(field(5, field(1, key.encode()) + field(2, value)) for key, value in attributes.items())
    return field(1, name.encode()) + field(2, op.encode()) + b"".join(field(3, one.encode()) for one in inputs) + given


def shape(dims) -> bytes:
    """TensorShapeProto: dim 2 (size 1)."""
    return b"".join(field(2, field(1, size)) for size in dims)


# AttrValue: list 1 (ListValue: i 3), s 2, i 3, type 6; shape 7 and tensor 8 are above


def a_type(kind: int) -> bytes:
    return field(6, kind)


def a_text(text: str) -> bytes:
    return field(2, text.encode())


def a_number(number: int) -> bytes:
    return field(3, number)


def numbers(*several: int) -> bytes:
    return field(1, b"".join(field(3, one) for one in several))
