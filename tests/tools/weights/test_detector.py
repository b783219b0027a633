"""The way from tiny sets to a detector: scenes and mix are real; training, export, evaluation leave what they would."""

import json
import shutil

import pytest

from net.detector.options import DETECTOR_OPTIONS
from net.parser import parse
from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.detector_runs import make_detector_run
from tests.helpers.scenes import write_many
from tests.helpers.tiny_detector import write_detector
from tools import make_scenes, train_weights
from tools.weights import steps
from tools.weights.detector import SETS
from tools.weights.verdict import MEASURE

ALL_STEPS = [
    "tools/make_scenes.py",
    "net/train_detector.py",
    "export/freeze.py",
    "tools/evaluate.py",
    "export/freeze.py",
]
TERMS = "for nobody"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of all sets, five to ten pictures each."""
    folder = tmp_path_factory.mktemp("data")
    for number, name in enumerate(SETS):
        stem = name.removesuffix(".jsonl")
        lines = write_many(folder / stem, 5 + number, seed=number).read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        moved = [json.dumps({**entry, "file": f"{stem}/{entry['file']}"}) for entry in entries]
        (folder / name).write_text("\n".join(moved))
    return folder


@pytest.fixture(scope="module")
def scene_set(data, tmp_path_factory):
    """Scenes of these sets, made once."""
    folder = tmp_path_factory.mktemp("made") / "scenes"
    names = [str(data / name) for name in SETS]
    assert make_scenes.main([*names, "--out", str(folder), "--workers", "1", "--previews", "0", "--no-report"]) == 0
    return folder


@pytest.fixture
def called(monkeypatch, scene_set):
    """Every command as (script, its options as it reads them); what an evaluation says is `found`."""

    def scenes(args):
        shutil.copytree(scene_set, args.out)

    def train(plan):
        plan.task.opened(None)  # which the recipe's mix has to fit
        if not plan.run.folder.path.is_dir():
            make_detector_run(plan.run.folder.path)

    def judge(args):
        args.out.mkdir(parents=True, exist_ok=True)
        rows = [{"faces of": "all", "turn": 0, MEASURE: {"mean": called.found, "error": 0.5}}]
        (args.out / "evaluation.json").write_text(json.dumps({"differences": rows if len(args.detector) > 1 else []}))

    made = {
        "tools/make_scenes.py": scenes,
        "net/train_detector.py": train,
        "export/freeze.py": lambda args: write_detector(args.out),
        "tools/evaluate.py": judge,
    }
    called = Called(record_calls(monkeypatch, steps, made))
    return called


class Called:
    """calls: as `record_calls` has them; found: by how much the next detector is better, points."""

    def __init__(self, calls):
        self.calls, self.found = calls, 0.0


def train(data, work, out):
    return train_weights.main(["--detector", *map(str, (data, "--work", work, "--out", out, "--terms", TERMS))])


def test_each_step_takes_what_the_one_before_made(called, data, tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    assert train(data, work, out) == 0 and scripts_of(called.calls) == ALL_STEPS
    scenes, plan, new, judged, shipped = (args for _, args in called.calls)
    assert [str(data / name) for name in SETS] == scenes.datasets and scenes.test_fraction == 0.1
    recipe = parse("", ["--recipe", "own"], DETECTOR_OPTIONS)
    assert (plan.settings, plan.length, plan.task.shape) == (recipe.settings, recipe.length, recipe.task.shape)
    assert plan.task.records == scenes.out and plan.start is None
    assert new.run == shipped.run == plan.run.folder.path and (new.terms, shipped.terms) == (TERMS, TERMS)
    assert judged.detector == [str(new.out / "detector.pb")] and judged.data == [data / name for name in SETS]
    assert (judged.split, judged.looks, judged.turns) == ("test", ["640"], [45])
    assert shipped.out == out


@pytest.mark.parametrize("found", [2.0, 0.5])
def test_the_one_that_is_there_is_replaced_by_a_better_one_alone(called, data, tmp_path, capsys, found):
    called.found, out = found, tmp_path / "out"
    write_detector(out)
    assert train(data, tmp_path / "work", out) == 0
    better = found == 2.0
    assert scripts_of(called.calls) == (ALL_STEPS if better else ALL_STEPS[:-1])
    _, _, new, judged, *_ = (args for _, args in called.calls)
    assert judged.detector == [str(folder / "detector.pb") for folder in (out, new.out)]
    said = capsys.readouterr().out
    assert f"{found:+.2f} points" in said and ("not better" in said) != better


def test_the_same_again_leaves_out_what_is_done_and_may_start_from_a_model(called, data, tmp_path):
    start = write_detector(tmp_path / "start", network={"stem": 4, "merge": 6}).with_suffix(".json")
    argv = ["--detector", str(data), "--work", str(tmp_path / "work"), "--terms", TERMS]
    argv += ["--out", str(tmp_path / "out"), "--init", str(start)]
    for expected in (ALL_STEPS, [*ALL_STEPS, *ALL_STEPS[1:-1]]):  # the second one is not better than itself
        assert train_weights.main(argv) == 0 and scripts_of(called.calls) == expected
    plan, recipe = called.calls[1][1], parse("", ["--recipe", "own_more"], DETECTOR_OPTIONS)
    assert plan.start == start and plan.task.shape.merge == 6
    assert (plan.settings, plan.length) == (recipe.settings, recipe.length)


def test_what_would_fail_after_an_hour_is_refused_at_once(called, data, tmp_path, capsys):
    assert train(tmp_path, tmp_path / "work", tmp_path / "out") == 2 and called.calls == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"train_weights: {tmp_path}: found no mtfl.jsonl, masks.jsonl")
    for argv, message in (([data, tmp_path, "--terms", TERMS], "found 2 data sets"), ([data], "found no --terms")):
        with pytest.raises(SystemExit) as stopped:
            train_weights.main(["--detector", *map(str, argv)])
        assert stopped.value.code == 2 and message in capsys.readouterr().err
