"""tools/measure/crops.py: what a find's crop is off, in the true crop's own frame; the ranges that follow."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from infer.geometry.candidates import Candidates
from infer.geometry.rotations import rotation
from tests.helpers.drawn import draw_set
from tools.measure import crops
from tools.read import formats
from tools.read.standing import oriented_of

TRUE = np.array([50.0, 60.0, 30.0, 40.0, 0.5])
MOVE = np.array([6.0, -3.0])


def test_what_a_find_is_off_counts_in_the_frame_of_the_true_crop():
    """Its longer edge is 40, so that the crop with a margin of 0.25 is 60 wide."""
    x, y = TRUE[:2] + rotation(0.5) @ MOVE
    found = np.array([x, y, 44.0, 33.0, 0.5 - 0.2])
    expected = [np.degrees(-0.2), np.log(1.1), 0.1, -0.05]
    np.testing.assert_allclose(crops.off(TRUE, found, 0.25), expected, atol=1e-9)
    over = crops.off(np.array([0, 0, 3, 4, np.pi - 0.1]), np.array([0, 0, 3, 4, 0.2 - np.pi]), 0)
    np.testing.assert_allclose(over, [np.degrees(0.3), 0, 0, 0], atol=1e-9)  # the short way round


def landmarker_of(finds: dict[bytes, Candidates]):
    """What finds these in pictures of these bytes, of scores from 0.4 on."""
    detector = SimpleNamespace(find=lambda image: finds[image.tobytes()], threshold=0.4)
    contract = SimpleNamespace(crop=SimpleNamespace(margin=0.25))
    return SimpleNamespace(open_detector=lambda: detector, contract=contract)


def test_the_find_that_is_the_face_counts(tmp_path):
    """Beside it lies something surer, and on it something unsure; the second face is missed."""
    items = formats.find(draw_set(tmp_path / "tiny", sources=2, views=1), "tiny")
    faces = [formats.read(item, "pts_2d") for item in items]
    true = [oriented_of(face) for face in faces]
    near = true[0] * (1, 1, 1.1, 1.1, 1) + (*(rotation(true[0][4]) @ MOVE), 0, 0, 0.1)
    oriented = np.array([true[0] + (150, 0, 0, 0, 0), near, true[0], true[1] + (150, 0, 0, 0, 0)])
    found = Candidates(np.array([0.9, 0.5, 0.3, 0.8]), oriented, np.full((4, 5, 2), np.nan))
    finds = {faces[0].image.tobytes(): found.chosen([0, 1, 2]), faces[1].image.tobytes(): found.chosen([3])}
    rows = crops.measure(landmarker_of(finds), items)
    (first,) = rows[f"tiny/{items[0].subset}, yaw 0-30"]
    side = max(true[0][2:4]) * 1.5
    np.testing.assert_allclose(first, [np.degrees(0.1), np.log(1.1), *(MOVE / side)], atol=1e-6)
    assert np.isnan(rows[f"tiny/{items[1].subset}, yaw 0-30"]).all() and len(crops.found_of(rows)) == 1
    lines = crops.table(rows).splitlines()
    assert lines[-1].startswith("| all | 2 | 50.0 | +5.7 (5.7 / 5.7 / 5.7 / 5.7) | +0.095")
    finds[faces[0].image.tobytes()] = found.chosen([0])
    with pytest.raises(ValueError, match="found no face again among 2 held-out ones"):
        crops.measure(landmarker_of(finds), items)


def test_training_varies_crops_as_far_as_most_finds_are_off(tmp_path):
    found = np.linspace(-1, 1, 201)[:, None] * (10, 0.2, 0.03, -0.04)
    assert crops.ranges(found) == pytest.approx({"turn": 11.875, "scale": 0.2375, "shift": 0.0475}, rel=1e-6)
    assert "`--turn 11.9 --scale 0.24 --shift 0.05`" in crops.advice(found)
    crops.plot(found, tmp_path / "crops.png")
    assert cv2.imread(str(tmp_path / "crops.png")).shape[1] > 3 * 300
