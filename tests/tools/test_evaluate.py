"""tools/evaluate.py as a user calls it, with networks of others whose answers follow from the crop's mean colour."""

import dataclasses
import json

import numpy as np
import pytest

from infer import landmarker
from infer.landmarker import Landmarker
from infer.model.trained_on import SplitRule, TrainedOn
from records.split import split_of
from tests.helpers.drawn import draw_set
from tests.helpers.tiny_onnx import SIZE, write_fold_run, write_peer
from tools import evaluate
from tools.evaluation import comparison, folds, intervals, plots, speed
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.read import w300lp


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """12 faces of 4 photos at yaw 0, 0.3 and 0.6; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("drawn") / "tiny", sources=4)


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """Two networks of others; not to be changed."""
    folder = tmp_path_factory.mktemp("peers")
    given = {"size": SIZE, "range": [0, 1]}
    return [
        write_peer(folder, "one", input=given),
        write_peer(folder, "two", input={**given, "order": "BGR", "batch": 32}, output={"unit": "-1 to 1"}),
    ]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Enough for an interval to be there."""
    monkeypatch.setattr(intervals, "DRAWS", intervals.CHUNK)


@pytest.fixture
def no_plots(monkeypatch):
    """What takes the time of a test that does not look at plots."""
    monkeypatch.setattr(plots, "write_plots", lambda measured, every, out: [])


def run(out, *arguments):
    return evaluate.main([*map(str, arguments), "--out", str(out)])


