import json
from dataclasses import replace
from pathlib import Path

import pytest

from net.detector.options import DETECTOR_OPTIONS
from net.detector.ranges import SceneRanges
from net.detector.settings import LIMITS, DetectionSettings
from net.detector.shape import DetectorShape
from net.landmarks.options import LANDMARK_OPTIONS
from net.parser import parse
from net.training.settings import AUTO, Settings
from tests.helpers.tiny_detector import write_detector


def plan_of(*argv):
    return parse("About it.", [str(arg) for arg in argv], DETECTOR_OPTIONS)


def test_options_reach_their_parts():
    plan = plan_of("--records", "s", "--mix", "a/*=2", "--stem", 8, "--side", 64, "--lean", 5, "--rate", 0.5)
    task = plan.task
    assert (task.records, task.mix, task.shape) == (Path("s"), {"a/*": 2.0}, DetectorShape(stem=8))
    assert (task.own, task.ranges) == (DetectionSettings(side=64), SceneRanges(lean=5.0))
    assert plan.settings.rate == 0.5 and not task.together and task.validation == 0
    kept = plan.options()
    assert (kept["records"], kept["mix"], kept["side"]) == (str(Path("s").resolve()), {"a/*": 2.0}, 64)
    assert json.loads(json.dumps(kept)) == kept


def test_a_detector_has_defaults_of_its_own():
    plan = plan_of()
    assert plan.run.folder.path.name == "detector" and plan.task.records.name == "scenes"
    assert plan.settings != Settings() and plan.settings.optimizer == "muon"
    assert plan.length.batch == DETECTOR_OPTIONS.defaults["batch"]


@pytest.mark.parametrize("name", DETECTOR_OPTIONS.names_of_recipes())
def test_committed_recipes_are_taken(name):
    plan = plan_of("--recipe", name)
    kept = plan.options()
    for key, value in json.loads((DETECTOR_OPTIONS.recipes / f"{name}.json").read_text()).items():
        assert key == "mix" or kept.get(key, value) == value, key
    assert plan.settings.precision == AUTO and name not in LANDMARK_OPTIONS.names_of_recipes()


@pytest.mark.parametrize(
    "name, grown",
    [
        ("own", {"stage16": 48, "stage32": 64, "merge": 24}),
        ("own_more", {}),
        ("own_close_more", {}),
        ("own_close", {"stem": 24, "stage8": 64, "stage16": 48, "stage32": 64, "merge": 32}),
        ("quick", {"stage8": 16, "stage16": 24, "stage32": 32}),
    ],
)
def test_a_start_grows_into_the_network_of_a_committed_recipe(tmp_path, name, grown):
    shape = DetectorShape(stem=12, fine=3, stage8=8, stage16=16, stage32=24, depth=2, merge=18)
    start = write_detector(tmp_path, network=shape.settings()).with_suffix(".json")
    assert plan_of("--recipe", name, "--init", start).task.shape == replace(shape, **grown)


def test_settings_out_of_their_limits_are_refused():
    assert set(LIMITS) == set(vars(DetectionSettings()))
    for name, (low, high) in LIMITS.items():
        for wrong in (low - 1, high):
            with pytest.raises(ValueError, match=f"{name}: found {wrong}, expected {low} or more"):
                DetectionSettings(**{name: wrong})
    with pytest.raises(ValueError, match="side: found 100, expected a multiple of 32"):
        DetectionSettings(side=100)
