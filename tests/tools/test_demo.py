"""tools/demo.py whole, but for the commands, which take minutes: each reads its options, and its files are there."""

import json
import shutil

import cv2
import numpy as np

from tests.helpers import tiny_model
from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.drawn import draw_set
from tools import demo


def test_the_commands_are_ones_that_the_scripts_take(tmp_path, monkeypatch, capsys):
    out = tmp_path / "demo"

    def drawn(args):
        draw_set(args.out, sources=24, views=1)
        for picture in list(args.out.glob("*/*.jpg")):  # as make_faces.py names them
            shutil.copy(picture, picture.with_name(f"DRAWN_{picture.name}"))

    def found(args):
        args.out.mkdir()
        faces = [{"faces": [{}] * number} for number in (2, 1, 0)]
        (args.out / "points.json").write_text(json.dumps({"images": faces}))

    def evaluated(args):
        args.out.mkdir()
        row = {"inter_ocular, 1 pass": 4.25, "number": 9}
        (args.out / "evaluation.json").write_text(json.dumps({"rows": [row]}))

    calls = record_calls(
        monkeypatch,
        demo,
        {
            "tools/make_faces.py": drawn,
            "export/freeze.py": lambda args: tiny_model.write_model(args.out),
            "infer/run.py": found,
            "tools/evaluate.py": evaluated,
        },
    )
    assert demo.main(["--out", str(out), "--count", "24", "--steps", "7", "--precision", "float32"]) == 0
    assert scripts_of(calls) == [
        "tools/make_faces.py",
        "tools/make_records.py",
        "net/train.py",
        "export/freeze.py",
        "infer/run.py",
        "tools/evaluate.py",
    ]
    plan = dict(calls)["net/train.py"]
    assert (plan.length.steps, plan.settings.precision) == (7, "float32")
    alone, together = len(list((out / "pictures").glob("DRAWN_*"))), cv2.imread(str(out / "pictures" / "group.jpg"))
    assert (out / "pictures" / "grace_hopper.jpg").is_file() and alone > 0
    members = min(3, alone)
    printed = capsys.readouterr().out
    assert "4.25 %" in printed and "9 held-out" in printed and f"3 pictures: 3 of {alone + members + 1}\n" in printed
    assert together.shape[1] > together.shape[0]


def test_a_group_stands_side_by_side_in_its_sizes():
    first, second = np.full((40, 30, 3), 200, np.uint8), np.full((20, 60, 3), 90, np.uint8)
    found = demo.group([first, second])
    assert found.shape == (40, 30 + 42, 3) and (found[:, :30] == 200).all()
    assert (found[:26, 30:] == 0).all() and (found[26:, 30:] == 90).all()  # at the foot, 0.7 as large
