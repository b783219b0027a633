import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from net import options, train
from net.data.augment import NO_AUGMENTATION, Ranges
from net.data.record_set import RecordSet
from net.model.shape import Shape
from net.run import reporter as reports
from net.run.reporter import Reporter
from net.training.step import Settings
from records.mixes import mix_of
from tests.conftest import ROOT, STEPS, train_options
from tests.net.run.test_reporter import events, hyper_parameters_in

v1 = tf.compat.v1


def weights_of(run: Path) -> dict[str, np.ndarray]:
    """All variables of a run's last checkpoint, Adam's among them."""
    checkpoint = tf.train.latest_checkpoint(str(run))
    return {name: tf.train.load_variable(checkpoint, name) for name, _ in tf.train.list_variables(checkpoint)}


def refused(capsys, *argv) -> str:
    assert train.main([str(arg) for arg in argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("train: ")
    return lines[0]


def scalars(run: Path, tag: str) -> dict[int, float]:
    return {step: value.simple_value for step, value in events(run) if value.tag == tag}


def interrupted(record_set, run: Path, *others: str, at: int = 17) -> int:
    """Trains until Ctrl-C stops it at a step inside an epoch; returns the exit code."""
    line = Reporter.line

    def stop(self, step, found):
        line(self, step, found)
        if step == at:
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "line", stop)
        return train.main(train_options(record_set, run, *others))


def assert_same_weights(found: Path, expected: Path):
    """Of the last checkpoints: all that is in them."""
    found, expected = weights_of(found), weights_of(expected)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, err_msg=name)


def test_ctrl_c_saves_and_the_same_command_ends_with_the_weights_of_an_unbroken_run(
    trained, record_set, tmp_path, capsys
):
    stopped, handler = tmp_path / "run", signal.getsignal(signal.SIGINT)
    assert interrupted(record_set, stopped) == 130
    assert "stopped at step 17; the same command goes on from there" in capsys.readouterr().out
    run = stopped.rename(stopped.with_name("moved"))  # a run can be moved
    assert signal.getsignal(signal.SIGINT) is handler
    assert weights_of(run)["global_step"] == 17
    assert 17 * 4 % RecordSet(record_set).count("train")  # inside an epoch
    assert train.main(train_options(record_set, run)) == 0
    assert f"step {STEPS}/{STEPS}" in capsys.readouterr().out
    assert_same_weights(run, trained)
    assert len(list(run.glob("model.ckpt-*.index"))) <= 2 and len(list(run.glob("best/*.index"))) == 1


def test_the_loss_falls(record_set, tmp_path):
    options = ["--no-augment", "--dropout", "0", "--rate", "0.01", "--steps", "60", "--eval-every", "60"]
    assert train.main(train_options(record_set, tmp_path / "run", *options)) == 0
    losses = scalars(tmp_path / "run", "loss_points")
    assert sorted(losses) == list(range(1, 61))
    assert np.mean([losses[step] for step in range(56, 61)]) < 0.5 * losses[1]


def test_tensorboard_has_all_parts(trained):
    written = events(trained)
    kinds = {value.tag: value.WhichOneof("value") for _, value in written}
    for tag in ("loss", "loss_points", "loss_decay", "rate", "faces_per_second", "test/nme", "test/nme_box/tiny/AFW"):
        assert kinds[tag] == "simple_value"
    assert kinds["test/face0"] == "image"
    assert kinds["senet/stem/conv/weights"] == "histo"
    assert sorted(scalars(trained, "test/nme")) == [12, 24, 36, STEPS]
    loss, parts = scalars(trained, "loss"), (scalars(trained, "loss_points"), scalars(trained, "loss_decay"))
    assert all(loss[step] == pytest.approx(parts[0][step] + parts[1][step], rel=1e-5) for step in loss)
    files = sorted(trained.glob("events.out.tfevents.*"))
    graphs = [event.graph_def for path in files for event in v1.train.summary_iterator(str(path)) if event.graph_def]
    names = {node.name for node in v1.GraphDef.FromString(graphs[0]).node}
    assert "landmarks" in names and any(name.startswith("evaluation/") for name in names)


