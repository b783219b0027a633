"""The proof that a written model answers like its checkpoint: loaded again, by every runtime, on real records."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from net.batches import RecordSet, test_batches
from net.senet import INPUT, OUTPUT
from records.runtime import tf

v1 = tf.compat.v1
FACES = 64


def faces(records: RecordSet, count: int = FACES) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 [N, 128, 128, 3] and labels [N, 2K] of the first test records, or training ones."""
    split = "test" if records.count("test") else "train"
    with tf.init_scope():
        batch = next(iter(test_batches(records, count, split)))
    return batch["image"].numpy().astype(np.float32), batch["label"].numpy()


def opencv_answer(model: Path, images: np.ndarray) -> np.ndarray:
    """What OpenCV answers with a frozen graph, [N, 2K]. Raises ValueError where it can't read or run it."""
    try:
        net = cv2.dnn.readNetFromTensorflow(str(model))
        net.setInput(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), INPUT)
        return net.forward(OUTPUT)
    except cv2.error as error:
        raise ValueError(f"{model.name}: OpenCV {cv2.__version__} fails on it: {error.err}") from None


def tensorflow_answer(model: Path, images: np.ndarray) -> np.ndarray:
    """What TensorFlow answers with a frozen graph, [N, 2K]."""
    graph_def = v1.GraphDef.FromString(model.read_bytes())
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(graph_def, name="")
        with v1.Session(graph=graph) as session:
            return session.run(f"{OUTPUT}:0", {f"{INPUT}:0": images})


RUNTIMES = {"opencv": opencv_answer, "tensorflow": tensorflow_answer}


def compare(model: Path, expected: np.ndarray, images: np.ndarray, tolerance: float) -> dict[str, float]:
    """Largest difference of each runtime's answer from the checkpoint's, fractions of the crop's side.

    Raises ValueError naming the runtime whose answer is further off than `tolerance`, or has another shape.
    """
    differences = {}
    for name, answer in RUNTIMES.items():
        found = answer(model, images)
        if found.shape != expected.shape:
            raise ValueError(f"{model.name}: {name} answers {found.shape}, the checkpoint {expected.shape}")
        differences[name] = float(np.abs(found - expected).max())
        if not differences[name] <= tolerance:
            raise ValueError(
                f"{model.name}: {name} is {differences[name]:.2e} of the crop's side from the checkpoint, "
                f"expected at most {tolerance:.0e}"
            )
    return differences
