"""tools/fit/boxes.py and faces.py: who is drawn, and the file of constants that detection reads."""

import dataclasses
import json

import numpy as np
import pytest

from infer.detect.haar import load_cascades
from infer.detect.yunet import boxes_around, load_weights
from infer.faces.align import five_points
from infer.geometry.boxes import box_of
from records.split import Split
from tests.helpers.drawn import symmetric_face, write_face
from tools import fit_constants
from tools.fit import boxes, cascades
from tools.fit.boxes import fit_five, read_samples
from tools.fit.cascades import LARGE, STARTS
from tools.fit.faces import drawn_faces


def write_set(folder, sets: dict[str, int]):
    """A data set in 300W-LP's layout: grey pictures of 110x120, points around (30..90, 20..100)."""
    points = np.random.default_rng(0).uniform((30, 20), (90, 100), (68, 2))
    points[:2] = (30, 20), (90, 100)
    pose = {"Pose_Para": np.array([[0.1, -0.7, 0, 0, 0, 0, 0]])}
    for name, count in sets.items():
        for index in range(count):
            grey = np.full((120, 110, 3), 90, np.uint8)
            write_face(folder, name, f"{name}_{index}_0", grey, {"pts_2d": points, "pts_3d": points}, pose)
    return folder


def test_faces_are_drawn_evenly_by_seed_from_the_training_side(tmp_path):
    folder, split = write_set(tmp_path / "data", {"BIG": 20, "SMALL": 2, "SMALL_Flip": 2}), Split(0.5)
    chosen = drawn_faces([folder], 8, 1, split)
    assert [item.subset for item in chosen] == ["BIG"] * 4 + ["SMALL"] * (len(chosen) - 4)
    assert len({item.picture for item in chosen}) == len(chosen) == 4 + len(chosen[4:])
    assert drawn_faces([folder], 8, 1, split) == chosen != drawn_faces([folder], 8, 2, split)
    everybody = drawn_faces([folder], 99, 0, split)
    assert {split.side_of(item.source) for item in everybody} == {"train"} and 4 < len(everybody) < 20
    with pytest.raises(ValueError, match="data: found no face on the training side"):
        drawn_faces([folder], 8, 0, Split(0.999999))


def test_an_unknown_jaw_is_read_from_pts_3d(tmp_path, capsys):
    whole = np.random.default_rng(0).uniform(10, 50, (68, 2))
    part = np.where(np.arange(68)[:, None] < 17, np.nan, whole)
    grey = np.zeros((60, 70, 3), np.uint8)
    write_face(tmp_path, "YTF", "YTF_A_0_0", grey, {"pts_2d": part, "pts_3d": whole}, None)
    write_face(tmp_path, "YTF", "YTF_A_1_0", grey, {"pts_2d": part, "pts_3d": part}, None)
    (face,) = read_samples([tmp_path], 5, 0)
    np.testing.assert_allclose(face.box, [*whole.min(axis=0), *whole.max(axis=0)], atol=1e-4)
    np.testing.assert_allclose(face.points, whole, atol=1e-4)
    assert np.isnan(face.yaw) and "skipped: YTF_A_1_0_pts.mat" in capsys.readouterr().err


def test_five_points_lead_to_the_box():
    rng, shape = np.random.default_rng(0), symmetric_face()
    faces = np.array(
        [shape * rng.uniform(20, 90) * rng.uniform(0.9, 1.1, 2) + rng.uniform(0, 300, 2) for _ in range(60)]
    )
    five = fit_five(faces)
    assert five["fit"]["faces"] == 60 and max(five["fit"]["worst_edge_off_50_90"]) < 0.02
    new = shape * 50 + (400, 100)
    (box,) = boxes_around(five_points(new, "ibug68")[None], np.array(five["weights"]))
    np.testing.assert_allclose(box, box_of(new), atol=2)
    with pytest.raises(ValueError, match="five points: found 19 faces, expected at least 20"):
        fit_five(faces[:19])


def test_the_command_writes_what_detection_reads(tmp_path, monkeypatch, capsys):
    folder, out = write_set(tmp_path / "data", {"A": 30}), tmp_path / "new" / "detectors.json"

    def found(classifier, grey, cascade):
        # where the cascade would have to find it: the face is at (30..90, 20..100), the picture drawn out by 12
        box, side = np.array([60 + 12, 60 + 12]), 100
        left, top = box - np.array([cascade.dx, cascade.dy]) * side - (side - 1) / 2
        return np.array([[round(left), round(top), side, side]]), np.array([5])

    monkeypatch.setattr(cascades, "find_squares", found)
    monkeypatch.setattr(boxes, "to_fit", lambda samples, finds: [each.found for each in finds])
    assert fit_constants.main(["boxes", str(folder), "--out", str(out), "--count", "40"]) == 0
    assert "data/A" in capsys.readouterr().out
    *fitted, large = load_cascades(out)
    assert [cascade.name for cascade in fitted] == [start.name for start in STARTS]
    for cascade, start in zip(fitted, STARTS, strict=True):
        assert (cascade.width, cascade.height) == (0.6, 0.8) and cascade.dy == pytest.approx(start.dy, abs=0.01)
    assert large == dataclasses.replace(fitted[1], **LARGE)
    raw = json.loads(out.read_text())
    assert 20 <= raw["fitted_on"]["data/A"] <= 30 and raw["seed"] == 0 and str(tmp_path) not in out.read_text()
    assert load_weights(out).shape == (11, 4) and raw["five_points"]["fit"]["faces"] == raw["fitted_on"]["data/A"]


@pytest.mark.parametrize("kind", ["boxes", "check", "mean_face"])
def test_a_wrong_folder_is_one_line(tmp_path, capsys, kind):
    assert fit_constants.main([kind, str(tmp_path), "--out", str(tmp_path / "d.json")]) == 2
    error = capsys.readouterr().err
    assert f"{tmp_path}: found no pair" in error and error.count("\n") == 1 and not (tmp_path / "d.json").exists()