def test_the_best_checkpoint_is_that_of_the_least_error(trained):
    best = json.loads((trained / "best" / "nme.json").read_text())
    errors = scalars(trained, "test/nme_box")
    assert best["step"] == min(errors, key=errors.get)
    assert best["nme_box"] == pytest.approx(min(errors.values()), rel=1e-5)
    assert best["nme"] == pytest.approx(scalars(trained, "test/nme")[best["step"]], rel=1e-5)
    assert weights_of(trained / "best")["global_step"] == best["step"]


def test_settings_are_kept(trained, record_set):
    settings = json.loads((trained / "settings.json").read_text())
    assert settings["network"] == {
        "points": 68,
        "block": "residual",
        "width": 8,
        "widest": 256,
        "depth": 1,
        "head": "integral",
        "decoder": 8,
        "size": 128,
    }
    options = settings["options"]
    assert (options["loss"], options["rate"], options["batch"], options["seed"]) == ("wing", 0.005, 4, 2)
    assert (options["records"], options["turn"]) == (str(record_set), Ranges().turn)
    assert settings["records"]["margin"] == 0.15 and settings["records"]["scheme"] == "ibug68"
    assert not {"steps", "run", "threads", "stop_after", *train.LATER} & set(options)


def test_hyper_parameters_are_in_the_event_file(trained, record_set):
    found = hyper_parameters_in(trained)
    assert (found["loss"], found["rate"], found["batch"], found["steps"]) == ("wing", 0.005, 4, STEPS)
    assert (found["head"], found["width"], found["turn"]) == ("integral", 8, Ranges().turn)
    of_the_data = {"records", "init", "mix", "fold", "validation", "points_subset", "no_augment"}
    of_kinds = {name for kind in (Shape, Settings, Ranges) for name in options.names_of(kind)}
    assert set(found) == {"batch", "steps", *of_the_data, *of_kinds}
    assert (found["records"], found["mix"], found["fold"], found["validation"]) == (str(record_set), "", "", 0)


ALL = "--block inverted --widest 16 --optimizer sgd --schedule cosine --warmup 2"
ALL += " --average 0.9 --heat 0.1 --pose 0.5 --precision bfloat16 --loss smooth_l1 --rate 0.0001 --mix tiny/AFW=3"
ALL += " --fold 0/3 --jpeg 0.5 --eval-every 3 --steps 6"


@pytest.fixture(scope="module")
def with_all(record_set, tmp_path_factory):
    """A run with every option that is off by default, never interrupted; not to be changed."""
    run = tmp_path_factory.mktemp("all") / "run"
    assert train.main(train_options(record_set, run, *ALL.split())) == 0
    return run


def test_every_option_trains_and_shows_in_tensorboard(with_all, record_set):
    loss = scalars(with_all, "loss")
    parts = [scalars(with_all, f"loss_{name}") for name in ("points", "heat", "pose", "decay")]
    assert all(loss[step] == pytest.approx(sum(part[step] for part in parts), rel=1e-5) for step in range(1, 7))
    assert all(part[step] > 0 for part in parts for step in range(1, 7))
    cosine = 0.00005 * (1 + np.cos(np.pi * np.arange(6) / 6)) * [0.5, 1, 1, 1, 1, 1]
    np.testing.assert_allclose([scalars(with_all, "rate")[step] for step in range(1, 7)], cosine, rtol=1e-5)
    kept = json.loads((with_all / "settings.json").read_text())["options"]
    assert (kept["mix"], kept["fold"], kept["jpeg"], kept["steps"]) == ({"tiny/AFW": 3.0}, "0/3", 0.5, 6)
    found = hyper_parameters_in(with_all)
    assert (found["optimizer"], found["schedule"], found["average"], found["widest"]) == ("sgd", "cosine", 0.9, 16)
    assert (found["mix"], found["fold"]) == ("tiny/AFW=3", "0/3")
    held = weights_of(with_all)
    assert {value.dtype for name, value in held.items() if name.startswith("senet/")} == {np.dtype(np.float32)}
    assert "senet/pose/weights" in held and "senet/stem/conv/weights/ExponentialMovingAverage" in held
    assert not any("Average" in name or "Momentum" in name for name in weights_of(with_all / "best"))


