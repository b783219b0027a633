"""The demo's own part: drawn faces as Kaggle's files, and commands in a row."""

from pathlib import Path

import numpy as np
import pytest

from infer.kaggle.files import read_faces
from records.split import Split
from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.drawn import draw_set
from tools.kaggle import demo as kaggle_demo
from tools.kaggle.drawn import write_files
from tools.kaggle.files import read_locations, write_training
from tools.read import kaggle, w300lp


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The drawn set, the folder of files made of it, and the items of these files' training rows."""
    folder = tmp_path_factory.mktemp("demo")
    faces = draw_set(folder / "300W_LP", sources=24, views=1)
    write_files(faces, folder / "files", Split(0.15))
    return faces, folder / "files", kaggle.find(folder / "files", "set")


def test_every_face_is_on_one_side(drawn):
    faces, folder, items = drawn
    tested = dict(read_faces(folder / "test.csv"))
    assert len(items) + len(tested) == len(w300lp.find(faces, "300W_LP")) and len(tested) > 1
    assert len(read_locations(folder / "solution.csv")) == 30 * len(tested)
    subsets = [item.subset for item in items]
    assert 0 < subsets.count("full") < subsets.count("partial")
    for item in items:  # known are all points or the common four
        known = np.isfinite(item.data.points).all(axis=1)
        assert known.all() or np.flatnonzero(known).tolist() == [0, 1, 10, 14]


def test_points_lie_where_the_picture_has_them(drawn):
    """Eyes are darker than the cheeks under them, in the grey picture as it was drawn."""
    *_, items = drawn
    for face in (kaggle.read(item) for item in items if item.subset == "full"):
        assert face.points.min() > 0 and face.points.max() < 96
        eyes, cheeks = face.points[:2], face.points[:2] + (0, 12)
        grey = [face.image[tuple(np.rint(spot[::-1]).astype(int))][0] for spot in (*eyes, *cheeks)]
        assert max(grey[:2]) < min(grey[2:])


def test_a_row_without_a_picture_is_not_written(tmp_path):
    faulty = kaggle.Row(np.zeros((15, 2)), fault=("unreadable annotation", "row 3: found 7 cells"))
    with pytest.raises(ValueError, match="row 3"):
        write_training(tmp_path, [faulty])
    assert not list(tmp_path.iterdir())


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
    assert given["net/train.py"].records.validation > 0  # the best weights are not chosen on the rows of the score
    assert all(Path(path).exists() for script, args in calls if script == "infer/run.py" for path in args.paths)
    assert (out / "files" / "solution.csv").is_file() and any((out / "pictures").iterdir())
    assert str(out / "submission.csv") in capsys.readouterr().out
