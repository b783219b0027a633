"""Frozen graphs: read from a file, tidied, their constants made half as large or whole again, shown in TensorBoard."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from records.runtime import tf, v1

SMALL = 4096  # numbers of a constant that half precision would not be worth it for
HALF, SINGLE = tf.float16.as_datatype_enum, tf.float32.as_datatype_enum


def read_graph(path: Path) -> v1.GraphDef:
    """The frozen graph of a `.pb` file, constants as they are stored.

    Raises FileNotFoundError where there is no file, ValueError where it holds no graph.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected a frozen graph")
    try:
        graph = v1.GraphDef.FromString(path.read_bytes())
    except Exception:  # protobuf's DecodeError has another class in each of its implementations
        graph = v1.GraphDef()
    if not graph.node:
        raise ValueError(f"{path}: found no graph, expected a frozen graph of TensorFlow")
    return graph


def constants_of(graph: v1.GraphDef) -> dict[str, np.ndarray]:
    """Node name -> value of every constant, as it is stored."""
    return {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph.node if node.op == "Const"}


def flush_subnormals(graph: v1.GraphDef) -> int:
    """Sets constants below float32's normal range to zero, in place: they slow some processors down a hundredfold.

    Returns how many there were.
    """
    count = 0
    for node in _constants(graph, SINGLE):
        values = tf.make_ndarray(node.attr["value"].tensor)
        tiny = (values != 0) & (np.abs(values) < np.finfo(np.float32).tiny)
        if tiny.any():
            count += int(tiny.sum())
            _store(node, np.where(tiny, np.float32(0), values))
    return count


def halved(graph: v1.GraphDef, small: int = SMALL) -> v1.GraphDef:
    """The graph with its float32 constants as raw half-precision ones: half the file, for OpenCV alone.

    OpenCV widens them when it reads them; TensorFlow refuses such a graph until `widened` has made it whole. Constants
    of up to `small` numbers, such as offsets and the first kernel, stay: they are one percent of the file, but most of
    the error. Names stay. Raises ValueError where a value is beyond half precision's range.
    """
    copy = _copy(graph)
    for node in _constants(copy, SINGLE):
        values = tf.make_ndarray(node.attr["value"].tensor)
        if values.size > small:
            _store(node, _as_half(node.name, values))
    return copy


def widened(graph: v1.GraphDef) -> v1.GraphDef:
    """The graph with its half-precision constants as float32: what OpenCV makes of a graph from `halved`."""
    copy = _copy(graph)
    for node in _constants(copy, HALF):
        _store(node, tf.make_ndarray(node.attr["value"].tensor).astype(np.float32))
    return copy


def write_board(graph: v1.GraphDef, folder: Path) -> None:
    """Writes the graph as an event file into a folder, which TensorBoard's Graphs tab shows."""
    with v1.Graph().as_default() as shown:
        v1.import_graph_def(widened(graph), name="")
        v1.summary.FileWriter(str(folder), shown).close()


def _constants(graph: v1.GraphDef, kind: int) -> Iterable:
    return (node for node in graph.node if node.op == "Const" and node.attr["dtype"].type == kind)


def _store(node, values: np.ndarray) -> None:
    node.attr["dtype"].type = tf.as_dtype(values.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))


def _copy(graph: v1.GraphDef) -> v1.GraphDef:
    copy = v1.GraphDef()
    copy.CopyFrom(graph)
    return copy


def _as_half(name: str, values: np.ndarray) -> np.ndarray:
    largest = float(np.abs(values).max(initial=0))
    if not largest <= float(np.finfo(np.float16).max):
        raise ValueError(f"{name}: found {largest:g}, expected values within half precision's range, 65504")
    return values.astype(np.float16)
