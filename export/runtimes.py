"""The runtimes that a written model is proved in: each loads the file and answers pictures with landmarks.

All take a path and return a function: images float32 [N, S, S, 3] RGB 0..255 -> landmarks float32 [N, 2K]. They raise
ValueError, with the file's name and what the runtime says, where it can't read or run the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from export.graphs import read_graph
from export.litert import isolated
from infer.files.pictures import quiet
from infer.files.plain import plain_path
from net.model.senet import INPUT, OUTPUT
from records.runtime import tf, v1

Answer = Callable[[np.ndarray], np.ndarray]


def opencv(model: Path, threads: int | None = None) -> Answer:
    """OpenCV, a frozen graph or an `.onnx` file."""
    if threads:
        cv2.setNumThreads(threads)
    is_onnx = model.suffix == ".onnx"
    try:
        with quiet(), plain_path(model) as path:
            net = (cv2.dnn.readNetFromONNX if is_onnx else cv2.dnn.readNetFromTensorflow)(path)
    except cv2.error as error:
        raise _refused(model, f"OpenCV {cv2.__version__}", error.err) from None

    def answer(images: np.ndarray) -> np.ndarray:
        # its importer of frozen graphs wants channels first
        net.setInput(images if is_onnx else np.ascontiguousarray(images.transpose(0, 3, 1, 2)), INPUT)
        try:
            with quiet():
                return net.forward(OUTPUT).copy()  # the next forward writes to the same place
        except cv2.error as error:
            raise _refused(model, f"OpenCV {cv2.__version__}", error.err) from None

    return answer


def tensorflow(model: Path, threads: int | None = None) -> Answer:
    """A TensorFlow session, a frozen graph of single precision."""
    graph_def = read_graph(model)
    try:
        return session_of(graph_def, threads)
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise _refused(model, f"TensorFlow {tf.__version__}", error) from None


def session_of(graph_def: v1.GraphDef, threads: int | None = None) -> Answer:
    """A session on a frozen graph of single precision. Raises what TensorFlow raises."""
    config = v1.ConfigProto(intra_op_parallelism_threads=threads or 0, inter_op_parallelism_threads=threads or 0)
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(graph_def, name="")
        session = v1.Session(graph=graph, config=config)
        return session.make_callable(f"{OUTPUT}:0", feed_list=[f"{INPUT}:0"])


def onnxruntime(model: Path, threads: int | None = None) -> Answer:
    """ONNX Runtime on the CPU."""
    import onnxruntime as runtime  # only who exports ONNX needs it

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    try:
        session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions are no subclass of anything
        raise _refused(model, f"ONNX Runtime {runtime.__version__}", error) from None
    return lambda images: session.run([OUTPUT], {INPUT: images})[0]


RUNTIMES = {"tensorflow": tensorflow, "opencv": opencv, "onnxruntime": onnxruntime, "litert": isolated}


def _refused(model: Path, runtime: str, error: object) -> ValueError:
    return ValueError(f"{model.name}: {runtime} fails on it: {' '.join(str(error).split())[:200]}")
