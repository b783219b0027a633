import json
import re
from pathlib import Path

import pytest

from net import parser
from net.data.ranges import NO_AUGMENTATION, Ranges
from net.data.selection import Fold, Selection
from net.landmarks.options import LANDMARK_OPTIONS
from net.landmarks.settings import LandmarkSettings
from net.model.shape import Shape
from net.parser import parse
from net.sweep import read_plan
from net.training.plan import ClusterPlan, Length
from net.training.settings import AUTO, Settings
from tests.helpers.tiny_model import write_model

ROOT = Path(parser.__file__).resolve().parents[1]


def plan_of(*argv):
    return parse("About it.", [str(arg) for arg in argv])


def test_options_reach_their_parts():
    plan = plan_of()
    assert (plan.task.records, plan.run.folder.path) == (Selection(ROOT / "data" / "records"), ROOT / "runs" / "latest")
    assert (plan.task.shape, plan.task.own, plan.task.ranges) == (Shape(), LandmarkSettings(), Ranges())
    assert plan.settings == Settings()
    assert (plan.length, plan.cluster, plan.start, plan.sweep) == (Length(), ClusterPlan(), None, None)
    options = "--records r --run o --steps 7 --batch 6 --overwrite --mix a/*=2 --fold 1/3 --validation 0.25 --no-plots"
    options += " --points-subset eyes --stop-after 2 --threads 3 --local-cluster 2 --wait 5 --no-augment --turn 9"
    options += " --report-every 11 --eval-every 13 --save-every 17 --width 16 --rate 0.5 --picture grey --along 0.5"
    options += " --weigh a/*=0.02"
    plan = plan_of(*options.split())
    assert plan.task.records == Selection(Path("r"), Fold(1, 3), {"a/*": 2.0}, "eyes", 0.25, {"a/*": 0.02})
    assert plan.task.own == LandmarkSettings(along=0.5)
    assert plan.run.folder.path == Path("o") and plan.run.overwrite and not plan.run.plots
    assert (plan.run.report_every, plan.run.eval_every, plan.run.save_every, plan.run.threads) == (11, 13, 17, 3)
    assert (plan.length, plan.cluster) == (Length(7, 6, 2), ClusterPlan(2, False, 5.0))
    assert (plan.task.shape, plan.settings) == (Shape(width=16, picture="grey"), Settings(rate=0.5))
    assert plan.task.ranges == NO_AUGMENTATION


def test_a_recipe_sets_defaults_and_options_win(tmp_path):
    path = tmp_path / "mine.json"
    recipe = {"loss": "wing", "batch": 7, "turn": 3.5, "head": "dense", "mix": "a/*=2", "no_augment": True}
    path.write_text(json.dumps(recipe))
    plan = plan_of("--recipe", path, "--batch", 9)
    assert (plan.task.own.loss, plan.length.batch, plan.task.shape.head) == ("wing", 9, "dense")
    assert plan.task.records.mix == {"a/*": 2.0} and plan.task.ranges == NO_AUGMENTATION
    path.write_text(json.dumps({**recipe, "no_augment": False}))
    assert plan_of("--recipe", path).task.ranges == Ranges(turn=3.5)


@pytest.mark.parametrize("name", LANDMARK_OPTIONS.names_of_recipes())
def test_committed_recipes_are_taken(name):
    plan = plan_of("--recipe", name)
    kept = plan.options()
    for key, value in json.loads((LANDMARK_OPTIONS.recipes / f"{name}.json").read_text()).items():
        assert key in ("mix", "weigh") or kept.get(key, value) == value, key
    assert plan.settings.precision == AUTO
    assert not name.startswith("kaggle") or plan.length.steps % plan.run.eval_every == 0


@pytest.mark.parametrize("path", sorted((ROOT / "net" / "plans").glob("*.json")), ids=lambda path: path.stem)
def test_committed_sweeps_are_taken(path):
    trials = read_plan(path)
    assert len(trials) == len({trial.folder for trial in trials}) >= 8
    for trial in trials:
        plan_of(*trial.arguments())


def usage_error(capsys, message, *argv):
    with pytest.raises(SystemExit) as caught:
        plan_of(*argv)
    assert caught.value.code == 2
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"speed": 3}', "found speed, expected names of options"),
        ('["batch"]', "found a list"),
        ("{", "--recipe"),
        ('{"loss": "huber"}', "loss: found 'huber'"),
        ('{"batch": 1.5}', "--batch: invalid int value: '1.5'"),
        ('{"batch": null}', "--batch: invalid int value: 'None'"),
        ('{"mix": {"a": 2}}', "expected NAME=WEIGHT"),
        ('{"sweep": "plan.json", "run": "x"}', "found run, sweep, expected it on the command line"),
        ('{"records": "gs://b/r"}', "found the URL gs://b/r"),
    ],
)
def test_bad_recipes_are_usage_errors(tmp_path, capsys, text, message):
    path = tmp_path / "mine.json"
    path.write_text(text)
    usage_error(capsys, message, "--recipe", path)


