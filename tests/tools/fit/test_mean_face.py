"""tools/fit/mean_face.py: the solid face comes back from pictures of it."""

import json

import numpy as np
import pytest

from infer.faces.pose import mean_face
from tests.helpers.drawn import draw_face, write_face
from tests.helpers.fitted import seen_from, solid_face
from tools import fit_constants
from tools.fit import mean_face as fit_mean_face


def test_a_wrong_folder_is_one_line(tmp_path, capsys):
    assert fit_constants.main(["mean_face", str(tmp_path), "--out", str(tmp_path / "d.json")]) == 2
    error = capsys.readouterr().err
    assert f"{tmp_path}: found no pair" in error and error.count("\n") == 1 and not (tmp_path / "d.json").exists()


def test_the_command_writes_what_pose_reads(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fit_mean_face, "FEWEST", 5)
    rng, face, folder = np.random.default_rng(1), solid_face(), tmp_path / "300W_LP"
    for index in range(14):
        angles = rng.uniform(-0.5, 0.5, 3)
        points = seen_from(face, angles, 40) * 0.4
        own = {"pts_2d": points, "pts_3d": points} if index < 12 else {"pts_2d": points}  # which is left out
        old = {"Pose_Para": np.r_[angles, np.zeros(4)][None]}
        write_face(folder, "AFW", f"AFW_{index}_1_0", draw_face(points, rng), own, old)
    argv = ["mean_face", str(folder), "--out", str(tmp_path / "face.json")]
    assert fit_constants.main(argv) == 0
    np.testing.assert_allclose(mean_face(tmp_path / "face.json").points, face, atol=1e-3)
    written = json.loads((tmp_path / "face.json").read_text())
    assert written["residual"] < 0.01 and str(tmp_path) not in str(written)
    assert written["fitted_on"]["300W_LP"] == pytest.approx(12, abs=3)  # some are held out
    monkeypatch.setattr(fit_mean_face, "FEWEST", 50)
    assert fit_constants.main(argv) == 2 and "expected at least 50" in capsys.readouterr().err
