"""The demo's own part: drawn faces as Kaggle's files, and commands in a row."""

from pathlib import Path

from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.drawn import draw_set
from tools.kaggle import demo as kaggle_demo


def test_the_commands_are_ones_that_the_scripts_take(tmp_path, monkeypatch, capsys):
    """The demo whole, but for the commands, which take minutes: each reads its options, and its files are there."""
    faces = {"tools/make_faces.py": lambda args: draw_set(args.out, sources=24, views=1)}
    calls = record_calls(monkeypatch, kaggle_demo, faces)
    out = tmp_path / "demo"
    assert kaggle_demo.main(["--out", str(out), "--count", "24", "--steps", "7"]) == 0
    first = ["tools/make_faces.py", "tools/make_records.py", "net/train.py", "export/freeze.py"]
    assert scripts_of(calls) == [*first, "infer/run.py", "infer/run.py", "tools/kaggle/score.py"]
    given = dict(calls)
    assert given["net/train.py"].length.steps == 7
    assert given["net/train.py"].task.records.validation > 0  # the best weights are not chosen on the rows of the score
    assert all(Path(path).exists() for script, args in calls if script == "infer/run.py" for path in args.paths)
    assert (out / "files" / "solution.csv").is_file() and any((out / "pictures").iterdir())
    assert str(out / "submission.csv") in capsys.readouterr().out
