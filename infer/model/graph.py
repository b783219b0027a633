"""A model's file as a network of OpenCV's, looked at before OpenCV reads it; what goes wrong then is one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from ..files.pictures import quiet
from .guard.frozen_graph import check_graph
from .guard.onnx import check_onnx


def open_graph(model: Path):
    """The network of an `.onnx` file, or else of a frozen TensorFlow graph.

    Raises ValueError for a file that OpenCV would not survive, or reads wrongly; call it within `running`.
    """
    if model.suffix == ".tflite":
        # OpenCV 4.14 reads squeeze-and-excite in such files wrongly, without a word
        raise ValueError(f"{model}: found a TFLite file, expected a .pb or .onnx, which OpenCV reads rightly")
    data, is_onnx = model.read_bytes(), model.suffix == ".onnx"
    if not is_onnx and not hasattr(cv2.dnn, "readNetFromTensorflow"):
        raise ValueError(
            f"{model}: found OpenCV {cv2.__version__}, which reads no TensorFlow graphs, "
            f"expected one before 5.1, or an .onnx file"
        )
    try:
        (check_onnx if is_onnx else check_graph)(data)
    except ValueError as error:
        raise _refused(model, str(error)) from None
    read = cv2.dnn.readNetFromONNX if is_onnx else cv2.dnn.readNetFromTensorflow
    return read(np.frombuffer(data, np.uint8))


@contextmanager
def running(model: Path) -> Iterator[None]:
    """Within it OpenCV is quiet, and what it cannot read or run of a model's file is a ValueError."""
    try:
        with quiet():
            yield
    except cv2.error as error:
        raise _refused(model, " ".join(str(error.err or error).split())[:120]) from None


def _refused(model: Path, reason: str) -> ValueError:
    kind = "an ONNX file" if model.suffix == ".onnx" else "a frozen TensorFlow graph"
    return ValueError(f"{model}: found no graph that OpenCV {cv2.__version__} can run ({reason}), expected {kind}")
