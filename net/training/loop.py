"""The loop of the process that leads a training: gradient steps, reports, evaluations, and the session that saves."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from net.cluster.machine import Machine
from net.run.evaluation import Evaluation
from net.run.reporter import Reporter, step_in_words
from net.training.plan import Plan, RunPlan
from net.training.step import TrainingGraph
from records.runtime import v1

SOON_STEPS, SOON_SECONDS = 10, 10.0  # until the first line that tells how fast it goes, whichever comes first
CLOSING = 1  # seconds a session waits for its threads: that of the chief's sums waits for gradients, and would for ever

Start = Callable[[v1.train.Scaffold, v1.Session], None]  # loads the weights that a run starts from


def leading_session(run: RunPlan, machine: Machine, start: Start | None) -> v1.train.MonitoredSession:
    """The session that restores the run's last checkpoint, and saves one every so often and at the end.

    start: loads weights where there is no checkpoint yet.
    """
    # one saver restores and saves, so that it knows older checkpoints; relative paths, so that a run can be moved
    saver = v1.train.Saver(max_to_keep=2, save_relative_paths=True)
    scaffold = v1.train.Scaffold(saver=saver, init_fn=start)
    folder = str(run.folder)
    saves = v1.train.CheckpointSaverHook(
        folder, save_steps=run.save_every, scaffold=scaffold, checkpoint_basename=run.folder.checkpoints.name
    )
    return _session(run, machine, scaffold, hooks=[*machine.hooks(), saves], is_chief=True, checkpoint_dir=folder)


def following_session(run: RunPlan, machine: Machine) -> v1.train.MonitoredSession:
    """The session of a process that restores and saves nothing: the chief of its cluster does."""
    return _session(run, machine, v1.train.Scaffold(), hooks=machine.hooks(), is_chief=False)


def _session(run: RunPlan, machine: Machine, scaffold: v1.train.Scaffold, **others) -> v1.train.MonitoredSession:
    return v1.train.MonitoredTrainingSession(
        master=machine.target,
        scaffold=scaffold,
        config=machine.config(run.threads),
        # the hooks and the reporter do what these would
        save_checkpoint_secs=None,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
        stop_grace_period_secs=CLOSING,
        **others,
    )


class Loop:
    """Gradient steps until the last, with reports, evaluations and the best checkpoint on the way."""

    def __init__(
        self,
        session: v1.train.MonitoredSession,
        graph: TrainingGraph,
        evaluation: Evaluation | None,
        reporter: Reporter,
        plan: Plan,
        first: int,
    ):
        """evaluation: None where another process of a cluster tests; first: the step from which it goes on."""
        self._session, self._graph, self._evaluation = session, graph, evaluation
        self._reporter, self._plan = reporter, plan
        self._step, self._first, self._last = first, first, plan.length.steps
        self._begun: tuple[float, int] | None = None  # time and step that the first lines are counted from, None: told

    def run(self, stop: threading.Event) -> None:
        """Goes on until the last step, a stop, or as long as `Length.stop_after` has patience; says which."""
        print(f"training from step {self._step}", flush=True)
        self._begin()
        self._begun = (time.monotonic(), self._step)
        while self._step < self._last and not stop.is_set() and not self._given_up():
            self._advance()
        if stop.is_set():
            print(f"stopped at step {self._step}; the same command goes on from there")
        elif self._step < self._last:
            best, subject = step_in_words(self._reporter.best_step), self._reporter.subject
            worse = f"no {subject.kind.measure.better} {subject.judge} {subject.kind.measure.title}"
            print(f"{worse} since {best}: ended at step {self._step}")
        else:
            self._reporter.tell("end")

    def _begin(self) -> None:
        if self._graph.rate.plateau and self._step and self._step % self._plan.run.eval_every == 0:
            self._evaluate()  # a kill may have come after the checkpoint and before this
        if self._plan.start and not self._step:  # the best weights may be those that it starts from
            subject = self._reporter.subject
            if self._evaluation and subject.judged:
                print(f"testing the start on {subject.judged} {subject.kind.example}s", flush=True)
            self._evaluate()
            self._reporter.tell("start")

    def _advance(self) -> None:
        run, due = self._plan.run, self._step + 1
        asked = due % run.report_every == 0 or due == self._last
        found = self._session.run({"step": self._graph.step, **(self._graph.scalars if asked or self._begun else {})})
        if int(found["step"]) == self._step:
            return  # in a cluster: a gradient that came too late to count
        before, self._step = self._step, int(found["step"])
        if before == self._first:
            self._reporter.first_step(self._step)
        if asked or self._overdue():
            check_loss(found["loss"], self._step)
            self._reporter.line(self._step, {name: float(found[name]) for name in self._graph.scalars})
            # of a slow first step the line tells no speed yet
            self._begun = (time.monotonic(), self._step) if before == self._first else None
        if self._step % run.eval_every == 0 or self._step == self._last:
            self._evaluate()

    def _overdue(self) -> bool:
        """Whether somebody waits for the first line, however seldom lines are asked for."""
        if self._begun is None:
            return False
        began, step = self._begun
        return self._step - step >= SOON_STEPS or time.monotonic() - began >= SOON_SECONDS

    def _given_up(self) -> bool:
        """Whether `stop_after` evaluations, this step's the last, went by without a better one."""
        patience, every = self._plan.length.stop_after, self._plan.run.eval_every
        waited = self._step - self._reporter.best_step
        return patience > 0 and self._step % every == 0 and waited >= patience * every

    def _evaluate(self) -> None:
        """A test, and a lower learning rate where the schedule waits for it.

        On the bare session: the monitored one's hooks would take every run for a gradient step.
        """
        evaluation, plateau = self._evaluation, self._graph.rate.plateau
        if evaluation is None:
            return

        def on(step_context) -> None:
            error = self._reporter.evaluate(step_context.session, evaluation, self._step)
            if plateau:
                patience = self._plan.settings.patience * self._plan.run.eval_every
                step_context.session.run(plateau.judge, {plateau.error: error, plateau.patience: patience})

        self._session.run_step_fn(on)


def check_loss(loss: float, step: int) -> None:
    """Raises ValueError where training has left the numbers, from where nothing leads back."""
    if not math.isfinite(loss):
        raise ValueError(f"loss: found {loss} at step {step}, expected a number; a lower --rate may help")
