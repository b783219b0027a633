import cv2
import numpy as np
import pytest
import scipy.io

from tests.helpers.annotated import IMAGE, POINTS
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read.aflw2000 import find, matches, read

POSE = np.array([[0.1, -0.5, 0.2, 9, 9, 9, 9]], np.float32)


def one(folder, points=POINTS, name="image00002", **more):
    """The only item of a set of one face; points 0-based, [68, 2]."""
    cv2.imwrite(str(folder / f"{name}.jpg"), IMAGE)
    depth = np.linspace(-80, 80, 68)
    document = {"pt3d_68": np.stack([*(points + 1).T, depth]).astype(np.float32), "Pose_Para": POSE, **more}
    scipy.io.savemat(folder / f"{name}.mat", document)
    return find(folder, "set")[-1]


@pytest.mark.parametrize("key, shift", [("pts_2d", 0), ("pts_3d", WIDTH * 0.6)])
def test_points_count_from_one_and_pose_is_read(tmp_path, key, shift):
    points = POINTS + (shift, 0)  # some lie outside the picture
    face = read(one(tmp_path, points, pt2d=np.zeros((2, 21))), key)
    assert face.points.dtype == np.float32
    np.testing.assert_allclose(face.points, points, atol=1e-4)
    np.testing.assert_allclose(face.box, [*points.min(axis=0), *points.max(axis=0)], atol=1e-4)
    np.testing.assert_allclose(face.pose, POSE[0, :3])
    assert face.image.shape == (HEIGHT, WIDTH, 3)


def test_without_a_pair_there_is_no_set(tmp_path):
    assert not matches(tmp_path)
    with pytest.raises(ValueError, match="found 0 pictures and no pair"):
        find(tmp_path, "set")
    with pytest.raises(FileNotFoundError, match="nowhere: found no such folder"):
        find(tmp_path / "nowhere", "set")
    one(tmp_path)
    assert matches(tmp_path) and not matches(tmp_path / "image00002.jpg")
