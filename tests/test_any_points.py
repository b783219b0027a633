"""Other points than 68 through all commands: 98 of a scheme that came along, seven without one, seven of one's own."""

import json

import cv2
import numpy as np
import pytest

from export import freeze
from infer import run
from infer.model.contract import read_contract
from net import train
from net.run.folder import RunFolder
from records.landmarks import SCHEMES
from records.manifest import Manifest
from tests.helpers.any_points import SEVEN, SEVEN_FLIP, draw_listed, seven_points
from tests.helpers.records import records_of
from tools import evaluate, make_records

SMALL = ["--width", "8", "--decoder", "8", "--batch", "4", "--threads", "1", "--eval-every", "2", "--steps", "2"]


def through_all(folder, data, *options, plots=True):
    """Records, a run, a model, points and an evaluation of a data set, each by its command, in a folder."""
    without = [] if plots else ["--no-plots"]
    made = ["--out", folder / "records", "--context", 8, "--test-fraction", 0.4, "--workers", 1]
    assert make_records.main([*map(str, [data / "faces.csv", *made, *options])]) == 0
    assert train.main(["--records", str(folder / "records"), "--run", str(folder / "run"), *SMALL, *without]) == 0
    terms = ["--terms", "for tests only"]
    assert freeze.main(["--run", str(folder / "run"), "--out", str(folder / "model"), *terms]) == 0
    model, pictures = folder / "model" / "landmark.pb", sorted(data.glob("*.png"))[:3]
    boxes = ["--boxes", data / "boxes" / "boxes.csv", "--out", folder / "out", "--json", folder / "points.json"]
    written = [*boxes, "--csv", folder / "points.csv", "--pts"]
    assert run.main([*map(str, [*pictures, "--model", model, *written])]) == 0
    measured = ["--data", data / "faces.csv", "--split", "all", "--draws", 0, "--no-detector", "--no-speed"]
    assert evaluate.main([*map(str, [model, *measured, "--out", folder / "evaluation"])]) == 0
    return read_contract(model), json.loads((folder / "evaluation" / "evaluation.json").read_text())


def found_points(folder):
    faces = [face for entry in json.loads((folder / "points.json").read_text())["images"] for face in entry["faces"]]
    return faces, np.array([face["points"] for face in faces])


@pytest.fixture(scope="module")
def sevens(tmp_path_factory):
    """A data set of seven points a face; not to be changed."""
    return draw_listed(tmp_path_factory.mktemp("sevens") / "drawn", seven_points)


def test_98_points(tmp_path, capsys):
    data = draw_listed(tmp_path / "drawn")
    contract, document = through_all(tmp_path, data, "--scheme", "wflw98")
    assert "mirror" not in capsys.readouterr().out
    assert Manifest.read(tmp_path / "records").scheme == SCHEMES["wflw98"]
    assert (contract.points.scheme, contract.points.count) == ("wflw98", 98)
    assert tuple(contract.points.flip) == SCHEMES["wflw98"].flip and contract.recrop == contract.crop
    faces, points = found_points(tmp_path)
    assert points.shape == (3, 98, 2) and np.isfinite(points).all()
    assert {"pose", "open"} <= set(faces[0])  # 98 points hold the 68
    assert (tmp_path / "points.csv").read_text().splitlines()[0].endswith("x97,y97")
    (pts, *_) = (tmp_path / "out").rglob("*.pts")
    assert "n_points: 98\n" in pts.read_text()
    assert document["scheme"] == "wflw98" and document["faces"] == 12
    groups = document["measures"][0]["groups"]
    assert set(groups) == {*SCHEMES["wflw98"].groups, "without jaw"} and min(groups.values()) > 0


def test_seven_points_without_a_scheme(sevens, tmp_path, capsys):
    contract, document = through_all(tmp_path, sevens)
    said, warned = capsys.readouterr()
    assert "points7 has no mirror partners, so no face is mirrored" in said and "test NME by box" in said
    assert "points without a scheme: points7: nothing will be mirrored" in warned
    assert json.loads((tmp_path / "records" / "manifest.json").read_text())["scheme"] == "points7"
    points = contract.points
    assert (points.scheme, points.groups, points.flip, points.left_eye) == ("points7", {"points": [*range(7)]}, [], [])
    # the crop of training is 0.15 beyond the box of the points themselves, which no scheme tells better
    assert contract.recrop.margin == pytest.approx(0.15, abs=0.01) and contract.recrop.shift == (0.0, 0.0)
    faces, found = found_points(tmp_path)
    assert found.shape == (3, 7, 2) and np.isfinite(found).all() and "pose" not in faces[0]
    assert document["scheme"] == "points7" and {row["model"] for row in document["rows"]} == {contract_name(tmp_path)}
    by_norm = {one["norm"]: one["mean"] for one in document["measures"] if one["passes"] == 2}
    assert by_norm["inter_ocular"] is by_norm["inter_pupil"] is None and by_norm["box"] > 0
    assert set(RunFolder(tmp_path / "run").best().measures) == {"nme_box", "nme_box/faces.csv/all"}


