"""The runtimes that a written model is proved in: each loads the file and answers pictures.

All take a path and the network's signature and return a function: images float32 [N, H, W, C] RGB 0..255 -> what each
output says, float32 [N, 2K] of landmarks, [N, h, w, FIELDS] of cells. They raise ValueError, with the file's name and
what the runtime says, where it can't read or run the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from export.graphs import read_graph
from export.litert import isolated
from export.signature import Signature
from infer.files.pictures import quiet
from infer.files.plain import plain_path
from records.runtime import tf, v1

Answer = Callable[[np.ndarray], list[np.ndarray]]


def opencv(model: Path, signature: Signature, threads: int | None = None) -> Answer:
    """OpenCV, a frozen graph or an `.onnx` file."""
    if threads:
        cv2.setNumThreads(threads)
    is_onnx = model.suffix == ".onnx"
    try:
        with quiet(), plain_path(model) as path:
            net = (cv2.dnn.readNetFromONNX if is_onnx else cv2.dnn.readNetFromTensorflow)(path)
    except cv2.error as error:
        raise _refused(model, f"OpenCV {cv2.__version__}", error.err) from None

    def answer(images: np.ndarray) -> list[np.ndarray]:
        # its importer of frozen graphs wants channels first, and answers so
        net.setInput(images if is_onnx else np.ascontiguousarray(images.transpose(0, 3, 1, 2)), signature.input)
        try:
            with quiet():
                found = net.forward(signature.outputs)
        except cv2.error as error:
            raise _refused(model, f"OpenCV {cv2.__version__}", error.err) from None
        turned = [one.transpose(0, 2, 3, 1) if one.ndim == 4 and not is_onnx else one for one in found]
        return [one.copy() for one in turned]  # the next forward writes to the same place

    return answer


def tensorflow(model: Path, signature: Signature, threads: int | None = None) -> Answer:
    """A TensorFlow session, a frozen graph of single precision."""
    graph_def = read_graph(model)
    try:
        return session_of(graph_def, signature, threads)
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise _refused(model, f"TensorFlow {tf.__version__}", error) from None


def session_of(graph_def: v1.GraphDef, signature: Signature, threads: int | None = None) -> Answer:
    """A session on a frozen graph of single precision. Raises what TensorFlow raises."""
    config = v1.ConfigProto(intra_op_parallelism_threads=threads or 0, inter_op_parallelism_threads=threads or 0)
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(graph_def, name="")
        session = v1.Session(graph=graph, config=config)
        outputs = [f"{name}:0" for name in signature.outputs]
        return session.make_callable(outputs, feed_list=[f"{signature.input}:0"])


def onnxruntime(model: Path, signature: Signature, threads: int | None = None) -> Answer:
    """ONNX Runtime on the CPU."""
    import onnxruntime as runtime  # only who exports ONNX needs it

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    try:
        session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions are no subclass of anything
        raise _refused(model, f"ONNX Runtime {runtime.__version__}", error) from None
    return lambda images: session.run(signature.outputs, {signature.input: images})


RUNTIMES = {"tensorflow": tensorflow, "opencv": opencv, "onnxruntime": onnxruntime, "litert": isolated}


def _refused(model: Path, runtime: str, error: object) -> ValueError:
    return ValueError(f"{model.name}: {runtime} fails on it: {' '.join(str(error).split())[:200]}")
