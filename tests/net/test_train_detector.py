"""The program as a whole: a tiny detector learns drawn scenes, goes on to the same weights, and starts from others."""

import json
from pathlib import Path

import cv2
import pytest

from export import freeze
from net import train, train_detector
from net.detector.kind import DETECTOR_RUNS, ScenesSummary
from net.detector.shape import DetectorShape
from net.run.folder import RunFolder
from records.split import Split
from tests.conftest import TEST_FRACTION, train_options
from tests.helpers.events import assert_same_weights, events, graph_in, hyper_parameters_in, scalars, weights_of
from tests.helpers.interrupted import interrupted
from tests.helpers.precisions import COARSEST
from tests.helpers.records import damaged_copy

SHAPE = DetectorShape(stem=8, stage8=8, stage16=16, stage32=24, merge=8)
TINY = "--stem 8 --stage8 8 --stage16 16 --stage32 24 --merge 8 --side 96 --look 96 --batch 3 --threads 1 --seed 2"
TINY += " --precision float32"
WHOLE = "--window 8 --grid 1 --whole 1 --shrink 1 --zoom 1 --enlarge 1 --wide 0 --quarters 0 --lean 3 --masks 0"
WHOLE += " --colour 0 --blur 0 --noise 0 --jpeg 0 --occlude 0 --rate 0.02 --warmup 0 --average 0"
STEPS, EVERY = 300, 75


def options(scene_set: Path, run: Path, *others: str) -> list[str]:
    return ["--records", str(scene_set), "--run", str(run), *TINY.split(), *others]


