"""From a checkpoint to a frozen graph: built anew for inference, constants folded, written with its contract."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from infer.contract import VERSION
from net.senet import INPUT, OUTPUT, Shape, senet
from records.landmarks import scheme_of

from records.runtime import tf  # isort: skip - silent only where it is TensorFlow's first import
from tensorflow.python.tools.optimize_for_inference_lib import optimize_for_inference  # isort: skip

v1 = tf.compat.v1
MODEL, CONTRACT = "landmark.pb", "landmark.json"
LAYOUT, UNIT = "x0 y0 x1 y1 ...", "fraction of the crop's side"


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
            self.shape = Shape(**self.settings["network"])
            self.records = Path(self.settings["options"]["records"])
            self.scheme = scheme_of(self.settings["records"]["scheme"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: damaged ({error!r}), expected the settings of a run") from None
        # a run without test records has no best
        best = tf.train.latest_checkpoint(str(folder / "best")) if which == "best" else None
        self.checkpoint = best or tf.train.latest_checkpoint(str(folder))
        if not self.checkpoint:
            raise FileNotFoundError(f"{folder}: found no checkpoint, expected one: has net/train.py run?")
        self.step = int(tf.train.load_variable(self.checkpoint, v1.GraphKeys.GLOBAL_STEP))

    @contextlib.contextmanager
    def session(self) -> Iterator[v1.Session]:
        """A session on the inference graph, built anew with is_training=False, weights restored."""
        with v1.Graph().as_default():
            image = v1.placeholder(tf.float32, [None, self.shape.size, self.shape.size, 3], name=INPUT)
            senet(image, self.shape, is_training=False)
            with v1.Session() as session:
                v1.train.Saver().restore(session, self.checkpoint)
                yield session

    def answer(self, images: np.ndarray) -> np.ndarray:
        """What the checkpoint itself answers, float32 [N, 2K], to images [N, S, S, 3] RGB 0..255."""
        with self.session() as session:
            return session.run(f"{OUTPUT}:0", {f"{INPUT}:0": images})


def frozen_graph(run: Run) -> v1.GraphDef:
    """The run's inference graph: variables as constants, batch norm folded into the convolutions, subnormals zero."""
    with run.session() as session:
        graph = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [OUTPUT])
    graph = optimize_for_inference(graph, [INPUT], [OUTPUT], tf.float32.as_datatype_enum)
    flush_subnormals(graph)
    return graph


def flush_subnormals(graph: v1.GraphDef) -> int:
    """Sets constants below float32's normal range to zero, in place: they slow some processors down a hundredfold.

    Returns how many there were.
    """
    count = 0
    for node in graph.node:
        if node.op != "Const" or node.attr["dtype"].type != tf.float32.as_datatype_enum:
            continue
        values = tf.make_ndarray(node.attr["value"].tensor)
        tiny = (values != 0) & (np.abs(values) < np.finfo(np.float32).tiny)
        if tiny.any():
            count += int(tiny.sum())
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.where(tiny, np.float32(0), values)))
    return count


def write_contract(model: Path, run: Run, differences: dict[str, float], tolerance: float, terms: str) -> None:
    """Writes `landmark.json` beside the model: all that inference has to know of it."""
    scheme, records = run.scheme, run.settings["records"]
    contract = {
        "version": VERSION,
        "file": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "input": {"name": INPUT, "size": run.shape.size, "channels": 3, "order": "RGB", "range": [0, 255]},
        "crop": {
            "shape": "square around the landmark box",
            "margin": records["margin"],
            "margin_unit": "the box's longer edge",
            "fill": 0,
        },
        "output": {"name": OUTPUT, "layout": LAYOUT, "unit": UNIT},
        "points": {
            "scheme": scheme.name,
            "count": scheme.count,
            "groups": scheme.groups,
            "lines": scheme.lines,
            "left_eye": scheme.left_eye,
            "right_eye": scheme.right_eye,
            "flip": scheme.flip,
        },
        "tolerance": {"limit": tolerance, **differences},
        "trained_on": {"points": records["points"], "faces": records["subsets"], "step": run.step},
        "terms": terms,
    }
    model.with_suffix(".json").write_text(readable(contract) + "\n", encoding="utf-8")


def readable(contract: dict) -> str:
    """The contract as JSON, a list of numbers on one line."""
    text = json.dumps(contract, indent=1)
    return re.sub(r"\[\s+(\d[\d\s,]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A temporary folder whose files move to `out` when the block ends well; otherwise nothing is left behind."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".freeze-", dir=out))
    try:
        yield folder
        for path in sorted(folder.iterdir(), reverse=True):  # the graph before its contract, which vouches for it
            os.replace(path, out / path.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if new and not any(out.iterdir()):
            out.rmdir()
