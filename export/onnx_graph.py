"""An ONNX graph as its converter leaves it, put right in place: names, sizes, and what OpenCV reads wrongly.

Where pictures may have any size the converter leaves it to the runtime to work out borders and sizes. OpenCV 4 works
sizes out once, for a picture of one pixel, and OpenCV 5.0 borders wrongly and without a word, so both become numbers.
"""

from __future__ import annotations

import re

import numpy as np

from export.signature import Signature

SIZES = ("batch", "height", "width")  # of pictures, where they may be any
FACTOR = 2  # of `doubled` in net/detector/network.py, the only maps whose size is not known before
FACTORS = "factors"  # name of the constant


def put_right(graph, signature: Signature) -> None:
    """Gives an ONNX graph the signature's names, names for its sizes, and numbers for borders and enlargement."""
    _rename(graph, signature)
    for value in (*graph.input, *graph.output):
        _name_sizes(value, "" if value.name == signature.input else f"{value.name}_")
    if not all(size.dim_value for size in graph.input[0].type.tensor_type.shape.dim[1:]):
        _pad_by_numbers(graph)
        _enlarge_by_factors(graph)


def _rename(graph, signature: Signature) -> None:
    """Gives an ONNX graph's tensors and nodes, in place, the names that they have whatever was converted before.

    Inputs and outputs get those of the frozen graph, without the number of the output; names of the converter's own end
    in a number that counts on in the process, here in the graph.
    """
    names = {f"{name}:0": name for name in (signature.input, *signature.outputs)}
    numbers: dict[str, str] = {}

    def renamed(name: str) -> str:
        own = re.sub(r"__(\d+)", lambda found: f"__{numbers.setdefault(found[1], str(len(numbers)))}", name)
        return names.get(name, own)

    for node in graph.node:
        node.name = renamed(node.name)
        for tensors in (node.input, node.output):
            tensors[:] = map(renamed, tensors)
    for value in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        value.name = renamed(value.name)
    graph.initializer.sort(key=lambda value: value.name)


def _name_sizes(value, prefix: str) -> None:
    """Names the sizes of an input or output that may be any; the batch is one and the same for all."""
    for name, size in zip(SIZES, value.type.tensor_type.shape.dim, strict=False):
        if name == SIZES[0]:
            size.dim_param = name
        elif not size.dim_value:
            size.dim_param = f"{prefix}{name}"


def _pad_by_numbers(graph) -> None:
    """Says in numbers the borders that keep a map's size, or divide it by the stride.

    They are the same for all maps whose edges are multiples of the stride, as a detector's are.
    """
    from onnx import helper  # only who exports ONNX needs it

    for node in graph.node:
        given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        if given.get("auto_pad") != b"SAME_UPPER":
            continue
        kernel = given["kernel_shape"]
        borders = [max(edge - stride, 0) for edge, stride in zip(kernel, given["strides"], strict=True)]
        node.attribute.remove(next(one for one in node.attribute if one.name == "auto_pad"))
        pads = [border // 2 for border in borders] + [border - border // 2 for border in borders]
        node.attribute.append(helper.make_attribute("pads", pads))


def _enlarge_by_factors(graph) -> None:
    """Enlarges by constant factors what is enlarged to a size that is worked out from a map's own."""
    constants = {value.name for value in graph.initializer}
    worked_out = [node for node in graph.node if node.op_type == "Resize" and node.input[-1] not in constants]
    if not worked_out:
        return
    from onnx import numpy_helper  # only who exports ONNX needs it

    for node in worked_out:
        node.input[:] = [node.input[0], "", FACTORS]
    graph.initializer.append(numpy_helper.from_array(np.array([1, 1, FACTOR, FACTOR], np.float32), FACTORS))
    _remove_unused(graph)


def _remove_unused(graph) -> None:
    """Removes nodes and constants that nothing asks for any more."""
    used = {value.name for value in graph.output}
    for node in reversed(graph.node):  # ONNX has them in the order of their use
        used |= set(node.input) if used & set(node.output) else set()
    for nodes, names in ((graph.node, lambda node: node.output), (graph.initializer, lambda value: [value.name])):
        for unused in [one for one in nodes if not used & set(names(one))]:
            nodes.remove(unused)
