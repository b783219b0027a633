"""What a frozen graph consists of: ops, parameters, multiply-adds, size of its file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from export.graphs import constants_of, widened
from records.runtime import tf, v1

SIDE = 320  # pixels of a picture's edge where it may be any
WEIGHTED = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BiasAdd")  # ops whose second input holds parameters


@dataclass(frozen=True)
class Summary:
    """ops: kind -> how many, constants left out; parameters: numbers in weights and offsets; multiply_adds: of the
    convolutions and matrix products, for one picture; constants: numbers in constants of any kind; bytes: of the graph;
    side: pixels of the picture's edges where they may be any, else None.
    """

    ops: dict[str, int]
    parameters: int
    multiply_adds: int
    constants: int
    bytes: int
    side: int | None = None

    def table(self) -> str:
        """The summary in Markdown."""
        ops = ", ".join(f"{count} {op}" for op, count in sorted(self.ops.items(), key=lambda item: (-item[1], item[0])))
        picture = f"a picture of {self.side}x{self.side}" if self.side else "a picture"
        rows = {
            "ops": f"{sum(self.ops.values())}: {ops}",
            "parameters": f"{self.parameters:,}",
            "multiply-adds": f"{self.multiply_adds:,} {picture}",
            "size": f"{self.bytes / 1e6:.2f} MB, {self.constants:,} numbers in constants",
        }
        return "\n".join(["| graph | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def summarise(graph: v1.GraphDef) -> Summary:
    """The summary of a frozen graph, of single or half precision.

    A parameter is a number in a constant that a convolution, matrix product or bias takes as its second input; the
    centres of the heat maps' cells, a constant matrix, are among them. Raises ValueError on a graph that TensorFlow
    refuses.
    """
    values = constants_of(graph)
    weights = {node.input[1] for node in graph.node if node.op in WEIGHTED and node.input[1] in values}
    return Summary(
        ops=dict(Counter(node.op for node in graph.node if node.op != "Const")),
        parameters=sum(values[name].size for name in weights),
        multiply_adds=sum(_products(operation) for operation in _operations(graph)),
        constants=sum(value.size for value in values.values()),
        bytes=graph.ByteSize(),
        side=SIDE if any(_free_sizes(node) for node in graph.node) else None,
    )


def _free_sizes(node) -> list:
    """The height and width of a placeholder for pictures, as far as they may be any."""
    if node.op != "Placeholder":
        return []
    return [size for size in node.attr["shape"].shape.dim[1:3] if size.size < 0]


def _operations(graph: v1.GraphDef) -> list[tf.Operation]:
    """The graph's operations with the shapes that they have for one picture."""
    single = widened(graph)
    for node in single.node:
        if node.op == "Placeholder" and node.attr["shape"].shape.dim:
            node.attr["shape"].shape.dim[0].size = 1
            for size in _free_sizes(node):
                size.size = SIDE
    with v1.Graph().as_default() as imported:
        try:
            v1.import_graph_def(single, name="")
        except (ValueError, tf.errors.OpError) as error:
            raise ValueError(f"graph: TensorFlow refuses it: {' '.join(str(error).split())[:200]}") from None
    return imported.get_operations()


def _products(operation: tf.Operation) -> int:
    """Multiply-adds of an operation, for one picture; 0 for one that multiplies no weights.

    Every product counts that the definition has, at the border of a map too. Raises ValueError on an unknown shape.
    """
    if operation.type not in WEIGHTED[:3]:
        return 0
    answer, weights = operation.outputs[0].shape, operation.inputs[1].shape
    if not (answer.is_fully_defined() and weights.is_fully_defined()):
        raise ValueError(f"{operation.name}: found shape {answer}, expected a known one for one picture")
    if operation.type == "MatMul":
        inner = weights[1] if operation.get_attr("transpose_b") else weights[0]
        return int(np.prod(answer)) * int(inner)
    if operation.type == "DepthwiseConv2dNative":
        return int(np.prod(answer)) * int(weights[0] * weights[1])
    return int(np.prod(answer)) * int(weights[0] * weights[1] * weights[2])
