import json

import numpy as np
import pytest

from tests.drawn import draw_set
from tools import evaluate, read_300w_lp

OFFSET = np.array([3.0, 4.0])  # 5 pixels


@pytest.fixture
def landmarkers(monkeypatch):
    """Stand-ins for models: 5 px off after one pass, exact after two."""
    truth = {}

    class Stub:
        def __init__(self, path):
            if not path.name.endswith(".pb"):
                raise ValueError(f"{path}: found no model, expected one")

        def fit(self, image, boxes, passes):
            assert boxes.shape == (1, 4)
            points = truth[tuple(np.round(boxes[0], 3))]
            return (points + (OFFSET if passes == 1 else 0))[None].astype(np.float32)

    read = read_300w_lp.read

    def remembered(item, key):
        face = read(item, key)
        truth[tuple(np.round(face.box, 3))] = face.points
        return face

    monkeypatch.setattr(evaluate, "Landmarker", Stub)
    monkeypatch.setattr(read_300w_lp, "read", remembered)


def test_errors_per_subset_and_yaw_bin(landmarkers, tmp_path, capsys):
    folder = draw_set(tmp_path / "tiny", sources=4, views=3)  # yaw 0, 0.3 and 0.6 rad: two in the first bin, one not
    out = tmp_path / "all.json"
    assert evaluate.main(["m.pb", "--data", str(folder), "--split", "all", "--json", str(out)]) == 0
    rows = {row["faces of"]: row for row in json.loads(out.read_text())["rows"]}
    assert {name: row["number"] for name, row in rows.items()} == {
        "tiny/AFW": 6,
        "tiny/AFW, yaw 0-30": 4,
        "tiny/AFW, yaw 30-60": 2,
        "tiny/HELEN": 6,
        "tiny/HELEN, yaw 0-30": 4,
        "tiny/HELEN, yaw 30-60": 2,
    }
    faces = [
        read_300w_lp.read(item, "pts_2d").points for item in read_300w_lp.find(folder, "x") if item.subset == "AFW"
    ]
    ocular = np.mean([500 / np.linalg.norm(face[36] - face[45]) for face in faces])
    boxes = np.mean([500 / np.sqrt(np.prod(np.ptp(face, axis=0))) for face in faces])
    row = rows["tiny/AFW"]
    assert row["model"] == "m.pb"
    assert row["inter_ocular, 1 pass"] == pytest.approx(ocular, rel=1e-4)
    assert row["box, 1 pass"] == pytest.approx(boxes, rel=1e-4)
    assert row["inter_ocular, 2 pass"] == pytest.approx(0, abs=1e-3) == row["box, 2 pass"]
    table = capsys.readouterr().out
    assert "| model | faces of | number |" in table and f"| m.pb | tiny/AFW | 6 | {ocular:.2f} |" in table


def test_only_held_out_sources_count_by_default(landmarkers, tmp_path):
    folder = draw_set(tmp_path / "tiny", sources=10, views=1)
    sides = {}
    for split in ("test", "train", "all"):
        out = tmp_path / f"{split}.json"
        options = ["--split", split, "--test-fraction", "0.5", "--json", str(out)]
        assert evaluate.main(["m.pb", "--data", str(folder), *options]) == 0
        rows = json.loads(out.read_text())["rows"]
        sides[split] = sum(row["number"] for row in rows if "yaw" not in row["faces of"])
    assert sides["all"] == 10 == sides["test"] + sides["train"] and min(sides.values()) > 0


def test_an_unreadable_face_is_named_and_the_rest_measured(landmarkers, tmp_path, capsys):
    folder = draw_set(tmp_path / "tiny", sources=2, views=1)
    next((folder / "AFW").glob("*.jpg")).write_bytes(b"")
    assert evaluate.main(["m.pb", "--data", str(folder), "--split", "all"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("skipped: tiny/AFW/AFW_1001_1_0: ") and "| tiny/HELEN | 1 |" in printed.out


def test_errors_are_one_line(landmarkers, tmp_path, capsys):
    folder = draw_set(tmp_path / "tiny", sources=1, views=1)
    for arguments, message in (
        (["m.txt", "--data", str(folder)], "m.txt: found no model"),
        (["m.pb", "--data", str(tmp_path / "absent")], "absent: found no such file or folder"),
        (
            ["m.pb", "--data", str(folder), "--split", "test", "--test-fraction", "0"],
            "found 1 faces, none of the split test",
        ),
    ):
        assert evaluate.main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("evaluate: ") and message in line