def contract_name(folder):
    return str(folder / "model" / "landmark.pb")


def test_seven_points_of_ones_own_scheme(sevens, tmp_path, capsys):
    eyes = {"left_eye": [3], "right_eye": [0], "corners": [0, 3]}
    own = {"name": "mine", "count": 7, "flip": SEVEN_FLIP, "groups": {"eyes": [0, 3], "rest": [1, 2, 4, 5, 6]}, **eyes}
    (tmp_path / "mine.json").write_text(json.dumps(own))
    contract, document = through_all(tmp_path, sevens, "--scheme", tmp_path / "mine.json", "--no-report", plots=False)
    assert "no face is mirrored" not in capsys.readouterr().out
    scheme = Manifest.read(tmp_path / "records").scheme
    assert (scheme.name, scheme.flip, scheme.corners) == ("mine", SEVEN_FLIP, (0, 3))
    assert (contract.points.scheme, contract.points.corners, contract.points.flip) == ("mine", [0, 3], [*SEVEN_FLIP])
    assert document["scheme"] == "mine" and set(document["measures"][0]["groups"]) == {"eyes", "rest"}
    assert all(one["mean"] > 0 for one in document["measures"] if one["faces of"] == "all")
    listed = RunFolder(tmp_path / "run").settings().records.scheme
    assert listed["name"] == "mine" and listed["corners"] == [0, 3]


def test_what_ones_own_points_are_made_of_and_make(sevens, tmp_path):
    mappings = {"made_of": {"ibug68": SEVEN}, "makes": {"mtfl5": [0, 3, 1, 6, 4]}}
    (tmp_path / "mine.json").write_text(json.dumps({"name": "mine", "count": 7, **mappings}))
    contract, _ = through_all(tmp_path, sevens, "--scheme", tmp_path / "mine.json", "--no-report", plots=False)
    assert contract.points.five == [[0], [3], [1], [6], [4]] and contract.points.whole == ()
    out, boxes = tmp_path / "crops", sevens / "boxes" / "boxes.csv"
    options = ["--model", tmp_path / "model" / "landmark.pb", "--boxes", boxes, "--out", out, "--crops"]
    assert run.main([*map(str, [sevens / "photo_1.png", *options])]) == 0
    (crop,) = (out / "crops").iterdir()
    assert cv2.imread(str(crop)).shape == (112, 112, 3)
    whole = draw_listed(tmp_path / "whole", points_of=lambda face: face, count=3, seed=9)
    measured = ["--data", whole / "faces.csv", "--split", "all", "--draws", 0, "--no-detector", "--no-speed"]
    assert evaluate.main([*map(str, [contract.model, *measured, "--out", tmp_path / "on_68"])]) == 0
    document = json.loads((tmp_path / "on_68" / "evaluation.json").read_text())
    assert document["scheme"] == "mine" and document["faces"] == 3


def test_records_hold_the_points_of_the_file(sevens, tmp_path):
    out = ["--out", str(tmp_path / "records"), "--test-fraction", "0", "--workers", "1", "--no-report"]
    assert make_records.main([str(sevens / "faces.csv"), *out]) == 0
    for one in records_of(tmp_path / "records", "train"):
        x, y = one["label"].reshape(7, 2).T
        edge = max(np.ptp(x), np.ptp(y))
        assert edge == pytest.approx(1 / 1.3, abs=1e-3)  # the box, and 0.15 of its longer edge on both sides
        assert (x.min() + x.max(), y.min() + y.max()) == pytest.approx((1, 1), abs=1e-3)


@pytest.mark.parametrize(
    "scheme, message",
    [
        ("ibug68", "faces.csv: found point scheme points7 of 7 points, expected ibug68 of 68, or one that maps to it"),
        ("none.json", "none.json: found no such file"),
        ("other", "point scheme: found 'other', expected one of wflw98"),
    ],
)
def test_a_scheme_that_cannot_be_had_is_said_in_one_line(sevens, tmp_path, capsys, scheme, message):
    options = ["--out", str(tmp_path / "records"), "--scheme", scheme]
    assert make_records.main([str(sevens / "faces.csv"), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("make_records: ") and message in line
