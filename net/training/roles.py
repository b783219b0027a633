"""What each process does in a training: one leads (a machine alone, or a cluster's chief), others follow or test."""

from __future__ import annotations

import contextlib
import time

from net.cluster import probe
from net.cluster.machine import Machine
from net.cluster.member import Member
from net.cluster.replica import Worker
from net.cluster.sessions import config_of
from net.cluster.watch import abandoned
from net.run.checkpoints import last_checkpoint, step_of
from net.run.reporter import Reporter, significant
from net.run.signals import stop_signals
from net.training.loop import Loop, following_session, leading_session
from net.training.open_task import OpenTask
from net.training.plan import Plan
from net.training.start import starting_point
from net.training.step import TrainingGraph, build, build_evaluation
from records.runtime import tf, v1


def lead(plan: Plan, graph: TrainingGraph, task: OpenTask, machine: Machine, first: int) -> bool:
    """The run of a machine alone or of a chief: training, reports, tests; whether it was stopped."""
    evaluation = build_evaluation(task, graph) if machine.tests else None
    reporter = Reporter(plan.run.folder, task.subject, plan.length.steps, plan.length.batch)
    start = starting_point(plan.start, task) if plan.start else None
    machine.prepare_end()
    with stop_signals() as stop, leading_session(plan.run, machine, start) as session:
        reporter.start(session.graph, plan.hyper_parameters())
        Loop(session, graph, evaluation, reporter, plan, first).run(stop)
        if not stop.is_set():  # of one that was stopped the others wait for the return
            reporter.end()
            machine.tell_end(session)
    return stop.is_set()


def follow(plan: Plan, graph: TrainingGraph, worker: Worker, first: int) -> bool:
    """A worker's part of a run: gradients, until the chief ends it; whether it was stopped.

    Raises ValueError where the chief has left before the end.
    """
    step, steps, over = first, plan.length.steps, False
    with tf.control_dependencies([graph.step]):
        ended = worker.ended()
    worker.wait_for_chief()
    with stop_signals() as stop, following_session(plan.run, worker) as session:
        while not (over or stop.is_set()):
            found = session.run({"step": graph.step, "ended": ended, "loss": graph.scalars["loss"]})
            step = int(found["step"])
            over = bool(found["ended"]) or step >= steps
            if step % plan.run.report_every == 0 and not found["ended"]:
                print(f"{worker.member.name}: step {step}/{steps}  loss {significant(found['loss'])}", flush=True)
    if not (over or stop.is_set()):  # the session takes a closed queue of steps for an end of its own
        abandoned()
    return stop.is_set()


def test_checkpoints(plan: Plan, task: OpenTask, member: Member) -> bool:
    """A cluster's evaluator: tests every checkpoint that it finds in the run's folder, up to the last step.

    Whether it was stopped. Raises ValueError where there is none to test and the chief is silent for too long.
    """
    chief, steps, step = probe.silence_of_chief(member, plan.cluster.wait), plan.length.steps, -1
    with v1.Graph().as_default(), stop_signals() as stop:
        evaluation = build_evaluation(task, build(plan, task))
        reporter = Reporter(plan.run.folder, task.subject, steps, plan.length.batch)
        saver = v1.train.Saver()
        with v1.Session(config=config_of(plan.run.threads)) as session:
            while step < steps and not stop.is_set():
                checkpoint = last_checkpoint(plan.run.folder)
                newest = step_of(checkpoint) if checkpoint else step
                if newest == step:
                    if line := chief.look():
                        raise ValueError(line)
                    time.sleep(probe.PROBE)
                    continue
                with contextlib.suppress(tf.errors.NotFoundError):  # the chief has removed it: there is a newer one
                    saver.restore(session, checkpoint)
                    step = newest
                    loss, measure = reporter.evaluate(session, evaluation, step), task.subject.kind.measure
                    found = f"{measure.title} {measure.short} {100 * abs(loss):.2f} %"
                    print(f"evaluator: step {step}/{steps}  {found}", flush=True)
                chief = probe.silence_of_chief(member, plan.cluster.wait)  # testing takes its time
    return stop.is_set()
