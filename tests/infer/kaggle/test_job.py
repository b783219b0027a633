"""infer/run.py --submission, through the command line's own main."""

import csv
import json

import numpy as np
import pytest

from infer import run
from infer.kaggle.names import LOOKUP
from infer.landmarker import Landmarker
from tests.helpers.drawn_kaggle import text_of, write
from tests.helpers.tiny_model import expected_fractions, write_model

NAMES = ["right_eye", "left_eye", "nose", "right_corner", "left_corner"]
GREYS = {"5": 40, "3": 200}
ASKED = [("5", "nose_y"), ("3", "left_eye_x"), ("5", "left_eye_x")]


@pytest.fixture
def model(tmp_path):
    groups = {"groups": {"all": [0, 1, 2, 3, 4]}, "lines": {}, "left_eye": [1], "right_eye": [0]}
    points = {"scheme": "tiny5", "count": 5, "flip": [1, 0, 2, 4, 3], "names": NAMES, **groups}
    return write_model(tmp_path / "model", channels=1, crop={"margin": 0.15}, points=points)


@pytest.fixture
def folder(tmp_path):
    """A test.csv with two plain grey faces and a lookup table."""
    place = tmp_path / "kaggle"
    place.mkdir()
    write(place, "ImageId,Image", *(f"{name},{text_of(np.full((96, 96), grey))}" for name, grey in GREYS.items()))
    lines = [f"{row},{image},{feature}," for row, (image, feature) in enumerate(ASKED, 1)]
    write(place, "RowId,ImageId,FeatureName,Location", *lines, name=LOOKUP)
    return place


def submit(folder, model, *options):
    out = folder.parent
    argv = [folder / "test.csv", "--model", model, "--submission", out / "s.csv", "--out", out / "out", *options]
    return run.main([str(arg) for arg in argv])


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def location(image, point, axis):
    """Of a grey face the model sees the whole 96 pixels: fractions of it, less half a pixel."""
    return 96 * expected_fractions([GREYS[image]] * 3)[NAMES.index(point), "xy".index(axis)] - 0.5


def test_the_submission_holds_what_the_lookup_asks_for(folder, model, capsys):
    assert submit(folder, model) == 0
    header, *rows = read(folder.parent / "s.csv")
    assert header == ["RowId", "Location"] and [row for row, _ in rows] == ["1", "2", "3"]
    expected = [location("5", "nose", "y"), location("3", "left_eye", "x"), location("5", "left_eye", "x")]
    np.testing.assert_allclose([float(value) for _, value in rows], expected, atol=2e-3)
    assert "2 faces, 3 locations" in capsys.readouterr().out
    document = json.loads((folder.parent / "out" / "points.json").read_text())
    assert [entry["file"] for entry in document["images"]] == ["test.csv#5", "test.csv#3"]
    assert (folder.parent / "out" / "contact_sheet.jpg").stat().st_size > 2000


def test_no_draw_json_csv_and_another_lookup(folder, model):
    (folder / LOOKUP).rename(folder / "other.csv")
    extra = ["--json", folder.parent / "p.json", "--csv", folder.parent / "p.csv", "--no-draw"]
    assert submit(folder, model, "--lookup", folder / "other.csv", *extra) == 0
    assert not (folder.parent / "out").exists()
    assert len(json.loads((folder.parent / "p.json").read_text())["images"]) == 2
    assert [row[0] for row in read(folder.parent / "p.csv")] == ["file", "test.csv#5", "test.csv#3"]


def test_a_face_that_cannot_be_read_is_named_and_gets_the_mean(folder, model, capsys):
    lines = (folder / "test.csv").read_text().splitlines()
    write(folder, *lines[:2], "3,1 2 3")
    assert submit(folder, model) == 1
    assert "test.csv row 2: found 3 pixels, expected 9216" in capsys.readouterr().err
    values = [float(value) for _, value in read(folder.parent / "s.csv")[1:]]
    assert values[1] == values[2] == pytest.approx(location("5", "left_eye", "x"), abs=2e-3)
    write(folder, "ImageId,Image", "5,1 2", "3,4")
    assert submit(folder, model) == 2 and "found no readable face" in capsys.readouterr().err


def refused(capsys, code) -> str:
    assert code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_what_does_not_go_together(folder, model, tmp_path, capsys):
    plain = write_model(tmp_path / "plain", channels=1, crop={"margin": 0.15})
    assert "found nose_y, expected of the model's 5 points: 0, 1" in refused(capsys, submit(folder, plain))
    assert "found an input" in refused(capsys, submit(folder, model, "--json", folder / LOOKUP))
    (folder / LOOKUP).unlink()
    assert f"{LOOKUP}: found no such file" in refused(capsys, submit(folder, model))
    assert not (folder.parent / "s.csv").exists()


def test_options_that_would_be_ignored_are_refused(folder, model, capsys):
    valued = ["--boxes", "b.csv", "--detector", "yunet", "--detector-model", "y.onnx"]
    for options, names in [(["--pts"], "--pts"), (["--show"], "--show"), (valued, "--boxes, --detector-model")]:
        line = refused(capsys, submit(folder, model, *options))
        assert line.startswith(f"--submission: found {names} as well")
    assert not (folder.parent / "s.csv").exists()


def test_a_face_that_is_not_there_is_said_before_any_work(folder, model, capsys, monkeypatch):
    write(folder, "RowId,ImageId,FeatureName,Location", "1,5,nose_x,", "2,8,nose_x,", name=LOOKUP)
    monkeypatch.delattr(Landmarker, "fit_faces")
    assert f"{LOOKUP} row 2: found ImageId 8, expected one of test.csv" in refused(capsys, submit(folder, model))
    monkeypatch.undo()
    lines = (folder / "test.csv").read_text().splitlines()
    write(folder, *lines, lines[1])
    monkeypatch.delattr(Landmarker, "fit_faces")
    assert "row 3: found ImageId 5 again" in refused(capsys, submit(folder, model))


def test_tables_and_pictures_are_not_mixed(folder, model, capsys):
    table = str(folder / "test.csv")
    for options, wanted in [
        ([table, "--model", str(model)], "expected --submission FILE.csv with it"),
        ([table, table, "--submission", "s.csv"], "expected one test.csv or .zip"),
        (["a.jpg", "--lookup", "l.csv"], "--lookup: found no --submission"),
    ]:
        assert wanted in refused(capsys, run.main(options))
