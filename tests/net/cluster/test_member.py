"""net/cluster/member.py: what TF_CONFIG makes of a process and of its graph. No process is started here."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from net import train
from net.cluster import local as local_cluster
from net.cluster import member as cluster
from net.cluster.member import Member, Replica
from net.data.augment import NO_AUGMENTATION
from net.data.batches import training_batches
from net.data.record_set import RecordSet, Share
from net.data.selection import Fold
from net.model.shape import Shape
from net.training import step as graph
from net.training.step import Settings
from tests.conftest import ROOT, STEPS, train_options
from tests.net.test_train import scalars

v1 = tf.compat.v1
CLUSTER = {"chief": ["a:1"], "worker": ["b:2", "c:3"], "ps": ["d:4", "e:5"]}


def config(task="worker", index=1, **jobs) -> dict[str, str]:
    """An environment with TF_CONFIG; jobs replace those of CLUSTER, None removes one."""
    hosts = {job: addresses for job, addresses in {**CLUSTER, **jobs}.items() if addresses is not None}
    return {"TF_CONFIG": json.dumps({"cluster": hosts, "task": {"type": task, "index": index}})}


def test_a_member_knows_its_place():
    member = cluster.member_of(config())
    assert (member.task, member.index, member.workers, member.number, member.is_chief) == ("worker", 1, 3, 2, False)
    assert member.hosts == {"chief": ("a:1",), "worker": ("b:2", "c:3"), "ps": ("d:4", "e:5")}
    chief = cluster.member_of(config("chief", 0))
    assert (chief.number, chief.is_chief, chief.tests) == (0, True, True)
    assert not cluster.member_of(config("chief", 0, evaluator=["f:6"])).tests
    assert cluster.member_of(config("evaluator", 0, evaluator=["f:6"])).apart
    assert list(chief.config(3).device_filters) == ["/job:ps", "/job:chief/task:0"]
    assert chief.config(3).intra_op_parallelism_threads == 3


@pytest.mark.parametrize(
    "text",
    ["", "  ", "{}", '{"task": {"type": "chief"}}', '{"cluster": {"chief": ["a:1"]}, "task": {"type": "chief"}}'],
)
def test_a_machine_alone_is_no_cluster(text):
    assert cluster.member_of({"TF_CONFIG": text}) is None
    assert cluster.member_of({}) is None


@pytest.mark.parametrize(
    "environment, message",
    [
        ({"TF_CONFIG": "{cluster"}, "found '{cluster' (Expecting property name"),
        ({"TF_CONFIG": "[1]"}, "expected JSON with cluster and task"),
        (config("boss", 0), "found task {'type': 'boss', 'index': 0}, expected type chief, worker, ps, evaluator"),
        (config("worker", "1"), "expected type chief, worker, ps, evaluator and an index"),
        (config("worker", 2), "found worker 2, expected an index from 0 to 1"),
        (config("worker", -1), "found worker -1, expected an index from 0 to 1"),
        (config("worker", 0, worker=[]), "found worker 0, expected a task that the cluster has"),
        # an evaluator that the others do not know of: the chief would write best/ as well
        (config("evaluator", 0), "found no evaluator in the cluster, expected its address there, for every member"),
        (config("evaluator", 0, worker=None), "found no evaluator in the cluster"),
        (config("evaluator", 0, worker=None, ps=None), "found no ps"),  # not the training of a machine alone
        (config("evaluator", 1, evaluator=["f:6", "g:7"]), "found 2 evaluators, expected one at most"),
        (config("chief", 0, chief=None), "found 0 chiefs, expected one"),
        (config("chief", 0, chief=["a:1", "f:6"]), "found 2 chiefs, expected one"),
        (config(ps=None), "found no ps, expected at least one parameter server"),
        (config(master=["a:1"]), "found master in the cluster, expected chief, worker, ps, evaluator"),
        (config(ps=["d"]), "found 'd' for ps, expected a list of host:port"),
        (config(ps=["d:x"]), "found 'd:x' for ps, expected a list of host:port"),
        (config(ps=["d:70000"]), "found 'd:70000' for ps"),
        (config(ps="d:4"), "found 'd:4' for ps, expected a list of host:port"),
        (config(ps=["b:2"]), "found b:2 twice, expected an address for each task"),
    ],
)
def test_a_wrong_tf_config_is_one_line(environment, message):
    with pytest.raises(ValueError) as caught:
        cluster.member_of(environment)
    assert str(caught.value).startswith("TF_CONFIG: ") and message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_program_refuses_a_wrong_tf_config(record_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", config("worker", 5)["TF_CONFIG"])
    assert train.main(train_options(record_set, tmp_path / "run")) == 2
    assert capsys.readouterr().err == "train: TF_CONFIG: found worker 5, expected an index from 0 to 1\n"
    monkeypatch.setenv("TF_CONFIG", config("worker", 1)["TF_CONFIG"])
    assert train.main(train_options(record_set, tmp_path / "run")) == 2  # the batch is 4
    assert capsys.readouterr().err == "train: --batch: found 4 faces for 3 workers, expected a multiple of 3\n"
    assert os.listdir(tmp_path) == []


def test_a_wrong_tf_config_ends_the_program_with_one_line(record_set, tmp_path):
    command = [sys.executable, str(ROOT / "net/train.py"), *train_options(record_set, tmp_path / "run")]
    environment = os.environ | {"TF_CONFIG": '{"cluster": {"chief": ["a:1"], "ps": ["a:1"]}, "task": {"type": "ps"}}'}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "train: TF_CONFIG: found a:1 twice, expected an address for each task\n"
    assert os.listdir(tmp_path) == []


def test_a_member_of_a_cluster_starts_none_of_its_own(record_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(local_cluster, "run", lambda *args: pytest.fail("a cluster in a cluster"))
    monkeypatch.setenv("TF_CONFIG", config("chief", 0, ps=["a:1"])["TF_CONFIG"])
    assert train.main(train_options(record_set, tmp_path / "run", "--local-cluster", "2")) == 2
    assert "TF_CONFIG: found a:1 twice" in capsys.readouterr().err
    monkeypatch.setenv("TF_CONFIG", config("worker", 1)["TF_CONFIG"])
    assert train.main(train_options(record_set, tmp_path / "run", "--local-cluster", "2")) == 2
    assert "--batch: found 4 faces for 3 workers" in capsys.readouterr().err  # it took its part


def test_a_local_cluster_of_members_without_that_option(record_set, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(local_cluster, "run", lambda *args: called.append(args) or 0)
    options = train_options(record_set, tmp_path / "run")
    for own in (["--local-cluster", "2"], ["--local-cluster=2"]):
        assert train.main([*own, *options]) == 0
        assert called.pop() == ([sys.executable, train.__file__, *options], 2, tmp_path / "run")


def test_the_whole_batch_is_divided():
    member = cluster.member_of(config())
    assert cluster.batch_of(member, 12) == 4 and cluster.batch_of(None, 7) == 7
    with pytest.raises(ValueError, match="--batch: found 64 faces for 3 workers, expected a multiple of 3"):
        cluster.batch_of(member, 64)


@pytest.mark.parametrize("optimizer, rate", [("sgd", 0.04), ("adam", 0.02), ("muon", 0.02)])
def test_batch_and_rate_grow_by_the_rule(optimizer, rate):
    assert cluster.scaled(64, 0.01, optimizer, 4) == (256, pytest.approx(rate))
    assert cluster.scaled(64, 0.01, optimizer, 1) == (64, 0.01)


def names_of(records) -> list[str]:
    """Names of the training records that a worker reads in an epoch of its own."""
    found = []
    for file in records.files("train"):
        found += [parsed["name"].numpy().decode() for parsed in records.read(file).map(records.parse)]
    return sorted(found)


@pytest.mark.parametrize("workers", [2, 4, 5])  # the set has four training shards
def test_workers_divide_the_records_without_overlap(record_set, workers):
    whole = RecordSet(record_set)
    assert len(whole.files("train")) == 4
    shares = [Share(whole, number, workers) for number in range(workers)]
    parts = [names_of(share) for share in shares]
    assert sorted(sum(parts, [])) == names_of(whole)
    assert [share.count("train") for share in shares] == [len(part) for part in parts] and all(parts)
    for share in shares:
        assert share.files("test") == whole.files("test") and share.count("test") == whole.count("test")
        subsets = [share.count("train", name) for name in whole.subsets("train")]
        assert sum(subsets) == share.count("train")
    if workers <= 4:
        assert sorted(sum((share.files("train") for share in shares), [])) == sorted(whole.files("train"))


def test_a_fold_is_divided_as_well(record_set):
    whole = RecordSet(record_set, Fold(0, 3))
    counts = [Share(whole, number, 2).count("train") for number in range(2)]
    assert sum(counts) == whole.count("train") < 30 and min(counts) > 0


def test_batches_come_from_the_own_part_alone(record_set):
    share = Share(RecordSet(record_set), 1, 2)
    raw = [one for file in share.files("train") for one in share.read(file)]
    own = np.stack([share.decode(one)["label"].numpy() for one in raw])
    batches = training_batches(share, 3, NO_AUGMENTATION, seed=1, mix={"tiny/AFW": 2.0})
    for label in np.concatenate([batch["label"].numpy() for batch in batches.take(8)]):
        assert np.abs(own - label).max(axis=1).min() < 1e-5


def test_more_workers_than_records_are_refused(record_set):
    whole = RecordSet(record_set)
    shortest = max(len(names_of(Share(whole, 0, 1))), 1)
    with pytest.raises(ValueError, match=rf"found {shortest} training records in 4 shards, expected some for each of"):
        Share(whole, 60, 61)


def replica(task: str, index: int = 0) -> Replica:
    hosts = {"chief": ("localhost:1",), "worker": ("localhost:2",), "ps": ("localhost:3", "localhost:4")}
    return Replica(Member(hosts, task, index), None)


@pytest.fixture(scope="module")
def models(record_set):
    """The graphs of a chief and of a worker, and what `graph.build` says of them."""
    records, shape, built = RecordSet(record_set), Shape(68, width=8, decoder=8), {}
    for task in ("chief", "worker"):
        one = replica(task)
        with v1.Graph().as_default() as whole, v1.device(one.member.device()):
            settings = one.own(Settings(optimizer="muon", average=0.9, seed=3))
            built[task] = one, whole, graph.build(records, shape, settings, NO_AUGMENTATION, 2, 10, replica=one)
            one.hooks()[0].begin()
            one._optimizer.ready_for_local_init_op.mark_used()  # TensorFlow would complain
    return built


def test_variables_live_on_the_parameter_servers_and_the_rest_at_home(models):
    for task, (_, whole, _) in models.items():
        with whole.as_default():
            homes = {value.device for value in v1.global_variables()}
            assert homes == {"/job:ps/task:0", "/job:ps/task:1"}
            assert {value.device for value in v1.local_variables()} == {f"/job:{task}/task:0"}
        convolutions = {op.device for op in whole.get_operations() if op.type == "Conv2D"}
        assert convolutions == {f"/job:{task}/task:0"}


def test_the_chief_alone_tests_averages_and_keeps_batch_statistics(models):
    (chief, chief_graph, chief_model), (worker, worker_graph, worker_model) = models["chief"], models["worker"]
    assert chief_model.eval_iterator and not worker_model.eval_iterator and not worker_model.best_saver
    assert chief.chosen([1]) == [1] and worker.chosen([1]) == []
    names = [{op.name for op in one.get_operations()} for one in (chief_graph, worker_graph)]
    assert any("ExponentialMovingAverage" in name for name in names[0])
    assert not any("ExponentialMovingAverage" in name for name in names[1])
    with chief_graph.as_default():
        kept = {value.op.name for value in v1.global_variables()}
    with worker_graph.as_default():
        own = {value.op.name for value in v1.global_variables()}
    assert own < kept and all("ExponentialMovingAverage" in name for name in kept - own)


def reached_by(op: tf.Operation) -> set[tf.Operation]:
    """All operations that an operation waits for."""
    found, waiting = set(), [op]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [tensor.op for tensor in one.inputs] + list(one.control_inputs)
    return found


def test_a_step_moves_the_batch_statistics_at_the_chief_only(models):
    moved = {}
    for task, (_, whole, model) in models.items():
        reached = reached_by(model.step.op)
        with whole.as_default():
            statistics = [
                value for value in v1.global_variables("senet") if value.op.name.endswith(("/mean", "/variance"))
            ]
        handles = {value.handle.op for value in statistics}
        writes = [op for op in reached if op.type.startswith("Assign") and op.inputs[0].op in handles]
        moved[task] = len(writes)
        assert len(handles) > 4
    assert moved["chief"] >= 4 and moved["worker"] == 0


def test_random_numbers_differ_between_workers():
    settings = Settings(seed=3, average=0.9)
    chief, worker = replica("chief").own(settings), replica("worker").own(settings)
    assert chief == settings
    assert worker.seed != 3 and worker.average == 0.0
    assert replica("worker").own(Settings(seed=2**31 - 1)).seed < 2**31


def test_a_listening_port_answers_and_a_closed_one_does_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        assert cluster.answers(host)
    assert not cluster.answers(host)


def test_silence_of_a_parameter_server_ends_the_process(monkeypatch):
    ended = threading.Event()
    lines = []
    monkeypatch.setattr(cluster, "PROBE", 0.02)
    monkeypatch.setattr(cluster, "fail", lambda line: (lines.append(line), ended.set()))
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        member = Member({"chief": ("a:1",), "worker": (), "ps": (host,)}, "chief", 0)
        with cluster.watch(member, None, 0.1):
            assert not ended.wait(0.3)
            server.close()
            assert ended.wait(20)
    assert lines[0].startswith(f"ps at {host}: found no answer for ") and "the same command goes on" in lines[0]


def test_more_patience_before_the_first_answer(monkeypatch):
    lines, started = [], time.monotonic()
    ended = threading.Event()
    monkeypatch.setattr(cluster, "PROBE", 0.02)
    monkeypatch.setattr(cluster, "fail", lambda line: (lines.append(time.monotonic() - started), ended.set()))
    member = Member({"chief": ("a:1",), "worker": (), "ps": ("127.0.0.1:1",)}, "chief", 0)
    with cluster.watch(member, None, 0.1):
        assert ended.wait(20)
    assert lines[0] >= cluster.START * 0.1


def test_who_has_heard_that_the_chief_failed_says_that_alone(monkeypatch):
    """The parameter server may end while it is told that the worker leaves, which then takes no end."""
    said, ended, hanging, there = [], threading.Event(), threading.Event(), [True]

    def leave(*_):
        there[0] = False
        hanging.wait(20)

    monkeypatch.setattr(cluster, "PROBE", 0.02)
    monkeypatch.setattr(cluster, "LINGER", 0.5)
    monkeypatch.setattr(cluster, "fail", lambda line, code=2: (said.append(code), ended.set()))
    monkeypatch.setattr(cluster, "wait_for", lambda *_: True)
    monkeypatch.setattr(cluster, "answers", lambda *_: there[0])
    monkeypatch.setattr(cluster, "leave", leave)
    member = Member({"chief": ("a:1",), "worker": ("b:2",), "ps": ("127.0.0.1:1",)}, "worker", 0)
    with cluster.watch(member, None, 0.001):  # by far shorter than what leaving takes
        assert ended.wait(20)
    hanging.set()
    assert said == [cluster.ORPHANED]


def test_each_watches_those_it_cannot_do_without():
    hosts = {"chief": ("a:1",), "worker": ("b:2",), "ps": ("d:4", "e:5")}
    found = {task: cluster.silences(Member(hosts, task, 0), 3.0) for task in cluster.JOBS}
    names = {task: [vars(one)["_host"] for one in ones] for task, ones in found.items()}
    assert names == {"chief": ["d:4", "e:5"], "worker": ["d:4", "e:5", "a:1"], "ps": ["a:1"], "evaluator": ["a:1"]}


def test_a_chief_may_be_silent_for_longer(monkeypatch):
    now, there = [100.0], [True]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(cluster, "answers", lambda host: there[0])
    server, chief = cluster.silences(Member({"chief": ("a:1",), "worker": (), "ps": ("d:4",)}, "worker", 0), 3.0)
    assert [server.look(), chief.look()] == ["", ""]
    there[0], now[0] = False, 104.0
    assert server.look().startswith("ps at d:4: found no answer for 4 s; ") and chief.look() == ""
    now[0] = 131.0
    assert chief.look() == "chief at a:1: found no answer for 31 s; once it is back, the same command goes on"
    there[0] = True
    assert [server.look(), chief.look()] == ["", ""]


@pytest.mark.parametrize("failed", [False, True])
def test_a_parameter_server_ends_when_all_have_left(monkeypatch, failed):
    """On servers of this very process; in tests/slow/test_cluster_faults.py each has its own."""
    said = []
    monkeypatch.setattr(cluster, "fail", lambda line, code=2: said.append((line.partition(",")[0], code)))
    hosts = {job: tuple(found) for job, found in local_cluster.cluster_of(2).items()}
    ps, chief, worker = (Member(hosts, task, 0) for task in ("ps", "chief", "worker"))
    servers = {member.task: member.serve(1) for member in (ps, chief, worker)}
    serving = threading.Thread(target=cluster.serve_parameters, args=(ps, servers["ps"], 60.0))
    serving.start()
    cluster.leave(chief, servers["chief"], failed=failed)
    if failed:  # as its worker hears
        assert cluster.wait_for("failed", worker, servers["worker"], threading.Event())
    assert serving.is_alive()  # it lingers for the worker
    cluster.leave(worker, servers["worker"])
    serving.join(cluster.LINGER - 5)
    assert not serving.is_alive()
    assert said == ([("the chief has failed", cluster.ORPHANED)] if failed else [])


def test_who_leaves_after_the_parameter_servers_ends_at_once(monkeypatch):
    slept = []
    monkeypatch.setattr(cluster.time, "sleep", slept.append)
    monkeypatch.setattr(cluster, "answers", lambda host: len(slept) >= 3)
    worker = Member({"chief": ("a:1",), "worker": ("b:2",), "ps": ("d:4",)}, "worker", 0)
    cluster.leave(worker, None)  # with a session it would fail, for there is no server
    assert slept == []
    assert cluster.there(("d:4",), cluster.LINGER) and slept == 3 * [cluster.PROBE]  # as a chief waits


def test_an_address_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        member = Member({"chief": (host,), "worker": (), "ps": ("127.0.0.1:1",)}, "chief", 0)
        with pytest.raises(ValueError, match=f"TF_CONFIG: found that chief 0 cannot serve at {host}"):
            member.serve()


def test_only_a_thread_that_was_cut_off_dies_in_silence(capsys):
    for error in (tf.errors.CancelledError(None, None, "closed"), ValueError("a real fault")):
        cluster.cut_off(threading.ExceptHookArgs((type(error), error, None, threading.current_thread())))
    assert "a real fault" in (said := capsys.readouterr().err) and "closed" not in said


def test_an_evaluator_tests_the_checkpoints_and_ends_with_the_last(trained, record_set, tmp_path, monkeypatch, capsys):
    run = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(run / "best")
    monkeypatch.setenv("TF_CONFIG", config("evaluator", 0, evaluator=["f:6"])["TF_CONFIG"])
    assert train.main(train_options(record_set, run)) == 0
    last = json.loads((run / "best" / "nme.json").read_text())
    assert last["step"] == STEPS
    assert f"evaluator: step {STEPS}/{STEPS}  NME box {100 * last['nme_box']:.2f} %" in capsys.readouterr().out
    assert last["nme_box"] == pytest.approx(scalars(trained, "test/nme_box")[STEPS], rel=1e-4)


def test_an_evaluator_whose_chief_is_silent_ends(record_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PROBE", 0.02)
    closed = {"chief": ["127.0.0.1:1"], "evaluator": ["127.0.0.1:2"]}
    monkeypatch.setenv("TF_CONFIG", config("evaluator", 0, **closed)["TF_CONFIG"])
    assert train.main(train_options(record_set, tmp_path / "run", "--wait", "0.02")) == 2
    assert capsys.readouterr().err.startswith("train: chief at 127.0.0.1:1: found no answer for ")


def test_options_that_do_not_go_with_a_cluster_are_refused(record_set, tmp_path, monkeypatch, capsys):
    for argv, message in (
        (["--local-cluster", "-1"], "--local-cluster: found -1"),
        (["--wait", "0"], "--wait: found 0.0"),
        (["--local-cluster", "2", "--sweep", "plan.json"], "--sweep: found it with --local-cluster"),
        (["--local-cluster", "3", "--batch", "64"], "--batch: found 64 faces for 3 workers, expected a multiple of 3"),
    ):
        with pytest.raises(SystemExit) as caught:
            train.main(argv)
        assert caught.value.code == 2 and message in capsys.readouterr().err
    monkeypatch.setenv("TF_CONFIG", config("chief", 0, evaluator=["f:6"])["TF_CONFIG"])
    for waiting in (("--stop-after", "2"), ("--schedule", "plateau")):
        assert train.main(train_options(record_set, tmp_path / "run", "--batch", "3", *waiting)) == 2
        assert "expected a cluster whose chief tests, without an evaluator" in capsys.readouterr().err
