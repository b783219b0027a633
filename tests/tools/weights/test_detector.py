"""The way from tiny sets to a detector: scenes and mix are real; training, export, evaluation leave what they would."""

import json
import shutil
from dataclasses import replace

import pytest

from infer.model.detector_contract import read_detector_contract
from net.detector.options import DETECTOR_OPTIONS
from net.detector.shape import DetectorShape
from net.parser import parse
from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.detector_runs import SHAPE, make_detector_run
from tests.helpers.scenes import write_many
from tests.helpers.tiny_detector import write_detector
from tools import make_scenes, train_weights
from tools.weights import steps
from tools.weights.detector import SETS
from tools.weights.verdict import MEASURE

SCENES, TRAIN, FREEZE, JUDGE = "tools/make_scenes.py", "net/train_detector.py", "export/freeze.py", "tools/evaluate.py"
EXPORTS = [FREEZE, FREEZE]
MADE = [TRAIN, TRAIN, TRAIN, *EXPORTS, JUDGE]
ALL_STEPS = [SCENES, *MADE, *EXPORTS]
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
            make_detector_run(plan.run.folder.path, called.trained)

    def judge(args):
        args.out.mkdir(parents=True, exist_ok=True)
        rows = [{"look": "640", "faces of": "all", "turn": 0, MEASURE: {"mean": called.found, "error": 0.5}}]
        (args.out / "evaluation.json").write_text(json.dumps({"differences": rows if len(args.detector) > 1 else []}))

    def freeze(args):
        close = args.decision.close
        assert close is None or (args.out / close).is_file()
        write_detector(args.out, args.name or "detector", **({"close": close} if close else {}))

    called = Called(record_calls(monkeypatch, steps, {SCENES: scenes, TRAIN: train, FREEZE: freeze, JUDGE: judge}))
    return called


class Called:
    """calls: as `record_calls` has them; found: by how much the next detector is better, points; trained: the network
    of runs."""

    def __init__(self, calls):
        self.calls, self.found, self.trained = calls, 0.0, SHAPE


def train(data, work, out, *options):
    places = map(str, (data, "--work", work, "--out", out, "--terms", TERMS, *options))
    return train_weights.main(["--detector", *places])