def test_a_run_with_every_option_goes_on_as_an_unbroken_one(with_all, record_set, tmp_path):
    run = tmp_path / "run"
    assert interrupted(record_set, run, *ALL.split(), at=4) == 130
    assert weights_of(run)["global_step"] == 4
    assert train.main(train_options(record_set, run, *ALL.split())) == 0
    assert_same_weights(run, with_all)


def test_a_cosine_cannot_be_prolonged(with_all, record_set, capsys):
    line = refused(capsys, *train_options(record_set, with_all, *ALL.split(), "--steps", "8"))
    assert "steps: 6 before, 8 now" in line


def test_other_runs_can_be_prolonged(trained, record_set, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    assert train.main(train_options(record_set, run, "--steps", str(STEPS + 2))) == 0
    assert weights_of(run)["global_step"] == STEPS + 2
    assert sorted(scalars(run, "loss")) == list(range(1, STEPS + 3))


PLATEAU = "--optimizer sgd --schedule plateau --rate 0.01 --decay-factor 0.5 --patience 2 --steps 9"
PLATEAU += " --eval-every 1 --save-every 1"
ERRORS = [0.5, 0.3, 0.4, 0.4, 0.2, 0.25, 0.21, 0.2, 0.3]  # of the tests after steps 1 to 9
RATES = [0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.005, 0.0025, 0.0025]  # of these steps


def errors_found(patch, killed_at: int = 0):
    """Training whose tests find ERRORS, and which is killed between a step's checkpoint and its test."""
    evaluate = Reporter.evaluate

    def found(self, session, model, step):
        if step == killed_at:
            raise Killed
        errors = {"nme": ERRORS[step - 1], "nme_box": ERRORS[step - 1]}
        patch.setattr(reports, "nme_table", lambda *args: errors)
        return evaluate(self, session, model, step)

    patch.setattr(Reporter, "evaluate", found)


class Killed(Exception):
    """Ends a run at once: nothing is saved any more."""


def test_the_rate_falls_at_a_plateau_and_a_killed_run_knows_of_it(record_set, tmp_path):
    for run, deaths in (("whole", ()), ("killed", (4,))):
        options = train_options(record_set, tmp_path / run, *PLATEAU.split())
        for death in deaths:
            with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
                errors_found(patch, death)
                train.main(options)
            assert weights_of(tmp_path / run)["global_step"] == death
        with pytest.MonkeyPatch.context() as patch:
            errors_found(patch)
            assert train.main(options) == 0
        found = scalars(tmp_path / run, "rate")
        np.testing.assert_allclose([found[step] for step in range(1, 10)], RATES, rtol=1e-6)
    assert_same_weights(tmp_path / "killed", tmp_path / "whole")
    assert json.loads((tmp_path / "killed" / "best" / "nme.json").read_text())["step"] == 5


def test_a_run_ends_when_nothing_improves_and_stays_ended(record_set, tmp_path, monkeypatch, capsys):
    errors_found(monkeypatch)
    options = train_options(
        record_set, tmp_path / "run", *PLATEAU.split(), "--schedule", "exponential", "--stop-after", "3"
    )
    for _ in range(2):
        assert train.main(options) == 0
        assert "no lower test NME since step 5: ended at step 8" in capsys.readouterr().out
        assert weights_of(tmp_path / "run")["global_step"] == 8
    assert sorted(scalars(tmp_path / "run", "loss")) == list(range(1, 9))


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_run(loss):
    with pytest.raises(ValueError, match=f"loss: found {loss} at step 7, expected a number; a lower --rate may help"):
        train.check_loss(np.float32(loss), 7)
    train.check_loss(np.float32(1e30), 7)


def test_without_test_records_nothing_can_wait_for_their_errors(record_set, tmp_path, capsys, monkeypatch):
    count = RecordSet.count
    monkeypatch.setattr(RecordSet, "count", lambda self, split, *others: 0 if split == "test" else count(self, split))
    for waiting in (("--stop-after", "2"), ("--schedule", "plateau")):
        line = refused(capsys, *train_options(record_set, tmp_path / "run", *waiting))
        assert "set: found no test records, which --stop-after and --schedule plateau need" in line
    assert os.listdir(tmp_path) == []


def test_a_mix_that_fits_nothing_is_refused_before_anything_is_made(record_set, tmp_path, capsys):
    line = refused(capsys, *train_options(record_set, tmp_path / "run", "--mix", "300W/*=2"))
    assert "mix: found '300W/*', expected a subset of" in line and "tiny/AFW, tiny/HELEN" in line
    assert os.listdir(tmp_path) == []


def test_a_finished_run_has_nothing_to_do(trained, record_set, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
    assert train.main(train_options(record_set, trained)) == 0
    assert f"whole: at step {STEPS} already, --steps is {STEPS}: nothing to do" in capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in trained.iterdir()} == before


def test_other_settings_are_refused_with_the_difference(trained, record_set, capsys):
    before = (trained / "settings.json").read_bytes()
    line = refused(capsys, *train_options(record_set, trained, "--rate", "0.5", "--width", "16"))
    assert "whole: holds a run with other settings (" in line
    assert "rate: 0.005 before, 0.5 now" in line and "width: 8 before, 16 now" in line
    assert "--overwrite" in line
    assert (trained / "settings.json").read_bytes() == before


def test_one_process_at_a_time_trains_into_a_run(trained, record_set, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir()}
    command = [sys.executable, str(ROOT / "net/train.py"), *train_options(record_set, trained, "--overwrite")]
    with train.sole_trainer(trained):
        other = subprocess.run(command, capture_output=True, text=True)
    assert other.returncode == 2
    line = other.stderr.splitlines()[-1]
    assert line.endswith("whole: found another training under way there; expected none, or another --run")
    assert {path.name: path.stat().st_mtime_ns for path in trained.iterdir()} == before
    with train.sole_trainer(trained):  # the first has ended
        pass


def test_where_folders_cannot_be_locked_the_run_is_made_all_the_same(tmp_path, monkeypatch):
    def without_locks(folder, wanted):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(train.fcntl, "flock", without_locks)
    with train.sole_trainer(tmp_path / "share"):
        assert (tmp_path / "share").is_dir()
    monkeypatch.setattr(train, "fcntl", None)
    with train.sole_trainer(tmp_path / "windows"):
        assert (tmp_path / "windows").is_dir()


def test_overwrite_starts_anew(trained, record_set, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "notes.txt").write_text("mine")
    options = train_options(record_set, run, "--seed", "9", "--steps", "2", "--overwrite")
    assert train.main(options) == 0
    assert weights_of(run)["global_step"] == 2
    assert json.loads((run / "settings.json").read_text())["options"]["seed"] == 9
    assert sorted(scalars(run, "loss")) == [1, 2]
    assert (run / "notes.txt").read_text() == "mine"


def test_overwrite_starts_anew_with_the_same_settings_too(trained, record_set, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    assert train.main(train_options(record_set, run, "--steps", "1", "--overwrite")) == 0
    assert weights_of(run)["global_step"] == 1


def test_a_run_killed_before_its_settings_were_written_starts(record_set, tmp_path):
    (tmp_path / ".part-0.json").write_text("{")
    assert train.main(train_options(record_set, tmp_path, "--steps", "1")) == 0
    assert weights_of(tmp_path)["global_step"] == 1


def test_a_folder_that_is_no_run_is_refused_and_left_alone(record_set, tmp_path, capsys):
    (tmp_path / "photo.jpg").write_text("mine")
    for more in ((), ("--overwrite",)):
        line = refused(capsys, *train_options(record_set, tmp_path, *more))
        assert "found a folder without settings.json, expected a run's or none" in line
    assert os.listdir(tmp_path) == ["photo.jpg"]


def test_missing_and_damaged_records_are_one_line(record_set, tmp_path, capsys):
    line = refused(capsys, *train_options(tmp_path / "absent", tmp_path / "run"))
    assert "absent: found no manifest.json, expected a set made by tools/make_records.py" in line
    copy = shutil.copytree(record_set, tmp_path / "copy")
    next(copy.glob("train-00000*")).unlink()
    assert "train-00000-of-" in refused(capsys, *train_options(copy, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_flipped_bit_in_the_records_is_one_line(record_set, tmp_path, capsys):
    copy = shutil.copytree(record_set, tmp_path / "copy")
    for shard in copy.glob("train-*"):
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 4
        shard.write_bytes(data)
    capsys.readouterr()
    assert train.main(train_options(copy, tmp_path / "run", "--steps", "30")) == 2
    message = capsys.readouterr().err
    assert message.startswith("train: ") and "corrupted record" in message


def test_a_recipe_sets_defaults_and_options_win(tmp_path):
    path = tmp_path / "mine.json"
    recipe = {"loss": "wing", "batch": 7, "turn": 3.5, "head": "dense", "mix": "a/*=2", "no_augment": True}
    path.write_text(json.dumps(recipe))
    args = train.parse_args(["--recipe", str(path), "--batch", "9"])
    assert (args.loss, args.batch, args.turn, args.head) == ("wing", 9, 3.5, "dense")
    assert args.mix == {"a/*": 2.0} and train.ranges_of(args) == NO_AUGMENTATION
    path.write_text(json.dumps({**recipe, "no_augment": False}))
    args = train.parse_args(["--recipe", str(path)])
    assert train.ranges_of(args).turn == 3.5
    committed = train.parse_args(["--recipe", "real"])
    for key, value in json.loads((train.RECIPES / "real.json").read_text()).items():
        assert getattr(committed, key) == (mix_of(value) if key == "mix" else value), key
    assert "real" in train.recipes()


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"speed": 3}', "found speed, expected names of options"),
        ('["batch"]', "found a list, expected names of options and their values"),
        ("{", "--recipe"),
        ('{"loss": "huber"}', "loss: found 'huber', expected one of l2, wing"),
        ('{"head": "conv"}', "head: found 'conv'"),
        ('{"batch": 0}', "--batch: found 0, expected at least 1"),
        ('{"batch": 1.5}', "argument --batch: invalid int value: '1.5'"),
        ('{"batch": null}', "argument --batch: invalid int value: 'None'"),
        ('{"mix": {"a": 2}}', "expected NAME=WEIGHT"),
        ('{"sweep": "plan.json", "run": "x"}', "found run, sweep, expected it on the command line"),
        ('{"local_cluster": 2}', "found local_cluster, expected it on the command line"),
        ('{"records": "gs://b/r"}', "argument --records: found the URL gs://b/r"),
    ],
)
def test_bad_recipes_are_usage_errors(tmp_path, capsys, text, message):
    path = tmp_path / "mine.json"
    path.write_text(text)
    usage_error(capsys, message, "--recipe", str(path))


def test_an_unknown_recipe_is_a_usage_error(capsys):
    expected = f"--recipe: found no fastest, expected one of {', '.join(train.recipes())}, or a JSON file"
    usage_error(capsys, expected, "--recipe", "fastest")
    usage_error(capsys, "--recipe: found no gone.json, expected one of", "--recipe", "gone.json")


def usage_error(capsys, message, *argv):
    with pytest.raises(SystemExit) as caught:
        train.main(list(argv))
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["--local", "--local-cluste", "--swe", "--record"])
def test_options_go_by_their_whole_names(capsys, name):  # a cut one would stay in the command of a cluster's members
    usage_error(capsys, f"unrecognized arguments: {name}", name, "2")


