import errno
import json
import os
from dataclasses import dataclass, replace
from unittest.mock import Mock

import numpy as np
import pytest

from net.data.selection import Fold, Selection
from net.model.shape import Shape
from net.options import values_of
from net.run import folder as module
from net.run.folder import LANDMARK_RUNS, Best, RunFolder, RunSettings
from net.run.kind import Kind, Measure
from records.split import Split
from tests.helpers.runs import settings_with

SETTINGS = settings_with(Shape(15, width=8, labels="standardised"), fold="1/3", mix={"a/*": 2.0}, seed=3)


def test_settings_come_back_as_they_were_written(tmp_path):
    run = RunFolder(tmp_path)
    run.write_settings(SETTINGS)
    assert run.settings() == SETTINGS
    held = json.loads((tmp_path / "settings.json").read_text())
    assert held["split"] == {"test_fraction": 0.3, "rule": 1} and held["network"]["width"] == 8
    assert held["records"]["margin"] == 0.15 and held["options"]["seed"] == 3
    assert run.settings().selection == Selection(SETTINGS.selection.folder, Fold(1, 3), {"a/*": 2.0})


@dataclass(frozen=True)
class Doors:
    """What a run of another kind says of its network, and of its records."""

    subsets: dict
    width: int = 3

    @classmethod
    def from_settings(cls, settings):
        return cls(**settings)

    def settings(self):
        return {"subsets": self.subsets, "width": self.width}


HIGH = Measure("found", "doors found", "doors", less=False)
DOORS = Kind("doors", "door", "doors.py", "doors.json", Doors, Doors, HIGH, ("found",), "d.json")


def test_a_run_of_another_kind_says_so_and_keeps_to_itself(tmp_path):
    run = RunFolder(tmp_path)
    settings = RunSettings(DOORS, {"records": "x"}, Doors({"a": {"train": 2}}, 5), Doors({}), Split(0.3))
    run.prepare(settings, overwrite=False)
    assert json.loads((tmp_path / "settings.json").read_text())["kind"] == run.kind_name() == "doors"
    assert run.settings_as(DOORS) == settings
    for other in (lambda: run.settings(), lambda: run.prepare(SETTINGS, overwrite=False)):
        with pytest.raises(ValueError, match="found a run of kind doors, expected one of landmarks"):
            other()
    run.best_folder.mkdir()
    run.write_best(Best(7, {"found": 0.5}), DOORS)
    assert run.best(DOORS) == Best(7, {"found": 0.5}) and run.best() is None
    run.write_settings(SETTINGS)
    assert "kind" not in json.loads((tmp_path / "settings.json").read_text()) and run.kind_name() == "landmarks"


def test_the_best_is_the_least_or_the_highest():
    assert DOORS.measure.loss({"found": 0.5}) < DOORS.measure.loss({"found": 0.25})
    assert LANDMARK_RUNS.measure.loss({"nme_box": 0.5}) > LANDMARK_RUNS.measure.loss({"nme_box": 0.25})
    assert np.isnan(DOORS.measure.loss({"nme_box": 0.5}))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"kind": 3}',
        '{"options": {}}',
        '{"options": {"records": "x"}, "network": {"width": 7}, "records": {}}',
    ],
)
def test_damaged_settings_are_refused(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(ValueError, match="settings.json: found .*, expected"):
        RunFolder(tmp_path).settings()
    with pytest.raises(FileNotFoundError, match="absent: found no settings.json"):
        RunFolder(tmp_path / "absent").settings()


def test_a_folder_is_prepared_for_its_run_alone(tmp_path):
    run = RunFolder(tmp_path)
    (tmp_path / ".part-0.json").write_text("{")  # killed before its settings were written
    run.logs.mkdir()
    run.prepare(SETTINGS, overwrite=False)
    run.prepare(SETTINGS, overwrite=False)
    other = replace(SETTINGS, split=Split(0.4))
    with pytest.raises(ValueError, match=r"found a run with other settings \(test_fraction: 0.3 before, 0.4 now\)"):
        run.prepare(other, overwrite=False)
    run.write_settings(replace(SETTINGS, split=None))  # as runs of before
    with pytest.raises(ValueError, match="test_fraction: None before, 0.3 now"):
        run.prepare(SETTINGS, overwrite=False)
    assert run.settings().split is None
    run.prepare(other, overwrite=True)
    assert run.settings() == other


def test_a_run_goes_on_that_is_older_than_an_option_of_the_network(tmp_path):
    run, of_now = RunFolder(tmp_path), settings_with(Shape(width=8), **values_of(Shape(width=8)))
    run.write_settings(of_now)
    held = json.loads((tmp_path / "settings.json").read_text())
    for part in ("options", "network"):
        del held[part]["label_offset"]
    (tmp_path / "settings.json").write_text(json.dumps(held))
    run.prepare(of_now, overwrite=False)
    aside = Shape(width=8, label_offset=0.004)
    with pytest.raises(ValueError, match="label_offset: 0.0 before, 0.004 now"):
        run.prepare(settings_with(aside, **values_of(aside)), overwrite=False)


def test_what_is_no_run_is_refused_and_left_alone(tmp_path):
    (tmp_path / "photo.jpg").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(ValueError, match="found a folder without settings.json"):
            RunFolder(tmp_path).prepare(SETTINGS, overwrite)
    assert os.listdir(tmp_path) == ["photo.jpg"]


def test_removing_a_run_leaves_what_is_not_its_own(tmp_path):
    run, best = RunFolder(tmp_path), Best(5, {"nme_box": 0.1, "nme": 0.2})
    own = ["checkpoint", "model.ckpt-5.index", "model.ckpt-5.data-00000-of-00001", "model.ckpt-5.meta", "graph.pbtxt"]
    own += ["events.out.tfevents.1.host", "settings.json", ".part-0.json", "report.md", "curves.png"]
    for name in [*own, "notes.txt", "model.pb"]:
        (tmp_path / name).write_text("x")
    assert run.best() is None
    run.best_folder.mkdir()
    run.write_best(best)
    assert run.best() == best and run.best().measures["nme_box"] == 0.1
    run.remove()
    assert sorted(os.listdir(tmp_path)) == ["model.pb", "notes.txt"]


def test_one_at_a_time_trains_into_a_run(tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "made")
    for _ in range(2):  # the first has ended
        with run.sole_trainer(), pytest.raises(ValueError, match="made: found another training"), run.sole_trainer():
            pytest.fail("two at a time")
    # a share without locks, Windows: it is made all the same
    monkeypatch.setattr(module.fcntl, "flock", Mock(side_effect=OSError(errno.ENOTSUP, "Operation not supported")))
    with RunFolder(tmp_path / "share").sole_trainer():
        assert (tmp_path / "share").is_dir()
    monkeypatch.setattr(module, "fcntl", None)
    with RunFolder(tmp_path / "windows").sole_trainer():
        assert (tmp_path / "windows").is_dir()
