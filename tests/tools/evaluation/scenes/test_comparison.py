"""tools/evaluate.py --detector as a user calls it, on pictures whose bright cells the tiny detector calls faces."""

import json

import cv2
import pytest

from tests.helpers.drawn import draw_set
from tests.helpers.tiny_detector import LEVELS, face_at, with_faces, write_detector
from tests.infer.detect.test_yunet import write_yunet
from tools import evaluate
from tools.evaluation.scenes import times

SIZE = 96, 160  # height, width
CELLS = [(1, 1, 2), (1, 4, 7), (0, 9, 3)]  # map, row, column: faces of 48, 48 and 24 pixels in height


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_detector(tmp_path_factory.mktemp("model"), "mine"))


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(times, "ROUNDS", 1)
    monkeypatch.setattr(times, "SIDES", (64,))


def label(index, row, column):
    """The face that the detector finds for a cell of a map."""
    oriented, five = face_at(LEVELS[index], row, column)
    x, y, width, height, _ = oriented
    box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return {"box": box, "five": five.reshape(-1).tolist(), "by": "box"}


def write_labels(folder, name="masks"):
    """Three pictures: two faces, one not bright; a face and something bright; nothing but something bright."""
    folder.mkdir()
    lines, shown = [], ([CELLS[0]], [CELLS[1], CELLS[2]], [CELLS[0]])
    for index, (bright, marked) in enumerate(zip(shown, ([CELLS[0], CELLS[1]], [CELLS[1]], []), strict=True)):
        cv2.imwrite(str(folder / f"p{index}.png"), with_faces(*SIZE, *((*cell, 1.0) for cell in bright)))
        lines.append({"file": f"p{index}.png", "faces": [label(*cell) for cell in marked]})
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def run(out, *arguments):
    code = evaluate.main([*map(str, arguments), "--out", str(out)])
    return code, json.loads((out / "evaluation.json").read_text()) if code < 2 else None


def test_side_by_side(model, tmp_path, capsys):
    yunet, data = write_yunet(tmp_path / "peer.onnx"), write_labels(tmp_path / "set")
    options = ["--data", data, "--split", "all", "--looks", "320", "detect", "--turns", "90"]
    code, document = run(tmp_path / "out", "--detector", model, f"yunet={yunet}", *options)
    assert code == 0
    one, shipped = f"{model}, 320", f"{model}, detect"
    assert document["thresholds"] == {one: 0.5, shipped: 0.5, "peer, 320": 0.6}
    assert (document["faces"], document["pictures"], document["data"]) == (3, 3, ["masks"])
    rows = {(row["model"], row["faces of"]): row for row in document["rows"]}
    for name in (one, shipped):
        row = rows[name, "all"]
        assert (row["found"], row["false alarms"]) == (2, 2) and row["missed"] == pytest.approx(100 / 3)
        assert rows[name, "all, masked"]["faces"] == 3 and rows[name, "all, 48 px and more"]["faces"] == 3
    turned = {(row["turn"], row["model"]): row for row in document["turned"]}
    assert set(turned) == {(turn, name) for turn in (0, 90) for name in document["thresholds"]}
    assert turned[0, one]["roll median"] == pytest.approx(0, abs=0.1)
    (empty,) = (row for row in document["invented"] if row["model"] == one)
    assert (empty["set"], empty["pictures"], empty["with a find"], empty["share"]) == ("masks", 1, 1, 100)
    assert {(row["model"], row["against"]) for row in document["against"]} == {
        (one, "peer, 320"),
        (shipped, "peer, 320"),
    }
    assert [row["model"] for row in document["times"]] == [one, shipped, "peer, 320"] and document["points"] == []
    page, printed = (tmp_path / "out" / "evaluation.md").read_text(), capsys.readouterr().out
    written = {path.name for path in (tmp_path / "out").iterdir()}
    pictures = {name for name in written if name.endswith(".png")}
    assert "recall.png" in pictures and {name.partition("-")[0] for name in pictures} >= {"missed", "false"}
    assert all(f"]({name})" in page for name in pictures)
    line = f"| all | {one} | 3 | 3 | "
    assert line in page and line in printed and f"- {one}: unknown" in page


