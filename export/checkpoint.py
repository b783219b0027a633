"""From a checkpoint to a frozen graph: built anew for inference, constants folded."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from export.graphs import flush_subnormals
from net.data.record_set import RecordSet
from net.data.selection import Fold
from net.model.senet import INPUT, OUTPUT, senet
from net.model.shape import Shape
from net.training.step import restorer
from records.landmarks import scheme_of

from records.runtime import tf  # isort: skip - silent only where it is TensorFlow's first import
from tensorflow.python.tools.optimize_for_inference_lib import optimize_for_inference  # isort: skip

v1 = tf.compat.v1
BATCH = 64


class Run:
    """A run folder of net/train.py: its settings and one of its checkpoints.

    folder: the run; which: "best" or "last". Raises FileNotFoundError where there is no run or no checkpoint, or
    ValueError on damaged settings.
    """

    def __init__(self, folder: Path, which: str = "best"):
        path = folder / "settings.json"
        if not path.is_file():
            raise FileNotFoundError(f"{folder}: found no settings.json, expected a run folder of net/train.py")
        try:
            self.settings = json.loads(path.read_text(encoding="utf-8"))
            self.shape = Shape.from_settings(self.settings["network"])
            self.records = Path(self.settings["options"]["records"])
            options = self.settings["options"]
            self.fold, self.points = options.get("fold"), options.get("points_subset", "")
            self.validation = options.get("validation", 0.0)
            self.scheme = scheme_of(self.settings["records"]["scheme"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: damaged ({error!r}), expected the settings of a run") from None
        # a run without test records has no best
        best = tf.train.latest_checkpoint(str(folder / "best")) if which == "best" else None
        self.checkpoint = best or tf.train.latest_checkpoint(str(folder))
        if not self.checkpoint:
            raise FileNotFoundError(f"{folder}: found no checkpoint, expected one: has net/train.py run?")
        self.step = int(tf.train.load_variable(self.checkpoint, v1.GraphKeys.GLOBAL_STEP))

    def record_set(self, folder: Path | None = None) -> RecordSet:
        """The records that the run was trained on, or others; of a run of cross-validation with its own test part."""
        fold, grey = Fold.parse(self.fold) if self.fold else None, self.shape.picture == "grey"
        return RecordSet(folder or self.records, fold, grey, self.points, self.validation)

    @contextlib.contextmanager
    def session(self) -> Iterator[v1.Session]:
        """A session on the inference graph, built anew with is_training=False, weights restored."""
        with v1.Graph().as_default():
            image = v1.placeholder(tf.float32, [None, self.shape.size, self.shape.size, self.shape.planes], name=INPUT)
            senet(image, self.shape, is_training=False)
            with v1.Session() as session:
                self._restore(session)
                yield session

    def _restore(self, session: v1.Session) -> None:
        """Loads the checkpoint. Raises ValueError where it is damaged, or another network's."""
        try:
            self._check_shapes()
            restorer(self.checkpoint).restore(session, self.checkpoint)
        except tf.errors.OpError as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f"{self.checkpoint}: can't be loaded ({reason}), expected a sound checkpoint") from None

    def _check_shapes(self) -> None:
        # restoring takes a value of another shape without a word
        held = dict(tf.train.list_variables(self.checkpoint))
        for value in v1.global_variables():
            found, expected = held.get(value.op.name), value.shape.as_list()
            if found != expected:
                raise ValueError(f"{self.checkpoint}: {value.op.name} is {found}, expected {expected} by settings.json")

    def answer(self, images: np.ndarray) -> np.ndarray:
        """What the checkpoint itself answers, float32 [N, 2K], to images [N, S, S, C] 0..255, N >= 1."""
        starts = range(0, len(images), BATCH)
        with self.session() as session:
            call = session.make_callable(f"{OUTPUT}:0", feed_list=[f"{INPUT}:0"])
            return np.concatenate([call(images[start : start + BATCH]) for start in starts])

    def recorded_nme(self) -> float | None:
        """The NME by box size that training measured when it saved the checkpoint, a fraction; None for the last."""
        note = Path(self.checkpoint).with_name("nme.json")
        return json.loads(note.read_text(encoding="utf-8")).get("nme_box") if note.is_file() else None


def frozen_graph(run: Run) -> v1.GraphDef:
    """The run's inference graph: variables as constants, batch norm folded into the convolutions, subnormals zero."""
    with run.session() as session:
        graph = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [OUTPUT])
    graph = optimize_for_inference(graph, [INPUT], [OUTPUT], tf.float32.as_datatype_enum)
    flush_subnormals(graph)
    return graph
