"""What a training run tells: lines on the terminal, TensorBoard events, test errors and the best checkpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path

import cv2
import numpy as np

from net.data.record_set import RecordSet
from net.model.losses import PIXELS
from net.training.step import Model
from records import metrics
from records.drawing import draw_answer

from records.runtime import tf  # isort: skip - silent only where it is TensorFlow's first import
from tensorboard.plugins.hparams import summary as hparams  # isort: skip
from infer.files.atomic import write_text_atomically

v1 = tf.compat.v1
PICTURES = 8  # faces shown in TensorBoard


class Reporter:
    """Writes a run's reports into its folder."""

    def __init__(self, run: Path, records: RecordSet, steps: int, first: int, batch: int):
        self.run, self.records, self.steps, self.batch = run, records, steps, batch
        # TensorFlow names files by the second, and its hook for checkpoints has one of its own here
        self.writer = v1.summary.FileWriter(str(run), filename_suffix=".reports")
        self.since = (time.monotonic(), first)
        self.nme = ""
        best = run / "best" / "nme.json"
        found = json.loads(best.read_text()) if best.is_file() else {"nme_box": np.inf, "step": 0}
        self.best, self.best_step = found["nme_box"], found["step"]

    def start(self, graph: tf.Graph, hyper_parameters: dict) -> None:
        """Puts the graph and the hyper-parameters into TensorBoard."""
        self.writer.add_graph(graph)
        self.writer.add_summary(hparams.session_start_pb(hyper_parameters))

    def line(self, step: int, scalars: dict[str, float]) -> None:
        """One line: step, loss, learning rate, the last test NME, faces/s and time left; the scalars to TensorBoard.

        The speed is left out where no step was gained, as after a parameter server came back with older weights.
        """
        now, (before, since) = time.monotonic(), self.since
        self.since = (now, step)
        line = f"step {step}/{self.steps}  loss {scalars['loss']:.4f}  points {scalars['loss_points']:.4f}"
        line += f"  rate {scalars['rate']:.6f}{self.nme}"
        if step > since:
            rate = (step - since) / max(now - before, 1e-9)
            left = int((self.steps - step) / rate)
            line += f"  {rate * self.batch:.0f} faces/s  {left // 60}:{left % 60:02d} left"
            scalars = {**scalars, "faces_per_second": rate * self.batch}
        print(line, flush=True)
        self._scalars(step, scalars)

    def evaluate(self, session, model: Model, step: int) -> float:
        """NME on the records that judge, in all and per subset; saves the best checkpoint; pictures and histograms.

        Those are the test records, or the validation records where there are any. Returns the NME by box size, NaN
        without records: the one that the best checkpoint has the least of.
        """
        started = time.monotonic()
        errors = {}
        judge = self.records.judge
        if self.records.count(judge):
            answers = run_through(session, model)
            errors = nme_table(answers, self.records.scheme)
            self._scalars(step, {f"{judge}/{name}": value for name, value in {**errors, **fit_of(answers)}.items()})
            nme, box = (100 * errors.get(name, np.nan) for name in ("nme", "nme_box"))
            self.nme = f"  {judge} NME {nme:.2f} % (box {box:.2f} %)"
            self._pictures(step, answers)
            if errors.get("nme_box", np.nan) < self.best:
                self._save_best(session, model, step, errors)
        self._histograms(session, step)
        self.writer.flush()
        self.since = (self.since[0] + time.monotonic() - started, self.since[1])  # the rate is that of training alone
        return errors.get("nme_box", np.nan)

    def tell(self, when: str) -> None:
        """One line: the last test NME and the least one by box size, with its step; none where nothing was tested."""
        if self.nme and np.isfinite(self.best):
            print(f"{when}:{self.nme}; least: box {100 * self.best:.2f} % at step {self.best_step}", flush=True)

    def _save_best(self, session, model: Model, step: int, errors: dict) -> None:
        self.best, self.best_step = errors["nme_box"], step
        folder = self.run / "best"
        folder.mkdir(exist_ok=True)
        state = tf.train.get_checkpoint_state(str(folder))
        if state and not model.best_saver.last_checkpoints:  # after a resume: so that the older best is removed
            model.best_saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        model.best_saver.save(session, str(folder / "model.ckpt"), global_step=step, write_meta_graph=False)
        write_text_atomically(folder / "nme.json", json.dumps({"step": step, **errors}, indent=1) + "\n")

    def _scalars(self, step: int, values: dict[str, float]) -> None:
        values = [v1.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self.writer.add_summary(v1.Summary(value=values), step)

    def _pictures(self, step: int, answers: dict[str, np.ndarray]) -> None:
        for index in range(min(PICTURES, len(answers["image"]))):
            drawn = draw_answer(answers["image"][index], answers["label"][index], answers["predicted"][index])
            png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1].tobytes()
            name = f"{self.records.judge}/face{index}"
            image = v1.Summary.Image(
                height=drawn.shape[0], width=drawn.shape[1], colorspace=3, encoded_image_string=png
            )
            self.writer.add_summary(v1.Summary(value=[v1.Summary.Value(tag=name, image=image)]), step)

    def _histograms(self, session, step: int) -> None:
        names = [variable.op.name for variable in v1.trainable_variables()]
        for name, value in zip(names, session.run(v1.trainable_variables()), strict=True):
            self.writer.add_summary(v1.Summary(value=[v1.Summary.Value(tag=name, histo=histogram(value))]), step)


