import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from net import options, train
from net.augment import NONE, Ranges
from net.batches import RecordSet
from net.graph import Settings
from net.reports import Reporter
from net.senet import Shape
from tests.conftest import STEPS, train_options
from tests.test_reports import events

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


def interrupted(record_set, run: Path) -> int:
    """Trains until Ctrl-C stops it at step 17, inside an epoch; returns the exit code."""
    line = Reporter.line

    def stop(self, step, found):
        line(self, step, found)
        if step == 17:
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "line", stop)
        return train.main(train_options(record_set, run))


def test_ctrl_c_saves_and_the_same_command_ends_with_the_weights_of_an_unbroken_run(
    trained, record_set, tmp_path, capsys
):
    stopped = tmp_path / "run"
    assert interrupted(record_set, stopped) == 130
    assert "stopped at step 17; the same command goes on from there" in capsys.readouterr().out
    run = stopped.rename(stopped.with_name("moved"))  # a run can be moved
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert weights_of(run)["global_step"] == 17
    assert 17 * 4 % RecordSet(record_set).count("train")  # inside an epoch
    assert train.main(train_options(record_set, run)) == 0
    assert f"step {STEPS}/{STEPS}" in capsys.readouterr().out
    expected, found = weights_of(trained), weights_of(run)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, err_msg=name)
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
        "width": 8,
        "depth": 1,
        "head": "integral",
        "decoder": 8,
        "size": 128,
    }
    options = settings["options"]
    assert (options["loss"], options["rate"], options["batch"], options["seed"]) == ("wing", 0.005, 4, 2)
    assert (options["records"], options["turn"]) == (str(record_set), Ranges().turn)
    assert settings["records"]["margin"] == 0.15 and settings["records"]["scheme"] == "ibug68"
    assert not {"steps", "run", "threads"} & set(options)


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
    (tmp_path / "settings.partial").write_text("{")
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
    path.write_text(json.dumps({"loss": "wing", "batch": 7, "turn": 3.5, "head": "dense"}))
    args = train.parse_args(["--recipe", str(path), "--batch", "9"])
    assert (args.loss, args.batch, args.turn, args.head) == ("wing", 9, 3.5, "dense")
    assert train.ranges_of(args).turn == 3.5
    committed = train.parse_args(["--recipe", "real"])
    for key, value in json.loads((train.RECIPES / "real.json").read_text()).items():
        assert getattr(committed, key) == value
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
    ],
)
def test_bad_recipes_are_usage_errors(tmp_path, capsys, text, message):
    path = tmp_path / "mine.json"
    path.write_text(text)
    usage_error(capsys, message, "--recipe", str(path))


def test_an_unknown_recipe_is_a_usage_error(capsys):
    usage_error(capsys, "--recipe fastest:", "--recipe", "fastest")


def usage_error(capsys, message, *argv):
    with pytest.raises(SystemExit) as caught:
        train.main(list(argv))
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


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
        (("--width", "12"), "width divisible by 8"),
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
    assert train.ranges_of(train.parse_args(["--no-augment"])) == NONE
    assert (args.rate, args.decay_factor, args.decay_steps, args.loss) == (0.001, 0.98, 1000, "l2")


def test_differences_are_told_in_words():
    before = {"options": {"a": 1, "b": 2}, "network": {"w": 8}}
    after = {"options": {"a": 1, "c": 3}, "network": {"w": 16}}
    assert train.difference(before, after) == "b: 2 before, None now; c: None before, 3 now; w: 8 before, 16 now"
    assert train.difference(after, after) == ""