def refused(capsys, main, argv) -> str:
    capsys.readouterr()
    assert main([str(arg) for arg in argv]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.fixture(scope="module")
def learnt(scene_set, tmp_path_factory):
    """A run on whole scenes, long enough to find the faces of others; not to be changed."""
    run = tmp_path_factory.mktemp("detector") / "run"
    often = ["--steps", str(STEPS), "--eval-every", str(EVERY), "--report-every", "20"]
    assert train_detector.main(options(scene_set, run, *WHOLE.split(), *often)) == 0
    return run


def test_it_learns_and_the_best_is_that_of_the_highest_precision(learnt):
    precision, recall = scalars(learnt, "test/average_precision"), scalars(learnt, "test/recall")
    assert list(precision) == list(recall) == [75, 150, 225, 300]
    best = RunFolder(learnt).best(DETECTOR_RUNS)
    assert precision[75] < 0.5 and best.measures["average_precision"] > 0.8
    assert best.step == max(precision, key=precision.get) == weights_of(learnt / "best")["global_step"]
    assert best.measures["recall"] == pytest.approx(recall[best.step], rel=1e-5)
    assert {"recall/all/24-48 px", "average_precision/tiny/AFW"} < set(best.measures)
    assert 0.02 < best.measures["threshold"] < 1


def test_what_a_run_leaves(learnt, scene_set):
    kinds = {value.tag: value.WhichOneof("value") for _, value in events(learnt)}
    for tag in ("loss", "loss_score", "loss_box", "loss_points", "loss_decay", "rate", "scenes_per_second"):
        assert kinds[tag] == "simple_value"
    assert (kinds["test/scene0"], kinds["detector/stem/conv/weights"]) == ("image", "histo")
    assert {"evaluation/cells8", "evaluation/cells32"} < graph_in(learnt)
    settings = RunFolder(learnt).settings_as(DETECTOR_RUNS)
    assert (settings.network, settings.split) == (SHAPE, Split(TEST_FRACTION))
    subsets = json.loads((scene_set / "manifest.json").read_text())["subsets"]
    assert settings.records == ScenesSummary("pts_2d", 1280, subsets)
    kept, listed = settings.options, hyper_parameters_in(learnt)
    assert (kept["records"], kept["side"], kept["grid"], kept["optimizer"]) == (str(scene_set), 96, 1, "muon")
    assert set(listed) == set(kept) and kept["steps"] == STEPS  # a cosine depends on them
    page = (learnt / "report.md").read_text()
    assert f"step {RunFolder(learnt).best(DETECTOR_RUNS).step}." in page and "| tiny/AFW | " in page
    sheet = cv2.imread(str(learnt / "answers.png"))
    assert sheet.shape == (2 * 320, 4 * 320, 3) and (learnt / "curves.png").is_file()
    assert (sheet == (255, 255, 255)).all(axis=2).any() and (sheet == (0, 220, 0)).all(axis=2).any()


MOSAIC = f"--window 5 --grid 2 --precision {COARSEST} --average 0.9 --mix tiny/AFW=2 --steps 6 --eval-every 3"
MOSAIC += " --report-every 1"


def test_ctrl_c_saves_and_the_same_command_ends_with_the_weights_of_an_unbroken_run(scene_set, tmp_path, capsys):
    whole, stopped = (options(scene_set, tmp_path / name, *MOSAIC.split(), "--no-plots") for name in ("a", "b"))
    assert train_detector.main(whole) == 0
    assert interrupted(train_detector.main, stopped, at=4) == 130
    assert "stopped at step 4;" in capsys.readouterr().out and weights_of(tmp_path / "b")["global_step"] == 4
    assert train_detector.main(stopped) == 0
    assert "step 6/6  loss " in capsys.readouterr().out
    assert_same_weights(tmp_path / "b", tmp_path / "a")
    assert_same_weights(tmp_path / "b" / "best", tmp_path / "a" / "best")
    loss = scalars(tmp_path / "a", "loss")
    parts = [scalars(tmp_path / "a", f"loss_{name}") for name in ("score", "box", "points", "decay")]
    assert all(loss[step] == pytest.approx(sum(part[step] for part in parts), rel=1e-5) for step in range(1, 7))


@pytest.fixture(scope="module")
def contract(learnt, tmp_path_factory):
    """The contract of the learnt detector, frozen."""
    out = tmp_path_factory.mktemp("frozen")
    assert freeze.main(["--run", str(learnt), "--out", str(out), "--terms", "for tests"]) == 0
    return out / "detector.json"


@pytest.mark.parametrize("start", ["learnt", "contract"])
def test_training_goes_on_from_a_run_or_a_model_with_its_network(start, request, learnt, scene_set, tmp_path):
    run, expected = tmp_path / "run", RunFolder(learnt).best(DETECTOR_RUNS).measures["average_precision"]
    argv = ["--records", scene_set, "--run", run, "--init", request.getfixturevalue(start), "--side", 96, "--look", 96]
    argv += [*WHOLE.split(), "--batch", 3, "--threads", 1, "--rate", 1e-9, "--steps", 1, "--no-plots"]
    assert train_detector.main([str(arg) for arg in argv]) == 0
    settings = RunFolder(run).settings_as(DETECTOR_RUNS)
    assert settings.network == SHAPE
    assert settings.heritage.terms == (("for tests",) if start == "contract" else ())
    precision = scalars(run, "test/average_precision")
    assert precision[0] == pytest.approx(expected, abs=1e-3)


def test_wrong_records_runs_and_options_are_one_line(
    learnt, trained, record_set, scene_set, tmp_path, capsys, monkeypatch
):
    run = tmp_path / "run"
    line = refused(capsys, train_detector.main, options(record_set, run))
    assert line.startswith("train_detector: ") and "found a set of faces, expected one of scenes" in line
    line = refused(capsys, train.main, train_options(scene_set, run))
    assert line.startswith("train: ") and "found a set of scenes, expected one of faces" in line
    assert "mix: found 'crowds'" in refused(capsys, train_detector.main, options(scene_set, run, "--mix", "crowds=2"))
    line = refused(capsys, train_detector.main, options(scene_set, trained))
    assert "found a run of kind landmarks, expected one of detector" in line
    hosts = {"chief": ["a:1"], "worker": ["b:2"], "ps": ["c:3"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": hosts, "task": {"type": "chief", "index": 0}}))
    line = refused(capsys, train_detector.main, options(scene_set, run))
    assert line == "train_detector: TF_CONFIG: found a cluster, expected none: this is trained by one machine"
    for main, argv in (
        (train_detector.main, ["--init", str(trained)]),
        (train.main, ["--init", str(learnt)]),
        (train_detector.main, ["--side", "100"]),
        (train_detector.main, ["--local-cluster", "2"]),
    ):
        with pytest.raises(SystemExit):
            main(argv)
    said = capsys.readouterr().err
    assert "found a run of kind landmarks" in said and "found a run of kind detector" in said
    assert "side: found 100, expected a multiple of 32" in said and "unrecognized arguments: --local-cluster" in said
    assert not run.exists()


def test_a_damaged_scene_is_an_error(scene_set, tmp_path, capsys):
    copy = damaged_copy(scene_set, tmp_path / "copy")
    assert "damaged record" in refused(capsys, train_detector.main, options(copy, tmp_path / "run"))
