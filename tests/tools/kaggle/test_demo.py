"""The demo's own part: drawn faces as Kaggle's files."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from export import freeze
from infer import run
from infer.kaggle.files import read_faces
from net import train
from tests.helpers.drawn import draw_set
from tools import make_faces, make_records
from tools.kaggle import demo as demo_kaggle
from tools.kaggle import score as score_submission
from tools.kaggle.files import read_locations
from tools.read import kaggle as read_kaggle
from tools.read import w300lp as read_300w_lp


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    faces = draw_set(folder / "300W_LP", sources=24, views=1)
    demo_kaggle.write_files(faces, folder / "files")
    return faces, folder / "files"


def test_every_face_is_on_one_side(files):
    faces, folder = files
    items = read_kaggle.find(folder, "set")
    tested = dict(read_faces(folder / "test.csv"))
    assert len(items) + len(tested) == len(read_300w_lp.find(faces, "300W_LP")) and len(tested) > 1
    subsets = [item.subset for item in items]
    assert 0 < subsets.count("full") < subsets.count("partial")
    assert len(read_locations(folder / "solution.csv")) == 30 * len(tested)


def test_points_lie_where_the_picture_has_them(files):
    """Eyes are darker than the cheeks under them, in the grey picture as it was drawn."""
    _, folder = files
    full = [item for item in read_kaggle.find(folder, "set") if item.subset == "full"]
    for item in full:
        face = read_kaggle.read(item)
        assert face.points.min() > 0 and face.points.max() < 96
        eyes, cheeks = face.points[:2], face.points[:2] + (0, 12)
        grey = [face.image[tuple(np.rint(spot[::-1]).astype(int))][0] for spot in (*eyes, *cheeks)]
        assert max(grey[:2]) < min(grey[2:])


def test_known_points_are_all_or_the_common_four(files):
    _, folder = files
    for item in read_kaggle.find(folder, "set"):
        known = np.isfinite(item.data.points).all(axis=1)
        assert known.all() or np.flatnonzero(known).tolist() == [0, 1, 10, 14]


PARSERS = {
    "tools/make_faces.py": make_faces,
    "tools/make_records.py": make_records,
    "net/train.py": train,
    "export/freeze.py": freeze,
    "infer/run.py": run,
    "tools/kaggle/score.py": score_submission,
}


def test_the_commands_are_ones_that_the_scripts_take(tmp_path, monkeypatch, capsys):
    """The demo whole, but for the commands, which take minutes: each reads its options, and its files are there."""
    done = []

    def call(script, *arguments):
        done.append(script)
        args = PARSERS[script].parse_args([str(argument) for argument in arguments])
        if script == "tools/make_faces.py":
            draw_set(Path(args.out), sources=24, views=1)
        if script == "net/train.py":
            assert args.steps == 7 and args.validation > 0  # the best weights are not chosen on the rows of the score
        if script == "infer/run.py":
            assert all((tmp_path / path).exists() for path in args.paths)

    monkeypatch.setattr(demo_kaggle, "call", call)
    assert demo_kaggle.main(["--out", str(tmp_path / "demo"), "--count", "24", "--steps", "7"]) == 0
    assert list(dict.fromkeys(done)) == list(PARSERS) and done.count("infer/run.py") == 2
    assert (tmp_path / "demo" / "files" / "solution.csv").is_file() and any((tmp_path / "demo" / "pictures").iterdir())
    assert "submission.csv" in capsys.readouterr().out


def test_a_command_that_fails_ends_the_demo(tmp_path, monkeypatch, capsys):
    def call(script, *arguments):
        raise subprocess.CalledProcessError(3, ["python", script])

    monkeypatch.setattr(demo_kaggle, "call", call)
    assert demo_kaggle.main(["--out", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "demo: tools/make_faces.py ended with exit code 3\n"
