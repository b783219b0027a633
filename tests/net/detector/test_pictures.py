"""Training pictures of scenes: decoded with their faces, as often as their subset weighs."""

import cv2
import numpy as np
import pytest

from net.detector.pictures import ScenePictures
from records.scene import SceneRecord


def record(subset: str, value: int) -> SceneRecord:
    image = cv2.imencode(".png", np.full((70, 96, 3), (0, 0, value), np.uint8))[1].tobytes()
    oriented = np.array([[30, 20, 18, 22, 0.25]], np.float32)
    box, five = np.array([[20, 8, 40, 32]], np.float32), np.full((1, 5, 2), np.nan, np.float32)
    return SceneRecord(
        image, 96, 70, oriented, box, five, ("box",), np.array([[1, 2, 9, 8]], np.float32), subset, "a", "a"
    )


def test_pictures_are_rgb_with_their_faces_and_smaller_copies():
    picture = ScenePictures([record("a/x", 90), record("b", 200)], {}).read(1)
    assert picture.levels[0][5, 7].tolist() == [200, 0, 0]
    assert [level.shape[:2] for level in picture.levels] == [(70, 96), (35, 48)]
    assert picture.scene.oriented[0] == pytest.approx([30, 20, 18, 22, 0.25])
    assert picture.scene.ignore[0] == pytest.approx([1, 2, 9, 8])


def test_weights_by_subset_and_none_left():
    scenes = [record("a/x", 9), record("b", 20), record("a/y", 30)]
    assert ScenePictures(scenes, {"a/*": 0.5, "a/y": 3}).weights.tolist() == [0.5, 1, 3]
    with pytest.raises(ValueError, match="leave none"):
        ScenePictures(scenes, {"*": 0})