def test_our_own_against_the_first_of_them_in_the_same_look(model, tmp_path):
    worse = write_detector(tmp_path / "worse", "worse", threshold=0.9, overlap=0.4)
    looks = ["320", "640"]
    options = ["--data", write_labels(tmp_path / "set"), "--split", "all", "--no-speed", "--looks", *looks]
    code, document = run(tmp_path / "out", "--detector", model, worse, *options, "--turns", "90")
    assert code == 0
    rows = {(row["model"], row["turn"], row["faces of"]): row for row in document["differences"]}
    assert {(row["look"], row["against"]) for row in rows.values()} == {(look, f"{model}, {look}") for look in looks}
    parts = {(turn, part) for _, turn, part in rows if part == "all"}
    assert parts == {(0, "all"), (90, "all")} and (f"{worse}, 320", 0, "all, 48 px and more") in rows
    row = rows[f"{worse}, 640", 90, "all"]  # the same network: what differs is the score that it calls a face
    assert row["faces"] == 3 and row["average precision"] == row["recall at 0.1"]
    assert set(row["average precision"].values()) == {0}
    page = (tmp_path / "out" / "evaluation.md").read_text()
    assert f"| {worse}, 640 | 90° | all | 3 | +0.00 [+0.00, +0.00] | +0.00 [+0.00, +0.00] |" in page


def test_points_of_a_landmark_set_from_true_and_found_boxes(model, tmp_path):
    data = draw_set(tmp_path / "drawn", sources=2, views=1)
    code, document = run(
        tmp_path / "out", "--detector", model, "--data", data, "--split", "all", "--turns", "--no-speed"
    )
    assert code == 0 and document["times"] == [] and {row["turn"] for row in document["turned"]} == {0}
    assert document["pictures"] == 2 and {row["faces"] for row in document["points"]} == {2}
    assert [row["norm"] for row in document["points"][:2]] == ["inter_ocular", "box"]
    assert all(0 < row["true boxes"] < 100 for row in document["points"])


def test_the_split_is_that_of_the_detector(tmp_path):
    trained = {"split": {"test_fraction": 0.5, "rule": 1}, "faces": {"drawn/AFW": {"train": 3, "test": 2}}}
    model = write_detector(tmp_path / "model", "mine", trained_on=trained)
    data = draw_set(tmp_path / "drawn", sources=9, views=1)
    options = ["--looks", "320", "--turns", "--no-speed"]
    code, document = run(tmp_path / "test", "--detector", model, "--data", data, *options)
    assert code == 0 and (document["test_fraction"], document["split_from"]) == (0.5, "contract")
    code, every = run(tmp_path / "all", "--detector", model, "--data", data, *options, "--split", "all")
    assert 0 < document["pictures"] < every["pictures"] == 9
    (seen,) = every["seen"].values()
    assert seen["faces"] == 9 - document["faces"] and seen["test_fraction"] == 0.5
    code, some = run(tmp_path / "some", "--detector", model, "--data", data, *options, "--split", "all", "--count", "4")
    assert some["pictures"] == 4


def test_what_the_network_for_closer_looks_has_seen_counts_too(tmp_path, capsys):
    fractions = {"mine": 0.5, "near": 0.25}
    trained = {name: {"split": {"test_fraction": value, "rule": 1}} for name, value in fractions.items()}
    near = write_detector(tmp_path, "near", trained_on=trained["near"])
    model = write_detector(tmp_path, "mine", trained_on=trained["mine"], close="near.pb")
    options = ["--detector", model, "--data", write_labels(tmp_path / "set"), "--looks", "640", "--turns", "--no-speed"]
    assert run(tmp_path / "test", *options)[0] == 2
    assert f"0.5 ({model}, 640), 0.25 ({near})" in capsys.readouterr().err
    document = run(tmp_path / "all", *options, "--split", "all")[1]
    seen = {name: row["test_fraction"] for name, row in document["seen"].items()}
    assert seen == {f"{model}, 640": 0.5, str(near): 0.25}
    assert {row["model"] for row in document["rows"]} == {f"{model}, 640"}


def test_what_cannot_be_read_is_named_and_nothing_at_all_is_an_error(model, tmp_path, capsys):
    data = write_labels(tmp_path / "set")
    (tmp_path / "set" / "p1.png").write_bytes(b"nothing")
    options = ["--split", "all", "--turns", "--no-speed", "--looks", "320"]
    code, document = run(tmp_path / "out", "--detector", model, "--data", data, *options)
    assert code == 1 and document["pictures"] == 2
    assert "skipped: masks/" in capsys.readouterr().err
    for arguments, message in (
        (["--detector", "none.pb", "--data", data], "none.pb"),
        (["--detector", model, "--data", data, "--looks", "near"], "'near'"),
        (["--detector", model, "--data", tmp_path / "absent.jsonl"], "absent.jsonl"),
    ):
        assert run(tmp_path / "no", *arguments)[0] == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("evaluate: ") and message in line
    with pytest.raises(SystemExit) as stopped:
        evaluate.main([model, "--detector", model, "--data", str(data)])
    assert stopped.value.code == 2
