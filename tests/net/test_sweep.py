import json
import math
import types
from pathlib import Path

import pytest

from net import sweep, train
from net.detector.kind import DETECTOR_RUNS
from net.run.folder import LANDMARK_RUNS, Best, RunFolder
from net.sweep import Trial, read_plan
from tests.conftest import train_options
from tests.helpers.detector_runs import settings_of_detector
from tests.helpers.events import hparams_in, write_scalars
from tests.helpers.runs import make_run

SCRIPT = Path(train.__file__)


def plan_of(tmp_path, **plan):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    return path


def test_a_plan_gives_every_combination_of_a_grid_and_named_runs(tmp_path):
    grid = {"rate": [0.1, 0.2], "optimizer": ["adam", "sgd"]}
    trials = read_plan(plan_of(tmp_path, base={"batch": 3, "rate": 9}, grid=grid, seeds=[4, 7]))
    assert len(trials) == 8 and len({trial.folder for trial in trials}) == 8
    assert trials[1] == Trial("rate=0.1_optimizer=adam", {"batch": 3, "rate": 0.1, "optimizer": "adam"}, 7)
    assert trials[-1].settings == {"batch": 3, "rate": 0.2, "optimizer": "sgd"}
    runs = {"plain": {}, "wide": {"decay_steps": 48, "no_augment": True, "overwrite": False, "mix": "A=2,B=1"}}
    plain, wide = read_plan(plan_of(tmp_path, base={"batch": 3, "decay_steps": 5}, runs=runs))
    assert plain == Trial("plain", {"batch": 3, "decay_steps": 5}, 1)
    assert wide.arguments() == ["--batch=3", "--decay-steps=48", "--no-augment", "--mix=A=2,B=1", "--seed=1"]


@pytest.mark.parametrize(
    "text, found",
    [
        ("{", "damaged"),
        ('{"runs": 3}', "damaged"),
        ('{"seeds": ["a"], "runs": {"x": {}}}', "damaged"),
        ('{"rnus": {}}', "found rnus"),
        ('{"runs": {"x": {}}, "seeds": []}', "found no run"),
        ('{"grid": {"local-cluster": [2]}}', "found the option local_cluster"),
        ('{"runs": {"x": {"run": "r", "seed": 2}, "y": {}}}', "found the option run, seed"),
    ],
)
def test_a_plan_that_is_none(tmp_path, text, found):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=found):
        read_plan(path)
    with pytest.raises(FileNotFoundError, match="none.json: found no such file"):
        read_plan(tmp_path / "none.json")


@pytest.fixture
def in_process(monkeypatch):
    """Trials run in this process: starting a new one takes seconds. Returns the commands."""
    commands = []

    def call(command):
        commands.append(command[2:])
        try:
            return types.SimpleNamespace(returncode=train.main(command[2:]))
        except SystemExit as error:
            return types.SimpleNamespace(returncode=error.code)

    monkeypatch.setattr(sweep.subprocess, "run", call)
    return commands


def test_a_sweep_trains_every_trial_and_sums_them_up(record_set, tmp_path, in_process, capsys):
    plan = plan_of(tmp_path, runs={"slow": {"rate": 1e-6}, "bad": {"rate": -1}})
    options = train_options(record_set, tmp_path / "out", "--steps", "2", "--sweep", str(plan))
    del options[(seed := options.index("--seed")) : seed + 2]
    assert train.main(options) == 1  # one setting has failed
    assert len(in_process) == 2 and not any("--sweep" in one for one in in_process)
    lines = (tmp_path / "out" / "sweep.md").read_text().splitlines()
    columns = [cell.strip() for cell in lines[0].split("|")]
    slow, bad = ([cell.strip() for cell in line.split("|")] for line in lines[2:4])
    nme = RunFolder(tmp_path / "out" / "slow-seed1").best().measures["nme"]
    assert slow[columns.index("test/nme")] == f"{100 * nme:.2f}"
    assert bad[2] == "1, 1 failed" and bad[columns.index("test/nme")] == "-"
    assert "| slow | 1 |" in capsys.readouterr().out


