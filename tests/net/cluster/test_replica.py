"""What chief and workers add to the training graph, beside a machine alone. No process is started here."""

import pytest

from net.cluster.machine import ALONE
from net.cluster.member import Member
from net.cluster.replica import Chief, Replica, Worker
from net.data.ranges import NO_AUGMENTATION
from net.data.record_set import RecordSet
from net.data.selection import Selection
from net.landmarks.task import LandmarkTask
from net.model.shape import Shape
from net.run.folder import RunFolder
from net.training.plan import Length, Plan, RunPlan
from net.training.settings import Settings
from net.training.step import build
from records.runtime import tf, v1

HOSTS = {"chief": ("localhost:1",), "worker": ("localhost:2",), "ps": ("localhost:3", "localhost:4")}


def replica(task: str) -> Replica:
    kind = {"chief": Chief, "worker": Worker}[task]
    return kind(Member(HOSTS, task, 0), None)


@pytest.fixture(scope="module")
def graphs(record_set):
    """The graph of a chief and that of a worker, with what `build` says of them."""
    settings, run = Settings(optimizer="muon", average=0.9, precision="float32", seed=3), RunPlan(RunFolder("absent"))
    task = LandmarkTask(Selection(record_set), Shape(68, width=8, decoder=8), ranges=NO_AUGMENTATION)
    plan, opened, built = Plan(task, run, settings, Length(10, 4)), task.opened(None), {}
    for task in ("chief", "worker"):
        one = replica(task)
        with v1.Graph().as_default() as whole, v1.device(one.device()):
            built[task] = whole, build(plan, opened, one)
            one.hooks()[0].begin()
            one._optimizer.ready_for_local_init_op.mark_used()  # TensorFlow would complain
    return built


def test_variables_live_on_the_parameter_servers_and_the_rest_at_home(graphs):
    for task, (whole, _) in graphs.items():
        with whole.as_default():
            homes = {value.device for value in v1.global_variables()}
            assert homes == {"/job:ps/task:0", "/job:ps/task:1"}
            assert {value.device for value in v1.local_variables()} == {f"/job:{task}/task:0"}
        convolutions = {op.device for op in whole.get_operations() if op.type == "Conv2D"}
        assert convolutions == {f"/job:{task}/task:0"}


def reached_by(op: tf.Operation) -> set[tf.Operation]:
    """All operations that an operation waits for."""
    found, waiting = set(), [op]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [tensor.op for tensor in one.inputs] + list(one.control_inputs)
    return found


def test_the_chief_alone_moves_averages_and_batch_statistics(graphs):
    for task, (whole, graph) in graphs.items():
        assert (graph.averages is not None) == (task == "chief")
        with whole.as_default():
            statistics = [one for one in v1.global_variables("senet") if one.op.name.endswith(("/mean", "/variance"))]
        handles = {one.handle.op for one in statistics}
        moved = [op for op in reached_by(graph.step.op) if op.type.startswith("Assign") and op.inputs[0].op in handles]
        assert len(handles) > 4 and len(moved) == (len(handles) if task == "chief" else 0)


def test_each_process_has_its_own_part_and_random_numbers(record_set):
    records = RecordSet(record_set)
    machines = {"alone": ALONE, "chief": replica("chief"), "worker": replica("worker")}
    counts = {name: machine.share(records).count("train") for name, machine in machines.items()}
    assert counts["alone"] == records.count("train") == counts["chief"] + counts["worker"]
    assert [machine.batch(12) for machine in machines.values()] == [12, 6, 6]
    seeds = {name: machine.seed(3) for name, machine in machines.items()}
    assert seeds["alone"] == seeds["chief"] == 3 != seeds["worker"]
    assert machines["worker"].seed(2**31 - 1) < 2**31
    assert [machine.average(0.9) for machine in machines.values()] == [0.9, 0.9, 0.0]
    assert [machine.chosen([1]) for machine in machines.values()] == [[1], [1], []]
    assert [machine.config(3).intra_op_parallelism_threads for machine in machines.values()] == [3, 3, 3]