def test_side_by_side(peers, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(comparison, "speed_rows", lambda models: speed.speed_rows(models, 1))
    monkeypatch.setattr(speed, "CALLS", {1: 1, 32: 1})
    data, extra = draw_set(tmp_path / "tiny", sources=2), tmp_path / "copy.json"
    assert run(tmp_path / "out", *peers, "--data", data, "--split", "all", "--draws", 2, "--json", extra) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    pictures = {"ced.png", "points.png", "yaw.png", "shift.png", "worst-one.png", "worst-two.png"}
    assert written == {"evaluation.md", "evaluation.json"} | pictures
    document = json.loads(extra.read_text())
    assert document == json.loads((tmp_path / "out" / "evaluation.json").read_text())
    page, printed = (tmp_path / "out" / "evaluation.md").read_text(), capsys.readouterr().out
    for name in (*map(str, peers), MEAN_SHAPE):
        assert f"| {name} | all | 6 |" in page and f"| {name} | all | 6 |" in printed
    assert all(f"]({name})" in page for name in pictures)
    assert (document["faces"], document["sources"], document["data"]) == (6, 2, ["tiny"])
    first, costs = document["rows"][0], document["costs"][str(peers[0])]
    inter = [f"{first[f'inter_ocular, {passes} pass']:.2f}" for passes in (1, 2)]
    assert f"| {peers[0]} | all | 6 | {inter[0]} | {inter[1]} [" in page
    cells = [f"{costs[key] / 1e6:.2f}" for key in ("bytes", "parameters", "multiply_adds")]
    assert f"| {peers[0]} | {' | '.join(cells)} | {costs['memory'] / 1e6:.0f} (" in page
    whole = {"model": str(peers[0]), "boxes": "true", "passes": 2, "norm": "box", "faces of": "all"}
    (one,) = [one for one in document["measures"] if whole.items() <= one.items()]
    assert f"| {peers[0]} | {' | '.join(f'{value:.2f}' for value in one['groups'].values())} |" in page
    assert [row["model"] for row in document["speed"][:2]] == list(map(str, peers))
    assert set(document["costs"]) == set(map(str, peers)) and document["costs"][str(peers[0])]["memory"] > 1e7
    assert {row["model"] for row in document["differences"]} == {str(peers[1]), MEAN_SHAPE}
    assert {row["boxes"] for row in document["measures"]} == {"true", "shifted", "detector"}


def test_the_numbers_are_those_of_the_deployed_path(tiny, peers, tmp_path, no_plots):
    options = ["--split", "all", "--no-detector", "--no-speed", "--draws", "0", "--points", "pts_3d"]
    assert run(tmp_path, peers[0], "--data", tiny, *options) == 0
    document = json.loads((tmp_path / "evaluation.json").read_text())
    network, errors = Landmarker(peers[0]), {1: [], 2: []}
    for item in w300lp.find(tiny, "tiny"):
        face = w300lp.read(item, "pts_3d")
        for passes in (1, 2):
            points = network.fit(face.image, face.box[None], passes)[0]
            distance = np.linalg.norm(points - face.points, axis=1).mean()
            errors[passes].append(100 * distance / np.linalg.norm(face.points[36] - face.points[45]))
    row = document["rows"][0]
    assert (row["model"], row["faces of"], row["number"]) == (str(peers[0]), "all", 12)
    for passes in (1, 2):
        assert row[f"inter_ocular, {passes} pass"] == pytest.approx(np.mean(errors[passes]), rel=1e-5)
    numbers = {row["faces of"]: row["number"] for row in document["rows"]}
    assert numbers["tiny/AFW"] == 6 and numbers["all, yaw 0-30"] == 8 and numbers["tiny/HELEN, yaw 30-60"] == 2
    assert document["speed"] == [] and document["costs"][str(peers[0])]["memory"] is None


def test_the_split_is_that_of_the_model_and_what_it_has_seen_is_said(tmp_path, no_plots, monkeypatch, capsys):
    """A model that says it was trained with half of the sources held out, beside one by hand."""
    peer = {"input": {"size": SIZE, "range": [0, 1]}}
    own, other = write_peer(tmp_path, "own", **peer), write_peer(tmp_path, "other", **peer)
    read = landmarker.read_contract

    def with_split(path):
        split = SplitRule(0.5, 1) if path == own else None
        return dataclasses.replace(read(path), trained_on=TrainedOn(faces={"tiny/AFW": {}}, split=split))

    monkeypatch.setattr(landmarker, "read_contract", with_split)
    data = draw_set(tmp_path / "tiny", sources=10, views=1)
    held = sum(split_of(item.source, 0.5) == "test" for item in w300lp.find(data, "tiny"))
    options = ["--data", data, "--no-detector", "--no-speed", "--draws", "0"]
    for side, count, seen in (("test", held, 0), ("all", 10, 10 - held)):
        assert run(tmp_path / side, own, other, *options, "--split", side) == 0
        document, out = json.loads((tmp_path / side / "evaluation.json").read_text()), capsys.readouterr().out
        assert document["faces"] == count and document["test_fraction"] == (None if side == "all" else 0.5)
        assert document["seen"][str(own)]["faces"] == seen and document["seen"][str(other)]["share"] is None
        for text in (out, (tmp_path / side / "evaluation.md").read_text()):
            assert f"- {own}: at most {seen} of {count} faces" in text and f"- {other}: unknown" in text
    assert run(tmp_path / "no", own, other, *options, "--test-fraction", "0.1") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "found --test-fraction 0.1, but 0.5" in error and str(own) in error


def test_folds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(folds, "MODEL", "peer.onnx")
    data = draw_set(tmp_path / "tiny", sources=10, views=1)
    for index in range(2):
        write_fold_run(tmp_path / "runs" / str(index), f"{index}/2", input={"size": SIZE, "range": [0, 1]})
    assert run(tmp_path / "out", "--folds", tmp_path / "runs", "--data", data) == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    total = next(row for row in document["sums"] if (row["model"], row["faces of"]) == ("network", "all"))
    each = [row for row in document["rows"] if (row["model"], row["faces of"]) == ("network", "all")]
    assert total["number"] == 10 and total["folds"] == 2
    assert total["box, 2 pass"]["mean"] == pytest.approx(np.mean([row["box, 2 pass"] for row in each]))
    assert document["split"] == "folds" and document["test_fraction"] is None and document["seen"] is None
    out = capsys.readouterr().out
    assert " ± " in out and "Seen in training: unknown" in out
    (tmp_path / "runs" / "1" / "settings.json").unlink()
    assert run(tmp_path / "out", "--folds", tmp_path / "runs", "--data", data) == 1
    assert f"skipped: fold 1/2: no run in {tmp_path / 'runs'}" in capsys.readouterr().err


def test_errors_are_one_line_and_usage_errors_say_what_is_expected(tiny, peers, tmp_path, capsys):
    for arguments, message in (
        ([tmp_path / "none.pb", "--data", tiny], "none.pb: no such model"),
        ([peers[0], "--data", tiny, "--test-fraction", "0"], "found 12 faces, none of the split test"),
        (["--folds", tmp_path / "absent", "--data", tiny], "absent: found no such folder"),
    ):
        assert run(tmp_path / "out", *arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("evaluate: ") and message in line

    for arguments, message in (
        (["--data", str(tiny)], "expected models, or --folds DIR"),
        ([str(peers[0]), "--data", str(tiny), "--draws", "-1"], "--draws -1 --seed 0: expected at least 0"),
        (["--folds", "runs", "--data", str(tiny), "--test-fraction", "0.2"], "--test-fraction with --folds"),
    ):
        with pytest.raises(SystemExit) as stopped:
            evaluate.main(arguments)
        assert stopped.value.code == 2 and message in capsys.readouterr().err