def test_the_table_is_sorted_by_what_judged(tmp_path):
    errors = {"part": [0.01, 0.03], "all": [0.05, 0.07], "some": [None, 0.055], "best": [0.02, 0.08], "bad": [None] * 2}
    trials = [Trial(name, {}, seed) for name in [*errors, "untested", "later"] for seed in (1, 2)]
    codes = {}
    for trial in trials[:-2]:  # of the last nothing is known yet
        run = make_run(tmp_path / trial.folder, validation=0.2 * (trial.name == "part"))
        run.best_folder.mkdir()
        box = errors.get(trial.name, [0] * 2)[trial.seed - 1]
        codes[trial.folder] = int(box is None)
        if trial.name in errors:
            run.write_best(Best(3, {"nme_box": box or 0, "nme_box/a/b": 0.2, "nme_box/a/b/yaw 0-30": 0.3}))
    assert sweep.table(trials, tmp_path, codes, LANDMARK_RUNS).splitlines() == [
        "| settings | seeds | test/nme_box | test/nme_box/a/b | validation/nme_box | validation/nme_box/a/b |",
        "|---|---|---|---|---|---|",
        "| best | 2 | 5.00 ± 4.24 | 20.00 ± 0.00 | - | - |",
        "| some | 2, 1 failed | 5.50 | 20.00 | - | - |",
        "| all | 2 | 6.00 ± 1.41 | 20.00 ± 0.00 | - | - |",
        "| part | 2 | - | - | 2.00 ± 1.41 | 20.00 ± 0.00 |",
        "| bad | 2, 2 failed | - | - | - | - |",
        "| untested | 2 | - | - | - | - |",
        "",
        "NME in %, ± over the seeds; sorted by test/nme_box, then by validation/nme_box, the least first.",
    ]


def test_of_runs_from_given_weights_the_start_does_not_count(tmp_path):
    """Both seeds of `low` stay behind it; of `high` one betters it, and of the other no further test is known."""
    found = {
        "low-seed1": {0: (0.02, 0.5), 4: (0.05, 0.8), 8: (0.03, 0.7), 12: (0.06, 0.6)},
        "low-seed2": {0: (0.02, 0.5), 4: (0.09, 0.9)},
        "high-seed1": {0: (0.02, 0.5)},
        "high-seed2": {0: (0.02, 0.5), 4: (0.01, 0.4)},
    }
    trials = [Trial(name, {}, seed) for name in ("high", "low") for seed in (1, 2)]
    for trial in trials:
        run, tests = make_run(tmp_path / trial.folder, validation=0.2), found[trial.folder]
        told = {step: {"validation/nme_box": box, "validation/nme": nme} for step, (box, nme) in tests.items()}
        others = {6: {"validation/mae": 0.001, "validation/nme_box": math.nan, "test/nme_box": 0.001, "loss": 0.001}}
        write_scalars(run.path, told | others)
        run.best_folder.mkdir()
        best = min(tests, key=tests.get)
        run.write_best(Best(best, dict(zip(("nme_box", "nme"), tests[best], strict=True))))
    lines = sweep.table(trials, tmp_path, dict.fromkeys(found, 0), LANDMARK_RUNS).splitlines()
    assert lines[0] == "| settings | seeds | validation/nme | validation/nme_box |"
    assert lines[2:4] == [
        "| high | 2, 1 no better than the start | 40.00 | 1.00 |",
        "| low | 2, 2 no better than the start | 80.00 ± 14.14 | 6.00 ± 4.24 |",
    ]
    assert "`export/freeze.py` takes the start" in lines[-1]


def test_of_detectors_the_highest_precision_comes_first(tmp_path):
    trials = [Trial(name, {}, 1) for name in ("low", "high")]
    for trial, precision in zip(trials, (0.25, 0.75), strict=True):
        run = RunFolder(tmp_path / trial.folder)
        run.path.mkdir()
        run.write_settings(settings_of_detector())
        run.best_folder.mkdir()
        run.write_best(Best(3, {"average_precision": precision, "recall": 0.5, "threshold": 0.4}), DETECTOR_RUNS)
    lines = sweep.table(trials, tmp_path, dict.fromkeys(("low-seed1", "high-seed1"), 0), DETECTOR_RUNS).splitlines()
    assert lines[0] == "| settings | seeds | test/average_precision | test/recall |"
    assert lines[2:4] == ["| high | 1 | 75.00 | 50.00 |", "| low | 1 | 25.00 | 50.00 |"]
    assert lines[-1] == "average precision in %, ± over the seeds; sorted by test/average_precision, the highest first."


def test_ctrl_c_ends_the_sweep(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        sweep.subprocess, "run", lambda command: calls.append(command) or types.SimpleNamespace(returncode=130)
    )
    assert not sweep.run(plan_of(tmp_path, runs={"a": {}, "b": {}}), tmp_path / "out", [], LANDMARK_RUNS, SCRIPT)
    assert len(calls) == 1


def test_the_listed_errors_are_those_of_what_judges(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep.subprocess, "run", lambda command: types.SimpleNamespace(returncode=1))
    plan = plan_of(tmp_path, runs={"validated": {}, "tested": {"validation": 0}})
    assert not sweep.run(plan, tmp_path / "out", [], LANDMARK_RUNS, SCRIPT, 0.2)  # from the command line
    (experiment,) = [data.experiment for data in hparams_in(tmp_path / "out")]
    tags = [f"{judge}/{name}" for judge in ("test", "validation") for name in ("nme", "nme_box")]
    assert [info.name.tag for info in experiment.metric_infos] == tags
