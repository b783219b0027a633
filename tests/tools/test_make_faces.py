"""The drawn set: layout of 300W-LP, exact points, the same bytes for the same seed, nothing replaced unasked."""

import hashlib

import cv2
import numpy as np
import pytest
from scipy.io import loadmat

from infer.detect.own import OwnDetector
from infer.geometry.rotations import rotation_of
from infer.model.shipped import HERE
from tools import make_faces
from tools.draw import files
from tools.draw.head import make_head
from tools.draw.person import random_person

COUNT, VIEWS = 7, 3  # the third head has one view only


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn") / "300W_LP")


def draw(out, *options, count=COUNT, code=0):
    argv = ["--out", out, "--count", count, "--views", VIEWS, "--seed", 11, "--workers", 1, *options]
    assert make_faces.main([str(word) for word in argv]) == code
    return out


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read(folder, name):
    return {**loadmat(folder / "DRAWN" / f"{name}.mat"), **loadmat(folder / "landmarks" / "DRAWN" / f"{name}_pts.mat")}


def names(folder):
    return sorted(path.stem for path in (folder / "DRAWN").glob("*.jpg"))


def test_layout_is_that_of_300w_lp(drawn):
    views = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)]
    assert names(drawn) == [f"DRAWN_00000{photo}_1_{view}" for photo, view in views]
    assert len(digests(drawn)) == 3 * COUNT
    expected = {"pt2d": ((2, 68), "float64"), "Pose_Para": ((1, 7), "float32"), "roi": ((1, 4), "int16")}
    expected |= dict.fromkeys(("pts_2d", "pts_3d"), ((68, 2), "float32"))
    for name in names(drawn):
        assert cv2.imread(str(drawn / "DRAWN" / f"{name}.jpg")).shape == (450, 450, 3)
        mat = read(drawn, name)
        assert {key: (mat[key].shape, str(mat[key].dtype)) for key in expected} == expected
        assert mat["pts_2d"].min() > 0 and mat["pts_2d"].max() < 449


def test_same_seed_same_bytes_with_any_workers_and_count(drawn, tmp_path):
    assert digests(draw(tmp_path / "two", "--workers", 2)) == digests(drawn)
    fewer = digests(draw(tmp_path / "fewer", count=2))
    assert len(fewer) == 6 and fewer.items() <= digests(drawn).items()
    assert not digests(draw(tmp_path / "other", "--seed", 12, count=1)).items() & digests(drawn).items()


def test_the_set_stays_what_it_was(drawn):
    """Figures of this seed from the first version on: benchmarks and models of drawn faces go by the set."""
    mat, picture = read(drawn, "DRAWN_000001_1_1"), cv2.imread(str(drawn / "DRAWN" / "DRAWN_000001_1_1.jpg"))
    np.testing.assert_allclose(
        mat["pts_2d"][[3, 8, 30, 45]],
        [[158.05, 287.46], [250.31, 365.22], [298.84, 274.0], [310.36, 247.56]],
        atol=0.01,
    )
    np.testing.assert_allclose(picture.mean(axis=(0, 1)), [98.4, 95.9, 115.0], atol=0.5)  # blue, green, red


def test_pt2d_is_one_based_and_stale_as_in_the_genuine_set(drawn):
    first, turned = read(drawn, "DRAWN_000001_1_0"), read(drawn, "DRAWN_000001_1_2")
    np.testing.assert_allclose(first["pt2d"].T - first["pts_2d"], 1, atol=1e-4)
    np.testing.assert_array_equal(first["pt2d"], turned["pt2d"])
    assert np.abs(turned["pt2d"].T - 1 - turned["pts_2d"]).max() > 10
    np.testing.assert_array_equal(turned["pts_2d"][17:], turned["pts_3d"][17:])
    assert np.abs(turned["pts_2d"] - turned["pts_3d"])[:17].max() > 15  # the jaw alone tells them apart


def test_pose_para_projects_the_head_to_the_points(drawn):
    rng = np.random.default_rng([11, 1])  # how the second head is seeded
    head = make_head(random_person(rng), rng)
    mat = read(drawn, "DRAWN_000001_1_2")
    *angles, tx, ty, _, scale = mat["Pose_Para"][0].astype(float)
    moved = scale * rotation_of(angles) @ (1000 * head.points.T)
    np.testing.assert_allclose(mat["pts_3d"], np.column_stack([moved[0] + tx, 451 - moved[1] - ty]), atol=2e-3)


def test_a_folder_that_is_not_empty_stays(drawn, tmp_path, capsys):
    before = digests(drawn)
    draw(drawn, count=1, code=2)
    assert str(drawn) in capsys.readouterr().err and digests(drawn) == before
    place = tmp_path / "other" / "landmarks" / "AFW"
    place.mkdir(parents=True)
    (place / "precious.mat").write_text("x")
    draw(tmp_path / "other", "--overwrite", count=1, code=2)
    assert "AFW" in capsys.readouterr().err and (place / "precious.mat").exists()
    (tmp_path / "file").write_text("x")
    draw(tmp_path / "file", "--overwrite", count=1, code=2)


def test_overwrite_replaces_a_drawn_set_or_leaves_it_whole(tmp_path, monkeypatch, capsys):
    out = draw(tmp_path / "set", count=2)
    draw(out, "--overwrite", count=1)
    assert names(out) == ["DRAWN_000000_1_0"] and [path.name for path in tmp_path.iterdir()] == ["set"]
    before = digests(out)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "mat_bytes", full)
    draw(out, "--overwrite", count=1, code=2)
    assert "no space left" in capsys.readouterr().err
    assert digests(out) == before and [path.name for path in tmp_path.iterdir()] == ["set"]


def test_bad_numbers_are_named(tmp_path, capsys):
    for option, value in (("--views", 0), ("--workers", 0), ("--seed", -1)):
        draw(tmp_path / "set", option, value, code=2)
        assert f"{option}: found {value}" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_samples_hold_faces_that_the_detector_finds(tmp_path, capsys):
    assert make_faces.main(["--samples", str(tmp_path)]) == 0
    detector = OwnDetector(HERE / "detector.pb")
    pictures = [cv2.imread(str(path)) for path in sorted(tmp_path.iterdir())]
    assert [len(detector.find(picture)) for picture in pictures] == [1, 1, 2, 1]
    assert make_faces.main(["--samples", str(tmp_path)]) == 2 and "drawn_1.jpg" in capsys.readouterr().err