@pytest.mark.parametrize("name", ["records", "run"])
def test_a_url_is_no_folder(capsys, name):
    expected = f"argument --{name}: found the URL gs://b/r, expected a folder: copy it to a disk of all machines\n"
    usage_error(capsys, expected, f"--{name}", "gs://b/r")


@pytest.mark.parametrize(
    "argv, message",
    [
        (("--steps", "0"), "--steps: found 0, expected at least 1"),
        (("--batch", "-3"), "--batch: found -3, expected at least 1"),
        (("--report-every", "0"), "--report-every: found 0"),
        (("--decay-steps", "0"), "decay_steps"),
        (("--dropout", "1"), "dropout"),
        (("--dropout", "nan"), "dropout"),
        (("--rate", "0"), "rate"),
        (("--decay-factor", "1.5"), "decay_factor"),
        (("--weight-decay", "-1"), "weight_decay"),
        (("--width", "12"), "widths divisible by 8"),
        (("--head", "blend"), "--head"),
        (("--block", "dense"), "--block"),
        (("--optimizer", "adagrad"), "--optimizer"),
        (("--schedule", "linear"), "--schedule"),
        (("--precision", "half"), "--precision"),
        (("--patience", "0"), "patience: found 0, expected 1 or more"),
        (("--average", "1"), "average: found 1.0, expected 0 or more, under 1"),
        (("--heat", "-1"), "heat: found -1.0"),
        (("--heat", "1", "--head", "dense"), "head 'dense', which has no heat maps"),
        (("--stop-after", "-1"), "--stop-after: found -1, expected 0 or more"),
        (("--fold", "3/3"), "fold: found 3/3"),
        (("--fold", "1"), "fold: found '1', expected i/k"),
        (("--mix", "AFW"), "argument --mix: found 'AFW', expected NAME=WEIGHT"),
        (("--mix", "AFW=-1"), "found 'AFW=-1', expected NAME=WEIGHT with a weight of 0 or more"),
        (("--mix", "AFW=nan"), "found 'AFW=nan'"),
        (("--mix", "=2"), "found '=2'"),
        (("--mix", "AFW=2,"), "found ''"),
        (("--turn", "-5"), "augmentation: found"),
        (("--flip", "nan"), "augmentation: found"),
        (("--seed", "-1"), "seed"),
        (("--head", "conv"), "--head"),
        (("--loss", "huber"), "--loss"),
        (("--width", "eight"), "--width"),
        (("--speed", "3"), "--speed"),
    ],
)
def test_options_out_of_range_are_usage_errors(capsys, argv, message):
    usage_error(capsys, message, *argv)


def test_defaults_are_those_of_the_dataclasses_and_the_repository():
    args = train.parse_args([])
    root = Path(train.__file__).resolve().parents[1]
    assert (args.records, args.run) == (root / "data" / "records", root / "runs" / "latest")
    assert train.ranges_of(args) == Ranges()
    assert options.from_options(args, Settings) == Settings()
    assert options.from_options(args, Shape, points=5) == Shape(points=5)
    assert train.ranges_of(train.parse_args(["--no-augment"])) == NO_AUGMENTATION
    assert (args.rate, args.decay_factor, args.decay_steps, args.loss) == (0.001, 0.98, 1000, "l2")


def test_differences_are_told_in_words():
    before = {"options": {"a": 1, "b": 2}, "network": {"w": 8}}
    after = {"options": {"a": 1, "c": 3}, "network": {"w": 16}}
    assert train.difference(before, after) == "b: 2 before, None now; c: None before, 3 now; w: 8 before, 16 now"
    assert train.difference(after, after) == ""
