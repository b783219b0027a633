import cv2
import numpy as np
import pytest
import scipy.io

from tests.helpers.annotated import IMAGE, POINTS
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read.aflw2000 import find, matches, read
from tools.read.face import BadSample

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


def test_items_are_sorted_and_each_its_own_source(tmp_path):
    for name in ("image00007", "image00003"):
        one(tmp_path, name=name)
    (tmp_path / "image00003.jpg").rename(tmp_path / "image00003.JPG")
    cv2.imwrite(str(tmp_path / "alone.jpg"), np.zeros((5, 6, 3), np.uint8))
    items = find(tmp_path, "set")
    assert [item.key for item in items] == ["set/all/image00003", "set/all/image00007"]
    assert [item.source for item in items] == ["image00003", "image00007"]
    assert {item.format for item in items} == {"aflw2000"}


def test_without_a_pair_there_is_no_set(tmp_path):
    assert not matches(tmp_path)
    with pytest.raises(ValueError, match="found 0 pictures and no pair"):
        find(tmp_path, "set")
    with pytest.raises(FileNotFoundError, match="nowhere: found no such folder"):
        find(tmp_path / "nowhere", "set")
    one(tmp_path)
    assert matches(tmp_path) and not matches(tmp_path / "image00002.jpg")


@pytest.mark.parametrize(
    "arrays, reason, found",
    [
        ({"pt2d": np.zeros((2, 21))}, "missing key", "found pt2d, expected pt3d_68"),
        ({"pt3d_68": np.zeros((2, 68))}, "wrong shape", r"pt3d_68 is \(2, 68\)"),
    ],
)
def test_wrong_files_are_bad_samples(tmp_path, arrays, reason, found):
    item = one(tmp_path)
    scipy.io.savemat(item.annotation, arrays)
    with pytest.raises(BadSample, match=f"image00002.mat: {found}") as caught:
        read(item)
    assert caught.value.reason == reason


def test_genuine_files(shared_data):
    items = find(shared_data("genuine", "AFLW2000"), "AFLW2000")
    assert [item.name[-5:] for item in items] == ["00050", "00430", "00516", "02283", "02616", "04331"]
    face = read(items[0])
    np.testing.assert_allclose(face.points[[0, 8, 45]], [[124.85, 208.62], [214.2, 375.84], [293.19, 220.0]], atol=0.01)
    np.testing.assert_allclose(face.pose, [-0.0814, 0.0164, 0.0984], atol=1e-4)
    assert all(np.isfinite(read(item).points).all() for item in items)
