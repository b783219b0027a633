"""tools/demo.py whole, but for the commands, which take minutes: each reads its options, and its files are there."""

import json
import shutil

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
            "tools/evaluate.py": evaluated,
        },
    )
    assert demo.main(["--out", str(out), "--count", "24", "--steps", "7"]) == 0
    assert scripts_of(calls) == [
        "tools/make_faces.py",
        "tools/make_records.py",
        "net/train.py",
        "export/freeze.py",
        "infer/run.py",
        "tools/evaluate.py",
    ]
    assert dict(calls)["net/train.py"].length.steps == 7
    assert (out / "pictures" / "grace_hopper.jpg").is_file() and len(list((out / "pictures").glob("DRAWN_*"))) > 0
    printed = capsys.readouterr().out
    assert "4.25 %" in printed and "9 held-out" in printed
