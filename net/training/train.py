"""Training by a plan: the records opened, the run's folder prepared, and this process's part until the last step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from net.cluster.machine import Machine
from net.cluster.member import Member, divided
from net.cluster.parameters import serve_parameters
from net.cluster.queues import leave
from net.cluster.replica import Chief, Worker
from net.cluster.watch import End, watch
from net.data.batches import subset_shares
from net.data.moments import inherit_moments, with_moments
from net.data.record_set import RecordSet
from net.run.checkpoints import last_step
from net.run.folder import LANDMARKS, Heritage, RecordsSummary, RunSettings
from net.training.plan import Plan
from net.training.roles import follow, lead, test_checkpoints
from net.training.start import heritage_of, network_of
from net.training.step import TrainingGraph, build
from records.runtime import v1


def take_part(plan: Plan, member: Member, end: End) -> bool:
    """What this process does in a cluster, until the run is at its last step; whether it was stopped.

    end: ends the process where it cannot go on (`net.cluster.watch`). Raises ValueError for a plan that does not go
    with the cluster.
    """
    if member.task == "evaluator":
        return test_checkpoints(*fitted(plan), member)
    plan = plan.grown(member.workers)
    divided(plan.length.batch, member.workers)
    if member.apart and plan.waits:
        raise ValueError("--stop-after, --schedule plateau: expected a cluster whose chief tests, without an evaluator")
    server = member.serve(plan.run.threads)
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
    plan, records = fitted(plan)
    run = plan.run.folder
    with run.sole_trainer():
        run.prepare(settings_of(plan, records), plan.run.overwrite)
        first = last_step(run)
        if first >= plan.length.steps and run.page.is_file() >= plan.run.plots:
            return _nothing_to_do(plan, first)
        stopped = first < plan.length.steps and _lead(plan, records, machine, first)
        if plan.run.plots and not stopped:  # also of a run that was stopped while its report was written
            write_report(plan, records)
    return stopped


def work(plan: Plan, worker: Worker) -> bool:
    """A worker's part in a training up to the last step; whether it was stopped. Raises as `train` does."""
    plan, records = fitted(plan)
    first = last_step(plan.run.folder)
    if first >= plan.length.steps:
        return _nothing_to_do(plan, first)
    with _graph(plan, records, worker, first) as graph:
        return follow(plan, graph, worker, first)


def _lead(plan: Plan, records: RecordSet, machine: Machine, first: int) -> bool:
    with _graph(plan, records, machine, first) as graph:
        return lead(plan, graph, records, machine, first)


@contextlib.contextmanager
def _graph(plan: Plan, records: RecordSet, machine: Machine, first: int) -> Iterator[TrainingGraph]:
    """The training graph, as the default one, on the machine's device."""
    with v1.Graph().as_default(), v1.device(machine.device()):
        v1.set_random_seed(plan.settings.seed)
        yield build(plan, records, machine, first)


def _nothing_to_do(plan: Plan, step: int) -> bool:
    print(f"{plan.run.folder}: at step {step} already, --steps is {plan.length.steps}: nothing to do")
    return False


def fitted(plan: Plan) -> tuple[Plan, RecordSet]:
    """The plan with the number of points and the moments of its records in its shape, and these records.

    Raises ValueError for a plan that they cannot serve, and what `RecordSet` raises.
    """
    records = RecordSet.of(plan.records, grey=plan.shape.picture == "grey")
    check_records(plan, records)
    shape = replace(plan.shape, points=records.scheme.count)
    if plan.start:
        shape = inherit_moments(shape, network_of(plan.start))
    return replace(plan, shape=with_moments(shape, records)), records


def check_records(plan: Plan, records: RecordSet) -> None:
    """Raises ValueError for a plan that these records cannot serve, before the run's folder is made."""
    if plan.records.mix:
        subset_shares(records, plan.records.mix)
    if plan.waits and not records.count(records.judge):
        raise ValueError(f"{records.folder}: found no test records, which --stop-after and --schedule plateau need")


def settings_of(plan: Plan, records: RecordSet) -> RunSettings:
    """What a run's settings.json is to say: the options, the network, and what the records say of themselves."""
    manifest = records.manifest
    about = {key: getattr(manifest, key) for key in ("points", "margin", "context", "encoding", "subsets")}
    summary = RecordsSummary(**about, scheme=records.scheme.name)
    before = heritage_of(plan.start) if plan.start else Heritage()
    terms = dict.fromkeys([*before.terms, *manifest.notes.get("terms", [])])  # these of who gave the labels
    heritage = Heritage(tuple(terms), before.subsets)
    return RunSettings(LANDMARKS, plan.kept_options(), plan.shape, summary, manifest.split, heritage)


def write_report(plan: Plan, records: RecordSet) -> None:
    """Plots and a table of the run into its folder; without matplotlib a line that says so."""
    try:
        from net.run import page  # matplotlib takes a second, and only what has ended is drawn
    except ImportError as error:
        print(f"no plots: found no package {error.name}, expected matplotlib")
        return
    page.write(plan.run.folder, records, plan.shape, plan.settings.loss)
    print(f"report: {plan.run.folder.page}")
