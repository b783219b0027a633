import json

import cv2
import numpy as np
import pytest

from tests.helpers.drawn import draw_set
from tools.evaluation.scenes.selection import SceneSelection, read_scene
from tools.evaluation.splits import ChosenSplit
from tools.read import scenes

EVERY = ChosenSplit("all")


def test_faces_of_a_landmark_set_keep_their_points_and_their_pose(tmp_path):
    data = draw_set(tmp_path / "drawn", sources=2, views=2)
    selection = SceneSelection((data,), "all")
    found = {scene.key: scene for scene in selection.scenes(selection.items(EVERY))}
    assert sorted(found) == [
        f"drawn/{name}_1_{view}" for name in ("AFW/AFW_1001", "HELEN/HELEN_1000") for view in (0, 1)
    ]
    (face,) = found["drawn/AFW/AFW_1001_1_1"].faces
    assert face.yaw == pytest.approx(0.3) and face.points.shape == (68, 2) and face.by == "points"
    np.testing.assert_allclose(face.box, [*face.points.min(axis=0), *face.points.max(axis=0)], atol=1e-3)
    np.testing.assert_allclose(face.five[2], face.points[30], atol=1e-3)
    assert face.height == pytest.approx(np.ptp(face.points[:, 1]))
    assert found["drawn/AFW/AFW_1001_1_1"].source == "AFW_1001"


def test_faces_of_a_list_have_boxes_and_what_is_ignored(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((50, 70, 3), 9, np.uint8))
    face = {"box": [1, 2, 31, 22], "five": None, "by": "me"}
    (tmp_path / "some.jsonl").write_text(json.dumps({"file": "a.png", "faces": [face], "ignore": [[40, 0, 60, 9]]}))
    selection = SceneSelection((tmp_path / "some.jsonl",), "all")
    assert selection.names == ["some"]
    (scene,) = (read_scene(item, "pts_2d") for item in scenes.find(tmp_path / "some.jsonl", "some"))
    (one,) = scene.faces
    assert (one.height, one.by, one.points) == (20, "me", None) and np.isnan(one.yaw) and np.isnan(one.five).all()
    assert scene.ignore.tolist() == [[40, 0, 60, 9]] and scene.image.shape == (50, 70, 3) and scene.name == "some"


def test_so_many_of_each_set_by_the_seed(tmp_path):
    sets = [draw_set(tmp_path / name, sources=count, views=1) for name, count in (("one", 6), ("two", 3))]
    first, again, other = (
        [item.key for item in SceneSelection(tuple(sets), "all", count=4, seed=seed).items(EVERY)] for seed in (1, 1, 2)
    )
    assert first == again != other
    assert [sum(key.startswith(name) for key in first) for name in ("one", "two")] == [4, 3]


def test_scenes_in_less_light_are_darker_with_noise(tmp_path):
    data = draw_set(tmp_path / "drawn", sources=1, views=1)
    bright, dark = (
        next(selection.scenes(selection.items(EVERY)))
        for selection in (SceneSelection((data,), "all"), SceneSelection((data,), "all", light=0.25))
    )
    off = dark.image - 0.25 * bright.image
    lit = bright.image > 100  # elsewhere noise is cut at 0
    assert off[lit].mean() == pytest.approx(-0.5, abs=0.2) and off[lit].std() == pytest.approx(5, abs=0.3)
    np.testing.assert_array_equal(dark.faces[0].box, bright.faces[0].box)


@pytest.mark.parametrize("light", [0.0, 1.1, float("nan")])
def test_what_is_no_light_is_refused(tmp_path, light):
    with pytest.raises(ValueError, match="found .*expected more than 0"):
        SceneSelection((tmp_path,), "all", light=light)
