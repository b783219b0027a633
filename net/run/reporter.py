"""What a training run tells: lines on the terminal, TensorBoard events, test errors and the best checkpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping

import cv2
import numpy as np

from net.data.record_set import RecordSet
from net.run.checkpoints import save_best
from net.run.evaluation import Evaluation, fit_of, nme_in_words, nme_table, run_through
from net.run.folder import Best, RunFolder
from records.drawing import draw_answer

from records.runtime import tf, v1  # isort: skip - silent only where it is TensorFlow's first import
from tensorboard.plugins.hparams import api_pb2, summary as hparams  # isort: skip

PICTURES = 8  # faces shown in TensorBoard
BINS = 30  # of histograms


class Reporter:
    """Writes a run's reports into its folder, and its best checkpoint.

    nme: what lines say of the last test; best: what was measured of the best checkpoint.
    """

    def __init__(self, run: RunFolder, records: RecordSet, steps: int, first: int, batch: int):
        """steps: the run's last; first: that from which it goes on; batch: faces a step, of all processes."""
        self.run, self.records, self.steps, self.batch = run, records, steps, batch
        # TensorFlow names files by the second, and its hook for checkpoints has one of its own here
        self.writer = v1.summary.FileWriter(str(run), filename_suffix=".reports")
        self.since = (time.monotonic(), first)
        self.nme = ""
        self.best = run.best() or Best(0, {"nme_box": np.inf})

    def start(self, graph: tf.Graph, hyper_parameters: Mapping[str, float | str | bool]) -> None:
        """Puts the graph and the hyper-parameters into TensorBoard."""
        self.writer.add_graph(graph)
        self.writer.add_summary(hparams.session_start_pb(dict(hyper_parameters)))

    def end(self) -> None:
        """Tells TensorBoard of the run's end: of the first that it reads, so not of a run that goes on."""
        self.writer.add_summary(hparams.session_end_pb(api_pb2.STATUS_SUCCESS))
        self.writer.flush()

    def line(self, step: int, scalars: Mapping[str, float]) -> None:
        """One line: step, loss, learning rate, the last test NME, faces/s and time left; the scalars to TensorBoard.

        The speed is left out where no step was gained, as after a parameter server came back with older weights.
        """
        now, (before, since) = time.monotonic(), self.since
        self.since = (now, step)
        loss, points, learning = (significant(scalars[name]) for name in ("loss", "loss_points", "rate"))
        line = f"step {step}/{self.steps}  loss {loss}  points {points}  rate {learning}{self.nme}"
        if step > since:
            rate = (step - since) / max(now - before, 1e-9)
            left = int((self.steps - step) / rate)
            line += f"  {significant(rate * self.batch)} faces/s  {left // 60}:{left % 60:02d} left"
            scalars = {**scalars, "faces_per_second": rate * self.batch}
        print(line, flush=True)
        self._scalars(step, scalars)

    def evaluate(self, session: v1.Session, evaluation: Evaluation, step: int) -> float:
        """NME on the records that judge, in all and per subset; saves the best checkpoint; pictures and histograms.

        Those are the test records, or the validation records where there are any. Returns the NME by box size, NaN
        without records: the one that the best checkpoint has the least of.
        """
        started = time.monotonic()
        error = self._test(session, evaluation, step) if self.records.count(self.records.judge) else np.nan
        self._histograms(session, step)
        self.writer.flush()
        self.since = (self.since[0] + time.monotonic() - started, self.since[1])  # the rate is that of training alone
        return error

    def tell(self, when: str) -> None:
        """One line: the last test NME and the least one by box size, with its step; none where nothing was tested."""
        if self.nme and np.isfinite(self.best.measures["nme_box"]):
            least = f"least: box {100 * self.best.measures['nme_box']:.2f} % at {step_in_words(self.best.step)}"
            print(f"{when}:{self.nme}; {least}", flush=True)

    def _test(self, session: v1.Session, evaluation: Evaluation, step: int) -> float:
        answers, judge = run_through(session, evaluation), self.records.judge
        errors = nme_table(answers, self.records.scheme)
        self._scalars(step, {f"{judge}/{name}": value for name, value in {**errors, **fit_of(answers)}.items()})
        box = errors.get("nme_box", np.nan)
        self.nme = f"  {nme_in_words(judge, errors)}"
        self._pictures(step, answers)
        if box < self.best.measures["nme_box"]:
            self.best = Best(step, errors)
            save_best(session, evaluation.saver, self.run, step)
            self.run.write_best(self.best)
        return box

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._add(step, [v1.Summary.Value(tag=name, simple_value=value) for name, value in values.items()])

    def _pictures(self, step: int, answers: Mapping[str, np.ndarray]) -> None:
        for index in range(min(PICTURES, len(answers["image"]))):
            drawn = draw_answer(answers["image"][index], answers["label"][index], answers["predicted"][index])
            png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1].tobytes()
            height, width = drawn.shape[:2]
            image = v1.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
            self._add(step, [v1.Summary.Value(tag=f"{self.records.judge}/face{index}", image=image)])

    def _histograms(self, session: v1.Session, step: int) -> None:
        names = [variable.op.name for variable in v1.trainable_variables()]
        for name, value in zip(names, session.run(v1.trainable_variables()), strict=True):
            self._add(step, [v1.Summary.Value(tag=name, histo=histogram(value))])

    def _add(self, step: int, values: list[v1.Summary.Value]) -> None:
        self.writer.add_summary(v1.Summary(value=values), step)


def step_in_words(step: int) -> str:
    """`step 40`; of the best weights' step 0, what that means."""
    return f"step {step}" if step else "step 0 (export/freeze.py would export the start, untouched)"


def significant(value: float) -> str:
    """A number with at least four significant digits, however small or large."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


def histogram(values: np.ndarray, bins: int = BINS) -> v1.HistogramProto:
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
