"""The formats a model leaves in: how a frozen graph becomes each of them, what its file is called, what may differ.

Whatever the format, the network keeps its signature: the names of its input and outputs, pictures RGB 0..255.
"""

from __future__ import annotations

import contextlib
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.graphs import halved
from export.onnx_graph import put_right
from export.request import MODEL
from export.signature import Signature
from net.model.senet import SPREAD
from net.model.spread import SPREAD_SCOPE
from records.runtime import tf, v1
from records.silence import silent_standard_error

ONNX_OPSET = 17
# What stays float in an int8 model: a probability among 256 cells is mostly less than int8's smallest step, and a
# coordinate needs more than 256 values. Quantised as well, these cost a third of the accuracy. So does all that makes a
# spread, the root of a small number.
FLOAT_OPS = ("SOFTMAX", "FULLY_CONNECTED", "BATCH_MATMUL")


@dataclass(frozen=True)
class Format:
    """A file format of a model.

    write: (frozen graph, its signature, pictures float32 [N, S, S, 3] to calibrate on) -> the file's bytes; ending: of
    its name; second: that where another has taken it; runtimes: those of `export.runtimes` that read it rightly.
    limit: the largest difference of an answer from the original's, in the unit of its reference (of landmarks: a
    fraction of the crop's side); rise: the largest relative rise of the NME, for a format that has no limit; spread:
    the limit of a point's spread, of networks that answer one, in the same unit.
    """

    name: str
    write: Callable[[v1.GraphDef, Signature, np.ndarray], bytes]
    ending: str
    runtimes: tuple[str, ...]
    limit: float | None = None
    rise: float | None = None
    spread: float | None = None
    second: str = ""


def frozen_single(graph: v1.GraphDef, signature: Signature, images: np.ndarray) -> bytes:
    """The frozen graph itself, float32."""
    return graph.SerializeToString(deterministic=True)


def frozen_half(graph: v1.GraphDef, signature: Signature, images: np.ndarray) -> bytes:
    """The frozen graph with half-precision constants: half the file, for OpenCV alone."""
    return halved(graph).SerializeToString(deterministic=True)


def onnx(graph: v1.GraphDef, signature: Signature, images: np.ndarray) -> bytes:
    """ONNX, float32; input and outputs keep their names and layout."""
    with _silence():
        import tf2onnx  # it takes a second, and nothing else needs it

        # the order of its sets of nodes decides what its optimizer merges first: by name, not by place in memory
        tf2onnx.utils.INTERNAL_NAME = 1
        tf2onnx.graph.Node.__hash__ = lambda node: zlib.crc32(node.name.encode())
        outputs = [f"{name}:0" for name in signature.outputs]
        model, _ = tf2onnx.convert.from_graph_def(
            graph, input_names=[f"{signature.input}:0"], output_names=outputs, opset=ONNX_OPSET
        )
    put_right(model.graph, signature)
    return model.SerializeToString(deterministic=True)


def tflite(graph: v1.GraphDef, signature: Signature, images: np.ndarray) -> bytes:
    """TensorFlow Lite, float32."""
    with _converter(graph, signature) as converter, _silence():
        return converter.convert()


def int8(graph: v1.GraphDef, signature: Signature, images: np.ndarray) -> bytes:
    """TensorFlow Lite, weights and maps int8, calibrated on the pictures; input, output and the last ops stay float32.

    images: float32 [N, S, S, 3], N of a few hundred (Jacob et al., "Quantization and Training of Neural Networks for
    Efficient Integer-Arithmetic-Only Inference", CVPR 2018).
    """
    spread = [node.name for node in graph.node if node.name == SPREAD or node.name.startswith(SPREAD_SCOPE)]
    debugger = tf.lite.experimental.QuantizationDebugger  # the public way to keep chosen ops float
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(FLOAT_OPS), denylisted_nodes=spread)
    with _converter(graph, signature) as converter, _silence():
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in images)
        made = debugger(converter=converter, debug_dataset=lambda: iter(()), debug_options=options)
        return made.get_nondebug_quantized_model()


FORMATS = {
    one.name: one
    for one in (
        Format("pb", frozen_single, ".pb", ("tensorflow", "opencv"), limit=1e-5, spread=1e-5, second=".float32.pb"),
        Format("pb16", frozen_half, ".pb", ("opencv",), limit=1e-3, spread=1e-3, second=".float16.pb"),
        Format("onnx", onnx, ".onnx", ("onnxruntime", "opencv"), limit=1e-5, spread=1e-5),
        # OpenCV 4.14 reads both of these wrongly without a word, because of squeeze-and-excite
        Format("tflite", tflite, ".tflite", ("litert",), limit=1e-5, spread=1e-5),
        Format("int8", int8, ".int8.tflite", ("litert",), rise=0.05, spread=0.1),
    )
}


def formats_of(names: Iterable[str]) -> list[Format]:
    """The formats of these names, in their order."""
    return [FORMATS[name] for name in names]


def file_names(formats: Sequence[Format], model: str = MODEL) -> dict[str, str]:
    """Format -> file name: of pb and pb16 the first in the list is the model's name and `.pb`, a second has its own."""
    endings: dict[str, str] = {}
    for one in formats:
        endings[one.name] = one.ending if one.ending not in endings.values() else one.second
    return {name: model + ending for name, ending in endings.items()}


@contextlib.contextmanager
def _converter(graph: v1.GraphDef, signature: Signature) -> Iterator[v1.lite.TFLiteConverter]:
    """TensorFlow's converter of a frozen graph, which it wants as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frozen.pb")
        path.write_bytes(graph.SerializeToString(deterministic=True))
        yield v1.lite.TFLiteConverter.from_frozen_graph(str(path), [signature.input], list(signature.outputs))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """The converters say much, none of it of use here; what goes wrong they raise."""
    with silent_standard_error(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