def run_through(session, model: Model) -> dict[str, np.ndarray]:
    """The test records and the network's answers: label, predicted [N, 2K]; subset [N]; loss of each batch; image of
    the first."""
    session.run(model.eval_iterator.initializer)
    wanted = {key: model.eval_batch[key] for key in ("label", "predicted", "subset", "pose", "loss")}
    parts = [session.run({**wanted, "image": model.eval_batch["image"]})]
    while True:
        try:
            parts.append(session.run(wanted))
        except tf.errors.OutOfRangeError:
            break
    return {**{key: np.concatenate([part[key] for part in parts]) for key in wanted}, "image": parts[0]["image"]}


def nme_table(answers: dict[str, np.ndarray], scheme) -> dict[str, float]:
    """NME as fractions: `nme` by inter-ocular distance, `nme_box` by box size; in all, per subset, per its yaw bins.

    Keys: `nme`, `nme/<subset>`, `nme/<subset>/yaw 30-60`, and the same with `nme_box`; bins where the pose is known.
    """
    predicted, true = (answers[key].reshape(-1, scheme.count, 2) for key in ("predicted", "label"))
    table = {}
    for name, chosen in groups_of(answers["subset"].astype(str), metrics.yaw_bin(answers["pose"][:, 1])).items():
        table[f"nme{name}"] = metrics.mean_nme(predicted[chosen], true[chosen], "inter_ocular", scheme)
        table[f"nme_box{name}"] = metrics.mean_nme(predicted[chosen], true[chosen], "box", scheme)
    return {name: value for name, value in table.items() if np.isfinite(value)}


def fit_of(answers: dict[str, np.ndarray]) -> dict[str, float]:
    """`loss` on the points and `mae`, over all known coordinates in pixels of the crop: what the curves show."""
    differences = np.abs(answers["predicted"].astype(np.float64) - answers["label"])
    return {"loss": float(answers["loss"].mean()), "mae": float(PIXELS * np.nanmean(differences))}


def groups_of(subsets: np.ndarray, bins: np.ndarray) -> dict[str, np.ndarray]:
    """Which faces belong to all, to each subset, and to each of its yaw bins that is not empty: name -> bool [N]."""
    groups = {"": np.full(len(subsets), True)}
    for subset in np.unique(subsets):
        groups[f"/{subset}"] = subsets == subset
        for index, name in enumerate(metrics.YAW_BINS):
            if (groups[f"/{subset}"] & (bins == index)).any():
                groups[f"/{subset}/{name}"] = groups[f"/{subset}"] & (bins == index)
    return groups


def histogram(values: np.ndarray, bins: int = 30) -> tf.compat.v1.HistogramProto:
    """The summary proto of a tensor's values."""
    values = values.astype(np.float64)  # in float32 there may be too few numbers between the least and the largest
    counts, edges = np.histogram(values, bins)
    return v1.HistogramProto(
        min=values.min(),
        max=values.max(),
        num=values.size,
        sum=values.sum(),
        sum_squares=np.square(values).sum(),
        bucket_limit=edges[1:],
        bucket=counts,
    )
