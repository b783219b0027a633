"""From a checkpoint to a frozen graph: built anew for inference, constants folded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from export.graphs import flush_subnormals
from export.networks import build, signature_of
from net.data.record_set import RecordSet
from net.detector.kind import DETECTOR_RUNS, JUDGE, THRESHOLD
from net.detector.shape import DetectorShape
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint, last_checkpoint, restorer, step_of
from net.run.folder import LANDMARK_RUNS, Best, RunFolder
from net.run.kind import Kind
from net.run.scalars import read_tests
from records.landmarks import scheme_told

from records.runtime import tf, v1  # isort: skip - silent only where it is TensorFlow's first import
from tensorflow.python.tools.optimize_for_inference_lib import optimize_for_inference  # isort: skip

BATCH = 64


class Checkpoint:
    """A checkpoint of a run, with what its settings say of the network.

    kind: of the run; folder: of it; which: "best" or "last". Raises FileNotFoundError where there is no run or no
    checkpoint, or ValueError on damaged settings, or those of another kind of run.
    """

    def __init__(self, kind: Kind, folder: Path, which: str = "best"):
        self.run = RunFolder(folder)
        self.settings = self.run.settings_as(kind)
        self.shape = self.settings.network
        self.path = self._path(which)
        self.step = step_of(self.path)

    def _path(self, which: str) -> str:
        found = best_checkpoint(self.run) if which == "best" else last_checkpoint(self.run)
        if not found:
            raise FileNotFoundError(f"{self.run}: found no checkpoint, expected one: has it been trained?")
        return found

    def load(self, session: v1.Session) -> None:
        """Loads the weights into a graph's session. Raises ValueError where they are damaged, or another network's."""
        try:
            self._check_shapes()
            restorer(self.path).restore(session, self.path)
        except tf.errors.OpError as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f"{self.path}: can't be loaded ({reason}), expected a sound checkpoint") from None

    def _check_shapes(self) -> None:
        # restoring takes a value of another shape without a word
        held = dict(tf.train.list_variables(self.path))
        for value in v1.global_variables():
            found, expected = held.get(value.op.name), value.shape.as_list()
            if found != expected:
                raise ValueError(f"{self.path}: {value.op.name} is {found}, expected {expected} by settings.json")

    def answer(self, images: np.ndarray) -> list[np.ndarray]:
        """What the checkpoint itself answers to images [N, H, W, C] 0..255, N >= 1: float32 [N, ...] of each output."""
        signature, starts = signature_of(self.shape), range(0, len(images), BATCH)
        with inference_session(self.shape, self.load) as session:
            outputs = [f"{name}:0" for name in signature.outputs]
            call = session.make_callable(outputs, feed_list=[f"{signature.input}:0"])
            parts = [call(images[start : start + BATCH]) for start in starts]
        return [np.concatenate(answers) for answers in zip(*parts, strict=True)]

    @property
    def said(self) -> str:
        """Which step it is of, in words."""
        return f"step {self.step}" if self.step else "step 0, the untouched start"

    def best(self) -> Best | None:
        """What training measured when it saved the checkpoint; None for the last."""
        return self.run.best(self.settings.kind) if Path(self.path).parent == self.run.best_folder else None


class LandmarkCheckpoint(Checkpoint):
    """A checkpoint of a run of net/train.py, with the points and the records that it was trained on."""

    def __init__(self, folder: Path, which: str = "best"):
        super().__init__(LANDMARK_RUNS, folder, which)
        self.scheme = scheme_told(self.settings.records.scheme)

    def record_set(self, folder: Path | None = None) -> RecordSet:
        """The records that the run was trained on, or others; of a run of cross-validation with its own test part."""
        selection = self.settings.selection
        return RecordSet.of(replace(selection, folder=folder or selection.folder), self.shape.picture == "grey")

    def landmarks(self, images: np.ndarray) -> np.ndarray:
        """What the checkpoint itself answers to images [N, S, S, C] 0..255, N >= 1: float32 [N, 2K]."""
        return self.answer(images)[0]

    def recorded_nme(self) -> float | None:
        """The NME by box size that training measured when it saved the checkpoint, a fraction; None for the last."""
        best = self.best()
        return best.measures["nme_box"] if best else None


class DetectorCheckpoint(Checkpoint):
    """A checkpoint of a run of net/train_detector.py."""

    def __init__(self, folder: Path, which: str = "best"):
        super().__init__(DETECTOR_RUNS, folder, which)

    def measured_threshold(self) -> float | None:
        """The score from which on a find is a face, where training measured it of these very weights."""
        best = self.run.best(DETECTOR_RUNS)
        measures = best.measures if best and best.step == self.step else read_tests(self.run, JUDGE).get(self.step, {})
        return measures.get(THRESHOLD)


@contextlib.contextmanager
def inference_session(shape: Shape | DetectorShape, load: Callable[[v1.Session], None]) -> Iterator[v1.Session]:
    """A session on the inference graph, built anew with is_training=False, its variables given values by `load`."""
    with v1.Graph().as_default():
        build(shape)
        with v1.Session() as session:
            load(session)
            yield session


def frozen_graph(shape: Shape | DetectorShape, load: Callable[[v1.Session], None]) -> v1.GraphDef:
    """The inference graph: variables as constants, batch norm folded into the convolutions, subnormals zero.

    load: gives the variables their values, as `Checkpoint.load` does.
    """
    signature = signature_of(shape)
    with inference_session(shape, load) as session:
        graph = v1.graph_util.convert_variables_to_constants(session, session.graph_def, signature.outputs)
    graph = optimize_for_inference(graph, [signature.input], signature.outputs, tf.float32.as_datatype_enum)
    flush_subnormals(graph)
    return graph
