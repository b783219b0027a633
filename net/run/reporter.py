"""What a training run tells: lines on the terminal, TensorBoard events, what tests find, and the best checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from net.run.checkpoints import save_best
from net.run.evaluation import Evaluation
from net.run.folder import Best, RunFolder
from net.run.kind import Kind

from records.runtime import tf, v1  # isort: skip - silent only where it is TensorFlow's first import
from tensorboard.plugins.hparams import api_pb2, summary as hparams  # isort: skip

BINS = 30  # of histograms


@dataclass(frozen=True)
class Subject:
    """What a run is of, as far as its reports go.

    kind: of run; judge: the split that chooses the best weights; judged: how many records it has; shown: parts of the
    loss that lines tell.
    """

    kind: Kind
    judge: str
    judged: int
    shown: tuple[str, ...]


class Reporter:
    """Writes a run's reports into its folder, and its best checkpoint.

    since: time and step of the last line, or of the first step of now, None before that; found: what lines say of the
    last test; best: what was measured of the best checkpoint, None before the first.
    """

    def __init__(self, run: RunFolder, subject: Subject, steps: int, batch: int):
        """steps: the run's last; batch: examples a step, of all processes."""
        self.run, self.subject, self.steps, self.batch = run, subject, steps, batch
        # TensorFlow names files by the second, and its hook for checkpoints has one of its own here
        self.writer = v1.summary.FileWriter(str(run), filename_suffix=".reports")
        self.since: tuple[float, int] | None = None
        self.found = ""
        self.best = run.best(subject.kind)

    @property
    def best_step(self) -> int:
        """The step of the best checkpoint, 0 before the first."""
        return self.best.step if self.best else 0

    def start(self, graph: tf.Graph, hyper_parameters: Mapping[str, float | str | bool]) -> None:
        """Puts the graph and the hyper-parameters into TensorBoard."""
        self.writer.add_graph(graph)
        self.writer.add_summary(hparams.session_start_pb(dict(hyper_parameters)))

    def end(self) -> None:
        """Tells TensorBoard of the run's end: of the first that it reads, so not of a run that goes on."""
        self.writer.add_summary(hparams.session_end_pb(api_pb2.STATUS_SUCCESS))
        self.writer.flush()

    def first_step(self, step: int) -> None:
        """From here on steps have their usual speed: in the first one TensorFlow prepares the graph."""
        self.since = (time.monotonic(), step)

    def line(self, step: int, scalars: Mapping[str, float]) -> None:
        """One line: step, loss, learning rate, the last test, examples/s and time left; the scalars to TensorBoard.

        The speed is left out where no step was gained, as after a parameter server came back with older weights.
        """
        now = time.monotonic()
        before, since = self.since or (now, step)
        self.since = (now, step)
        told = {"loss": "loss", **{name: f"loss_{name}" for name in self.subject.shown}, "rate": "rate"}
        values = "  ".join(f"{name} {significant(scalars[key])}" for name, key in told.items())
        line = f"step {step}/{self.steps}  {values}{self.found}"
        if step > since:
            rate, examples = (step - since) / max(now - before, 1e-9), f"{self.subject.kind.example}s"
            left = int((self.steps - step) / rate)
            line += f"  {significant(rate * self.batch)} {examples}/s  {left // 60}:{left % 60:02d} left"
            scalars = {**scalars, f"{examples}_per_second": rate * self.batch}
        print(line, flush=True)
        self._scalars(step, scalars)

    def evaluate(self, session: v1.Session, evaluation: Evaluation, step: int) -> float:
        """A test on the records that judge; saves the best checkpoint; pictures and histograms.

        Those are the test records, or the validation records where there are any. Returns what chooses the best
        checkpoint, as a number that is the less the better; NaN without records.
        """
        started = time.monotonic()
        loss = self._test(session, evaluation, step) if self.subject.judged else math.nan
        self._histograms(session, step)
        self.writer.flush()
        if self.since:  # the rate is that of training alone
            self.since = (self.since[0] + time.monotonic() - started, self.since[1])
        return loss

    def tell(self, when: str) -> None:
        """One line: what the last test found, and the best one with its step; none where nothing was tested."""
        if self.found and self.best:
            measure = self.subject.kind.measure
            value = f"{measure.short} {100 * measure.of(self.best.measures):.2f} %"
            print(f"{when}:{self.found}; {measure.best}: {value} at {step_in_words(self.best.step)}", flush=True)

    def _test(self, session: v1.Session, evaluation: Evaluation, step: int) -> float:
        found, kind, judge = evaluation.run(session), self.subject.kind, self.subject.judge
        self._scalars(step, {f"{judge}/{name}": value for name, value in {**found.measures, **found.others}.items()})
        self.found = f"  {found.words}"
        self._pictures(step, found.pictures)
        loss = kind.measure.loss(found.measures)
        if loss < (kind.measure.loss(self.best.measures) if self.best else math.inf):
            self.best = Best(step, found.measures)
            save_best(session, evaluation.saver, self.run, step)
            self.run.write_best(self.best, kind)
        return loss

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._add(step, [v1.Summary.Value(tag=name, simple_value=value) for name, value in values.items()])

    def _pictures(self, step: int, pictures: Sequence[np.ndarray]) -> None:
        for index, drawn in enumerate(pictures):
            png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1].tobytes()
            height, width = drawn.shape[:2]
            image = v1.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
            tag = f"{self.subject.judge}/{self.subject.kind.example}{index}"
            self._add(step, [v1.Summary.Value(tag=tag, image=image)])

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