def test_each_step_takes_what_the_one_before_made(called, data, tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    assert train(data, work, out) == 0 and scripts_of(called.calls) == ALL_STEPS
    scenes, plan, _, *exports, judged, _, _ = (args for _, args in called.calls)
    assert [str(data / name) for name in SETS] == scenes.datasets and scenes.test_fraction == 0.1
    recipe = parse("", ["--recipe", "own"], DETECTOR_OPTIONS)
    assert (plan.settings, plan.length, plan.task.shape) == (recipe.settings, recipe.length, recipe.task.shape)
    assert plan.task.records == scenes.out and plan.start is None
    assert judged.detector == [str(exports[1].out / "detector.pb")] and judged.data == [data / name for name in SETS]
    assert (judged.split, judged.looks, judged.turns) == ("test", ["320", "640"], [45])


def test_the_network_for_closer_looks_grows_from_the_first_one_and_ships_before_it(called, data, tmp_path):
    called.trained, out = DetectorShape(stem=4, fine=3, merge=6), tmp_path / "out"
    assert train(data, tmp_path / "work", out) == 0
    scenes, first, grown, more, *exports, _, second, main = (args for _, args in called.calls)
    for plan, name, start in ((grown, "own_close", first), (more, "own_close_more", grown)):
        recipe = parse("", ["--recipe", name], DETECTOR_OPTIONS)
        assert plan.start == start.run.folder.path and plan.task.records == scenes.out
        assert (plan.settings, plan.length) == (recipe.settings, recipe.length)
    assert grown.task.shape == replace(parse("", ["--recipe", "own_close"], DETECTOR_OPTIONS).task.shape, fine=3)
    for close, both in (exports, (second, main)):
        assert (close.run, close.name, close.decision.close) == (more.run.folder.path, "detector_close", None)
        assert (both.run, both.name, both.decision.close) == (first.run.folder.path, None, "detector_close.pb")
        assert both.out == close.out and (both.terms, close.terms, both.formats) == (TERMS, TERMS, ("pb16",))
    assert second.out == out != exports[0].out


def test_the_weights_may_lie_beside_their_runs(called, data, tmp_path):
    assert train(data, tmp_path, tmp_path) == 0 and scripts_of(called.calls) == ALL_STEPS
    assert read_detector_contract(tmp_path / "detector.pb").close == tmp_path / "detector_close.pb"


@pytest.mark.parametrize("found", [2.0, 0.5])
def test_the_one_that_is_there_is_replaced_by_a_better_one_alone(called, data, tmp_path, capsys, found):
    called.found, out = found, tmp_path / "out"
    write_detector(out)
    assert train(data, tmp_path / "work", out) == 0
    better = found == 2.0
    assert scripts_of(called.calls) == (ALL_STEPS if better else ALL_STEPS[: -len(EXPORTS)])
    pair, judged = (args for _, args in called.calls[5:7])
    assert judged.detector == [str(folder / "detector.pb") for folder in (out, pair.out)]
    said = capsys.readouterr().out
    assert f"{found:+.2f} points" in said and ("not better" in said) != better


def test_the_same_again_leaves_out_what_is_done_and_may_start_from_a_model(called, data, tmp_path):
    start = write_detector(tmp_path / "start", network={"stem": 4, "merge": 7}).with_suffix(".json")
    for expected in (ALL_STEPS, [*ALL_STEPS, *MADE]):  # the second one is not better than itself
        assert train(data, tmp_path / "work", tmp_path / "out", "--init", start) == 0
        assert scripts_of(called.calls) == expected
    plan, recipe = called.calls[1][1], parse("", ["--recipe", "own_more"], DETECTOR_OPTIONS)
    assert plan.start == start and (plan.task.shape.stem, plan.task.shape.merge) == (4, 7)
    assert (plan.settings, plan.length) == (recipe.settings, recipe.length)


@pytest.mark.parametrize("found", [2.0, 0.5])
def test_the_detector_that_is_there_may_stay_and_get_closer_looks_alone(called, data, tmp_path, found):
    called.found, out, better = found, tmp_path / "out", found == 2.0
    main = write_detector(out, network={"stem": 4, "fine": 3, "merge": 6})
    before = read_detector_contract(main)
    assert train(data, tmp_path / "work", out, "--close-only") == 0
    assert scripts_of(called.calls) == [SCENES, TRAIN, TRAIN, *EXPORTS, JUDGE, *EXPORTS[: int(better)]]
    _, plan, more, close, pair, judged, *shipped = (args for _, args in called.calls)
    assert plan.start == main.with_suffix(".json") and (plan.task.shape.stem, plan.task.shape.fine) == (24, 3)
    assert (more.start, close.run) == (plan.run.folder.path, more.run.folder.path)
    assert (pair.model, pair.out, pair.decision.close) == (main, close.out, "detector_close.pb")
    assert judged.detector == [str(main), str(pair.out / "detector.pb")]
    assert [(args.run, args.name, args.out) for args in shipped] == [(close.run, "detector_close", out)][: int(better)]
    named = {"close": "detector_close.pb"} if better else {}
    assert read_detector_contract(main).raw == before.raw | named


def test_what_would_fail_after_an_hour_is_refused_at_once(called, data, tmp_path, capsys):
    assert train(tmp_path, tmp_path / "work", tmp_path / "out") == 2 and called.calls == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"train_weights: {tmp_path}: found no mtfl.jsonl, masks.jsonl")
    assert train(data, tmp_path / "work", tmp_path / "out", "--close-only") == 2 and called.calls == []
    assert f"{tmp_path / 'out' / 'detector.json'}: found no such file" in capsys.readouterr().err
    for argv, message in (
        ([data, tmp_path, "--terms", TERMS], "found 2 data sets"),
        ([data], "found no --terms"),
        ([data, "--terms", TERMS, "--close-only", "--init", "a.json"], "found --init, expected none"),
    ):
        with pytest.raises(SystemExit) as stopped:
            train_weights.main(["--detector", *map(str, argv)])
        assert stopped.value.code == 2 and message in capsys.readouterr().err
