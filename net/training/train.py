"""Training by a plan: the records opened, the run's folder prepared, and this process's part until the last step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from net.cluster.batch import divided
from net.cluster.machine import Machine
from net.cluster.member import Member
from net.cluster.parameters import serve_parameters
from net.cluster.queues import leave
from net.cluster.replica import Chief, Worker
from net.cluster.sessions import serve
from net.cluster.watch import End, watch
from net.run.checkpoints import last_step
from net.run.folder import Heritage, RunFolder, RunSettings
from net.training.open_task import OpenTask
from net.training.origins import heritage_of
from net.training.plan import Plan
from net.training.roles import follow, lead, test_checkpoints
from net.training.step import TrainingGraph, build
from records.runtime import v1


def train_together(plan: Plan, member: Member, end: End) -> bool:
    """What this process does in a cluster, until the run is at its last step; whether it was stopped.

    end: ends the process where it cannot go on (`net.cluster.watch`). Raises ValueError for a plan that does not go
    with the cluster.
    """
    if member.task == "evaluator":
        return test_checkpoints(plan, opened(plan), member)
    plan = plan.grown(member.workers)
    divided(plan.length.batch, member.workers)
    if member.apart and plan.waits:
        raise ValueError("--stop-after, --schedule plateau: expected a cluster whose chief tests, without an evaluator")
    server = serve(member, plan.run.threads)
    if member.task == "ps":
        serve_parameters(member, server, plan.cluster.wait, end)
        return False
    with watch(member, server, plan.cluster.wait, end):
        return _train_and_leave(plan, member, server)


def _train_and_leave(plan: Plan, member: Member, server: v1.distribute.Server) -> bool:
    """Training of a chief or a worker; it tells the parameter servers when it is done with them, or has failed."""
    try:
        stopped = train(plan, Chief(member, server)) if member.is_chief else work(plan, Worker(member, server))
    except Exception:
        if member.is_chief:
            leave(member, server, failed=True)
        raise
    if not stopped:
        leave(member, server)
    return stopped


def train(plan: Plan, machine: Machine) -> bool:
    """Trains up to the last step, from the run's last checkpoint where there is one; whether it was stopped.

    machine: what this process is, alone or a cluster's chief. Raises ValueError or FileNotFoundError for records or a
    run folder that do not fit the plan, ValueError where the loss is no number any more.
    """
    task, run = opened(plan), plan.run.folder
    with run.sole_trainer():
        run.prepare(settings_of(plan, task), plan.run.overwrite)
        first = last_step(run)
        if first >= plan.length.steps and run.page.is_file() >= plan.run.plots:
            return _nothing_to_do(plan, first)
        stopped = first < plan.length.steps and _lead(plan, task, machine, first)
        if plan.run.plots and not stopped:  # also of a run that was stopped while its report was written
            write_report(run, task)
    return stopped


def work(plan: Plan, worker: Worker) -> bool:
    """A worker's part in a training up to the last step; whether it was stopped. Raises as `train` does."""
    task, first = opened(plan), last_step(plan.run.folder)
    if first >= plan.length.steps:
        return _nothing_to_do(plan, first)
    with _graph(plan, task, worker, first) as graph:
        return follow(plan, graph, worker, first)


def _lead(plan: Plan, task: OpenTask, machine: Machine, first: int) -> bool:
    with _graph(plan, task, machine, first) as graph:
        return lead(plan, graph, task, machine, first)


@contextlib.contextmanager
def _graph(plan: Plan, task: OpenTask, machine: Machine, first: int) -> Iterator[TrainingGraph]:
    """The training graph, as the default one, on the machine's device."""
    with v1.Graph().as_default(), v1.device(machine.device()):
        v1.set_random_seed(plan.settings.seed)
        yield build(plan, task, machine, first)


def _nothing_to_do(plan: Plan, step: int) -> bool:
    print(f"{plan.run.folder}: at step {step} already, --steps is {plan.length.steps}: nothing to do")
    return False


def opened(plan: Plan) -> OpenTask:
    """The plan's task with its records open, before the run's folder is made.

    Raises ValueError for a plan that these records cannot serve, and what `TrainingTask.opened` raises.
    """
    task = plan.task.opened(plan.start)
    if plan.waits and not task.subject.judged:
        raise ValueError(f"{task.folder}: found no test records, which --stop-after and --schedule plateau need")
    return task


def settings_of(plan: Plan, task: OpenTask) -> RunSettings:
    """What a run's settings.json is to say: the options, the network, and what the records say of themselves."""
    kind, origin = task.subject.kind, task.origin
    before = heritage_of(plan.start, kind) if plan.start else Heritage()
    heritage = Heritage(tuple(dict.fromkeys([*before.terms, *origin.terms])), before.subsets)
    return RunSettings(kind, plan.kept_options(), task.network, origin.summary, origin.split, heritage)


def write_report(run: RunFolder, task: OpenTask) -> None:
    """Plots and a table of the run into its folder; without matplotlib a line that says so."""
    try:
        write = task.page_writer()
    except ImportError as error:
        print(f"no plots: found no package {error.name}, expected matplotlib")
        return
    write(run)
    print(f"report: {run.page}")
