"""The program as a whole: it trains, stops, goes on to the same weights, and says in one line why it cannot."""

import json
import os
import shutil
import signal
import sys
import threading

import numpy as np
import pytest

from net import train
from net.cluster import local
from net.data.record_set import RecordSet
from net.landmarks import evaluation
from net.model.shape import Shape
from net.run.folder import RunFolder
from net.run.reporter import Reporter
from net.training import process
from records.processor import Processor
from records.runtime import tf
from records.split import Split
from tests.conftest import STEPS, TEST_FRACTION, train_options
from tests.helpers.events import (
    assert_same_weights,
    events,
    graph_in,
    hparams_in,
    hyper_parameters_in,
    scalars,
    weights_of,
)
from tests.helpers.interrupted import interrupted
from tests.helpers.precisions import COARSEST, trains_in_bfloat16
from tests.helpers.records import damaged_copy


def refused(capsys, *argv) -> str:
    capsys.readouterr()
    assert train.main([str(arg) for arg in argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("train: ")
    return lines[0]


def test_ctrl_c_saves_and_the_same_command_ends_with_the_weights_of_an_unbroken_run(
    trained, record_set, tmp_path, capsys
):
    stopped, handler = tmp_path / "run", signal.getsignal(signal.SIGINT)
    assert interrupted(train.main, train_options(record_set, stopped), at=17) == 130
    assert "stopped at step 17;" in capsys.readouterr().out
    run = stopped.rename(stopped.with_name("moved"))  # a run can be moved
    assert signal.getsignal(signal.SIGINT) is handler
    assert weights_of(run)["global_step"] == 17
    # TensorBoard keeps the first end that it reads: a run that goes on would stay what it was when it stopped
    assert [data.WhichOneof("data") for data in hparams_in(run)] == ["session_start_info"]
    assert train.main(train_options(record_set, run)) == 0
    assert f"step {STEPS}/{STEPS}" in capsys.readouterr().out
    assert hparams_in(run)[-1].WhichOneof("data") == "session_end_info"
    assert_same_weights(run, trained)
    assert len(list(run.glob("model.ckpt-*.index"))) <= 2 and len(list(run.glob("best/*.index"))) == 1


def test_what_a_run_leaves(trained, record_set):
    kinds = {value.tag: value.WhichOneof("value") for _, value in events(trained)}
    for tag in ("loss", "loss_points", "loss_decay", "rate", "faces_per_second", "test/nme", "test/nme_box/tiny/AFW"):
        assert kinds[tag] == "simple_value"
    assert (kinds["test/face0"], kinds["senet/stem/conv/weights"]) == ("image", "histo")
    names = graph_in(trained)
    assert "landmarks" in names and any(name.startswith("evaluation/") for name in names)
    best, errors = RunFolder(trained).best(), scalars(trained, "test/nme_box")
    assert sorted(errors) == [12, 24, 36, STEPS] and errors[STEPS] < 0.8 * errors[12]  # it learns
    assert best.step == min(errors, key=errors.get) == weights_of(trained / "best")["global_step"]
    assert best.measures["nme_box"] == pytest.approx(min(errors.values()), rel=1e-5)
    assert best.measures["nme"] == pytest.approx(scalars(trained, "test/nme")[best.step], rel=1e-5)
    settings = RunFolder(trained).settings()
    assert (settings.network, settings.split) == (Shape(68, width=8, decoder=8), Split(TEST_FRACTION))
    assert (settings.records.margin, settings.records.scheme) == (0.15, "ibug68")
    kept, listed = settings.options, hyper_parameters_in(trained)
    assert (kept["loss"], kept["batch"], kept["records"]) == ("wing", 4, str(record_set))
    assert (listed["rate"], listed["steps"], listed["width"]) == (0.005, STEPS, 8)
    assert set(listed) == set(kept) | {"steps"}


ALL = "--block inverted --widest 16 --optimizer sgd --schedule cosine --warmup 2"
ALL += f" --average 0.9 --heat 0.1 --pose 0.5 --precision {COARSEST} --loss smooth_l1 --rate 0.0001 --mix tiny/AFW=3"
ALL += " --fold 0/3 --jpeg 0.5 --eval-every 3 --steps 6"


@pytest.fixture(scope="module")
def with_all(record_set, tmp_path_factory):
    """A run with every option that is off by default, never interrupted; not to be changed."""
    run = tmp_path_factory.mktemp("all") / "run"
    assert train.main(train_options(record_set, run, *ALL.split())) == 0
    return run


def test_how_often_it_reports_changes_no_weight(trained, record_set, tmp_path, capsys):
    assert train.main(train_options(record_set, tmp_path / "run", "--report-every", "1000")) == 0
    lines = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    assert f"1/{STEPS}" not in lines or len(lines) < STEPS / 2
    assert_same_weights(tmp_path / "run", trained)


@trains_in_bfloat16
def test_a_run_keeps_the_precision_that_it_took_on_another_machine_too(record_set, tmp_path, monkeypatch, capsys):
    def trained_to(steps: int, *flags: str, asked: str = "auto") -> int:
        monkeypatch.setattr("net.training.opening.this_processor", lambda: Processor(frozenset(flags)))
        argv = train_options(record_set, tmp_path / "run", "--steps", str(steps), "--eval-every", "9")
        return train.main([*argv, "--precision", asked])

    assert trained_to(1, "avx2", "avx512_bf16") == 0
    assert RunFolder(tmp_path / "run").settings().options["precision"] == "bfloat16"
    assert trained_to(2, "avx2") == 0 and "warning: " in capsys.readouterr().out
    assert weights_of(tmp_path / "run")["global_step"] == 2
    assert trained_to(3, "avx2", asked="float32") == 2
    assert "precision: bfloat16 before, float32 now" in capsys.readouterr().err


def test_every_option_trains_and_shows_in_tensorboard(with_all):
    loss = scalars(with_all, "loss")
    parts = [scalars(with_all, f"loss_{name}") for name in ("points", "heat", "pose", "decay")]
    assert all(loss[step] == pytest.approx(sum(part[step] for part in parts), rel=1e-5) for step in range(1, 7))
    assert all(part[step] > 0 for part in parts for step in range(1, 7))
    kept = RunFolder(with_all).settings().options
    assert (kept["mix"], kept["fold"], kept["jpeg"], kept["steps"]) == ({"tiny/AFW": 3.0}, "0/3", 0.5, 6)
    assert not any("Average" in name or "Momentum" in name for name in weights_of(with_all / "best"))


def test_a_run_with_every_option_goes_on_as_an_unbroken_one(with_all, record_set, tmp_path):
    run = tmp_path / "run"
    assert interrupted(train.main, train_options(record_set, run, *ALL.split()), at=4) == 130
    assert weights_of(run)["global_step"] == 4
    assert train.main(train_options(record_set, run, *ALL.split())) == 0
    assert_same_weights(run, with_all)


def test_all_runs_but_a_cosine_can_be_prolonged_and_any_be_overwritten(trained, with_all, record_set, tmp_path, capsys):
    line = refused(capsys, *train_options(record_set, with_all, *ALL.split(), "--steps", "8"))
    assert "steps: 6 before, 8 now" in line
    run = shutil.copytree(trained, tmp_path / "run")
    assert train.main(train_options(record_set, run, "--steps", str(STEPS + 2))) == 0
    assert weights_of(run)["global_step"] == STEPS + 2
    assert sorted(scalars(run, "loss")) == list(range(1, STEPS + 3))
    assert train.main(train_options(record_set, run, "--seed", "9", "--steps", "2", "--overwrite")) == 0
    assert sorted(scalars(run, "loss")) == [1, 2] and RunFolder(run).settings().options["seed"] == 9


PLATEAU = "--optimizer sgd --schedule plateau --rate 0.01 --decay-factor 0.5 --patience 2 --steps 9"
PLATEAU += " --eval-every 1 --save-every 1"
ERRORS = [0.5, 0.3, 0.4, 0.4, 0.2, 0.25, 0.21, 0.2, 0.3]  # of the tests after steps 1 to 9
RATES = [0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.005, 0.0025, 0.0025]  # of these steps


def errors_found(patch, killed_at: int = 0):
    """Training whose tests find ERRORS, and which is killed between a step's checkpoint and its test."""
    evaluate = Reporter.evaluate

    def found(self, session, tested, step):
        if step == killed_at:
            raise Killed
        errors = {"nme": ERRORS[step - 1], "nme_box": ERRORS[step - 1]}
        patch.setattr(evaluation, "nme_table", lambda *args: errors)
        return evaluate(self, session, tested, step)

    patch.setattr(Reporter, "evaluate", found)


class Killed(Exception):
    """Ends a run at once: nothing is saved any more."""


def test_the_rate_falls_at_a_plateau_and_a_killed_run_knows_of_it(record_set, tmp_path):
    run, argv = tmp_path / "run", train_options(record_set, tmp_path / "run", *PLATEAU.split())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        errors_found(patch, killed_at=4)
        train.main(argv)
    assert weights_of(run)["global_step"] == 4
    with pytest.MonkeyPatch.context() as patch:
        errors_found(patch)
        assert train.main(argv) == 0
    found = scalars(run, "rate")
    np.testing.assert_allclose([found[step] for step in range(1, 10)], RATES, rtol=1e-6)
    assert RunFolder(run).best().step == 5


def test_a_run_ends_when_nothing_improves_and_stays_ended(record_set, tmp_path, monkeypatch, capsys):
    errors_found(monkeypatch)
    others = [*PLATEAU.split(), "--schedule", "exponential", "--stop-after", "3"]
    for _ in range(2):
        assert train.main(train_options(record_set, tmp_path / "run", *others)) == 0
        assert "no lower test NME since step 5: ended at step 8" in capsys.readouterr().out
        assert weights_of(tmp_path / "run")["global_step"] == 8
    assert sorted(scalars(tmp_path / "run", "loss")) == list(range(1, 9))


def test_what_the_records_cannot_serve_is_refused_before_anything_is_made(record_set, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    line = refused(capsys, *train_options(record_set, run, "--mix", "300W/*=2"))
    assert "mix: found '300W/*'" in line
    assert "absent: found no manifest.json" in refused(capsys, *train_options(tmp_path / "absent", run))
    count = RecordSet.count
    monkeypatch.setattr(RecordSet, "count", lambda self, split, *others: 0 if split == "test" else count(self, split))
    for waiting in (("--stop-after", "2"), ("--schedule", "plateau")):
        assert "set: found no test records" in refused(capsys, *train_options(record_set, run, *waiting))
    assert os.listdir(tmp_path) == []


def test_a_finished_run_is_left_alone(trained, record_set, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
    assert train.main(train_options(record_set, trained)) == 0
    assert f"whole: at step {STEPS} already" in capsys.readouterr().out
    line = refused(capsys, *train_options(record_set, trained, "--rate", "0.5", "--width", "16"))
    assert "whole: found a run with other settings (" in line and "--overwrite" in line
    assert "rate: 0.005 before, 0.5 now" in line and "width: 8 before, 16 now" in line
    with RunFolder(trained).sole_trainer():
        line = refused(capsys, *train_options(record_set, trained, "--overwrite"))
    assert "whole: found another training under way there" in line
    assert {path.name: path.stat().st_mtime_ns for path in trained.iterdir()} == before


def test_a_flipped_bit_in_the_records_is_an_error(record_set, tmp_path, capsys):
    copy = damaged_copy(record_set, tmp_path / "copy")
    assert train.main(train_options(copy, tmp_path / "run", "--steps", "30")) == 2
    assert "train: " in (message := capsys.readouterr().err) and "corrupted record" in message


def test_a_local_cluster_has_members_without_that_option(record_set, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(local, "run", lambda *args: called.append(args) or 0)
    argv = train_options(record_set, tmp_path / "run")
    for own in (["--local-cluster", "2"], ["--local-cluster=2"]):
        assert train.main([*own, *argv]) == 0
        command, workers, folder = called.pop()
        assert (command, workers) == ([sys.executable, train.__file__, *argv], 2) and folder.path == tmp_path / "run"


def cluster(monkeypatch, task: str, index: int, **jobs) -> None:
    """Makes this process a member of a cluster; its chief and evaluator take no connections."""
    hosts = {"chief": ["127.0.0.1:1"], "worker": ["b:2", "c:3"], "ps": ["d:4"], **jobs}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": hosts, "task": {"type": task, "index": index}}))


EVALUATOR = {"evaluator": ["127.0.0.1:2"]}


def test_what_does_not_go_with_a_cluster_is_refused(record_set, tmp_path, monkeypatch, capsys):
    argv = train_options(record_set, tmp_path / "run")
    cluster(monkeypatch, "worker", 5)
    assert "TF_CONFIG: found worker 5" in refused(capsys, *argv)
    cluster(monkeypatch, "worker", 1)
    monkeypatch.setattr(local, "run", lambda *args: pytest.fail("a cluster in a cluster"))
    for more in ((), ("--local-cluster", "2")):  # a member starts none of its own
        assert "batch: found 4 faces for 3 workers" in refused(capsys, *argv, *more)
    cluster(monkeypatch, "chief", 0, **EVALUATOR)
    for waiting in (("--stop-after", "2"), ("--schedule", "plateau")):
        line = refused(capsys, *argv, "--batch", "3", *waiting)
        assert "expected a cluster whose chief tests, without an evaluator" in line
    assert os.listdir(tmp_path) == []


def test_an_evaluator_tests_the_checkpoints_until_the_last(trained, record_set, tmp_path, monkeypatch, capsys):
    run = RunFolder(shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("best")))
    cluster(monkeypatch, "evaluator", 0, **EVALUATOR)
    assert train.main(train_options(record_set, run.path)) == 0
    last = run.best()
    error = last.measures["nme_box"]
    assert f"evaluator: step {STEPS}/{STEPS}  NME box {100 * error:.2f} %" in capsys.readouterr().out
    assert error == pytest.approx(scalars(trained, "test/nme_box")[last.step], rel=1e-4) and last.step == STEPS
    monkeypatch.setattr("net.cluster.probe.PROBE", 0.02)  # of a run without a checkpoint, whose chief is silent
    line = refused(capsys, *train_options(record_set, tmp_path / "none", "--wait", "0.02"))
    assert line.startswith("train: chief at 127.0.0.1:1: found no answer for ")


def test_a_process_of_a_cluster_ends_with_one_line(monkeypatch, capsys):
    codes, hook = [], threading.excepthook
    monkeypatch.setattr(os, "_exit", codes.append)
    process.end_process("train", "ps at d:4: gone", 3)
    assert codes == [3] and capsys.readouterr().err == "train: ps at d:4: gone\n"
    with process.quiet_threads():  # only one that was cut off dies in silence
        for error in (tf.errors.CancelledError(None, None, "closed"), ValueError("a real fault")):
            threading.excepthook(threading.ExceptHookArgs((type(error), error, None, threading.current_thread())))
    assert "a real fault" in (said := capsys.readouterr().err) and "closed" not in said
    assert threading.excepthook is hook