@pytest.mark.parametrize(
    "argv, message",
    [
        ("--recipe fastest", "found no fastest, expected one of 3d, demo"),
        ("--recipe gone.json", "found no gone.json"),
        ("--init none.json", "--init: none.json: found no such thing"),
        ("--batch -3", "batch: found -3"),
        ("--report-every 0", "report_every: found 0"),
        ("--stop-after -1", "stop_after: found -1"),
        ("--validation 1", "validation: found 1.0"),
        ("--local-cluster -1", "local_cluster: found -1"),
        ("--wait 0", "wait: found 0.0"),
        ("--local-cluster 2 --sweep plan.json", "sweep: found it with local_cluster"),
        ("--local-cluster 3 --batch 64", "batch: found 64 faces for 3 workers"),
        ("--labels standardised --loss wing", "loss 'wing', which counts in pixels"),
        ("--fold 1", "fold: found '1', expected i/k"),
        ("--mix AFW", "found 'AFW', expected NAME=WEIGHT"),
        ("--turn -5 --no-augment", "augmentation: found"),
        ("--dropout nan", "dropout: found nan"),
        ("--width 12", "widths divisible by 8"),
        ("--width 16.5", "--width: invalid int value"),
        ("--head round", "--head: invalid choice"),
        ("--run gs://b/r", "argument --run: found the URL gs://b/r"),
        # a cut name would stay in the command of a cluster's members
        ("--local-cluste 2", "unrecognized arguments: --local-cluste"),
    ],
)
def test_options_out_of_range_are_usage_errors(capsys, argv, message):
    usage_error(capsys, message, *argv.split())


def test_the_network_is_that_of_the_weights_to_start_from(tmp_path):
    network = Shape(15, width=8, head="dense", decoder=24).settings()
    start = write_model(tmp_path, graph=b"weights", network=network)
    plan = plan_of("--init", start, "--decoder", 40)
    assert (plan.start, plan.task.shape) == (start, Shape(width=8, head="dense", decoder=40))


def test_the_start_grows_into_the_network_of_a_recipe(tmp_path):
    network = Shape(15, width=16, widest=64, depth=2, decoder=24, head="dense", label_offset=0)
    start = write_model(tmp_path, graph=b"weights", network=network.settings())
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps({"width": 24, "depth": 1, "decoder": 40, "head": "integral", "block": "inverted"}))
    shape = plan_of("--recipe", recipe, "--init", start).task.shape
    assert shape == Shape(width=24, widest=64, depth=2, decoder=40, head="dense")
    shape = plan_of("--recipe", recipe, "--init", start, "--width", 8, "--depth", 3).task.shape
    assert shape == Shape(width=8, widest=64, depth=3, decoder=40, head="dense")


@pytest.mark.parametrize(
    "name, start, expected",
    [("small", (8, 64), (16, 64)), ("small", (40, 24), (40, 48)), ("small_taught", (8, 24), (8, 24))],
)
def test_a_committed_recipe_beside_another_network(tmp_path, name, start, expected):
    network = Shape(15, width=start[0], decoder=start[1]).settings()
    shape = plan_of("--recipe", name, "--init", write_model(tmp_path, graph=b"weights", network=network)).task.shape
    assert (shape.width, shape.decoder) == expected


def test_how_labels_lie_the_recipe_says_before_the_start(tmp_path):
    start = write_model(tmp_path, graph=b"weights", network=Shape(15, label_offset=0.004).settings())
    recipe = tmp_path / "mine.json"
    for said, options, offset in (({}, [], 0.004), ({"label_offset": 0.002}, [], 0.002), ({}, ["--label-offset=0"], 0)):
        recipe.write_text(json.dumps({"loss": "wing", **said}))
        assert plan_of("--recipe", recipe, "--init", start, *options).task.shape.label_offset == offset


def test_what_is_no_number_in_a_recipe_is_refused_beside_a_start_too(tmp_path, capsys):
    start = write_model(tmp_path, graph=b"weights", network=Shape(15, width=32).settings())
    (tmp_path / "mine.json").write_text('{"width": 8.5}')
    usage_error(capsys, "--width: invalid int value: '8.5'", "--recipe", tmp_path / "mine.json", "--init", start)


def test_the_options_of_a_run(tmp_path):
    argv = ["--records", tmp_path, "--init", ROOT / "infer" / "landmark.json", "--mix", "A=3,*N=0.5", "--fold", "0/3"]
    plan = plan_of(*argv, "--no-augment", "--run", "x", "--threads", 2, "--schedule", "cosine")
    kept = plan.kept_options()
    assert (kept["records"], kept["init"]) == (str(tmp_path), str(ROOT / "infer" / "landmark.json"))
    assert (kept["mix"], kept["fold"], kept["no_augment"]) == ({"A": 3.0, "*N": 0.5}, "0/3", True)
    assert kept["steps"] == 20_000 and not {"run", "threads", "stop_after", "wait"} & set(kept)
    assert json.loads(json.dumps(kept)) == kept and Selection.from_options(kept) == plan.task.records
    assert "steps" not in plan_of("--schedule", "plateau").kept_options()
    (grown, same), batch = (plan_of(*more).grown(4) for more in (["--per-worker"], [])), Length().batch
    assert (grown.length.batch, grown.settings.rate) == (4 * batch, 2 * Settings().rate)
    assert (same.length, same.settings) == (Length(), Settings())
    listed = plan.hyper_parameters()
    assert (listed["mix"], listed["fold"], listed["points_subset"]) == ("A=3,*N=0.5", "0/3", "")
    assert (listed["steps"], listed["validation"], listed["no_augment"]) == (20_000, 0.0, True)
    assert {type(value) for value in listed.values()} <= {str, int, float, bool}
