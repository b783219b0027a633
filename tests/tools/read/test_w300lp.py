import cv2
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68
from tests.helpers.annotated import IMAGE, POINTS, unknown
from tests.helpers.drawn import HEIGHT, WIDTH, write_face
from tools.read.face import BadSample
from tools.read.w300lp import find, matches, read

POSE = np.array([[0.1, -0.5, 0.2, 9, 9, 9, 9]], np.float32)
NAME = "AFW_1_1_0"
JAWLESS = unknown(POINTS, *range(17))


def old_mat(points=POINTS) -> dict:
    """What `<NAME>.mat` holds, `pt2d` counted from 1."""
    return {"pt2d": points.T.astype(np.float64) + 1, "Pose_Para": POSE}


def one(folder, own=None, old=None, name=NAME, subset="AFW", image=IMAGE):
    """The only item of a set of one face."""
    write_face(folder, subset, name, image, own, old)
    (item,) = find(folder, "set")
    return item


def refused(item, points="pts_2d") -> BadSample:
    with pytest.raises(BadSample) as caught:
        read(item, points)
    return caught.value


@pytest.mark.parametrize("key, shift", [("pts_2d", 0), ("pts_3d", 4)])
def test_points_are_those_of_the_key_asked_for(tmp_path, key, shift):
    item = one(tmp_path, {"pts_2d": POINTS, "pts_3d": POINTS + 4}, old_mat(POINTS + 50))
    face = read(item, key)
    np.testing.assert_allclose(face.points, POINTS + shift)
    np.testing.assert_allclose(face.box, box_of(POINTS + shift))
    np.testing.assert_allclose(face.pose, [0.1, -0.5, 0.2])
    assert face.points.dtype == np.float32 and face.image.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(face.image.astype(int) - IMAGE).mean() < 5


def test_a_flip_is_re_indexed(tmp_path):
    write_face(tmp_path, "AFW", NAME, IMAGE, {"pts_2d": POINTS}, None)
    (tmp_path / "AFW_Flip").mkdir()
    cv2.imwrite(str(tmp_path / "AFW_Flip" / f"{NAME}.jpg"), IMAGE[:, ::-1])
    plain, flip = find(tmp_path, "set")
    assert (flip.subset, flip.source, flip.mirrored) == ("AFW_Flip", plain.source, True)
    mirrored = POINTS * (-1, 1) + (WIDTH - 1, 0)
    face, expected = read(flip, "pts_2d"), mirrored[list(IBUG_68.flip)]
    np.testing.assert_allclose(face.points, expected, atol=1e-4)
    np.testing.assert_allclose(face.box, box_of(expected), atol=1e-4)
    # or from its own old points, which count from one and are mirrored but not re-indexed, as published
    own = one(tmp_path / "old", None, old_mat(mirrored), NAME, "AFW_Flip", IMAGE[:, ::-1])
    np.testing.assert_allclose(read(own, "pts_2d").points, expected, atol=1e-4)


def test_an_unknown_jaw_takes_the_box_of_the_other_points(tmp_path):
    item = one(tmp_path, {"pts_2d": JAWLESS, "pts_3d": POINTS + 3}, name="YTF_A_B_7_0", subset="YTF")
    face, whole = read(item, "pts_2d"), read(item, "pts_3d")
    assert np.isnan(face.points).all(axis=1).tolist() == [True] * 17 + [False] * 51
    np.testing.assert_allclose(face.box, box_of(POINTS + 3))
    np.testing.assert_allclose(whole.box, face.box)
    assert np.isfinite(whole.points).all()


@pytest.mark.parametrize(
    "own, old, missing",
    [
        ({"pts_2d": unknown(POINTS, 8)}, None, [8]),
        ({"pts_2d": JAWLESS, "pts_3d": JAWLESS}, None, list(range(17))),
        (None, old_mat(unknown(POINTS, 0)), [0]),
    ],
)
def test_without_other_points_the_box_is_the_fitted_one(tmp_path, own, old, missing):
    face = read(one(tmp_path, own, old), "pts_2d")
    assert np.flatnonzero(np.isnan(face.points).all(axis=1)).tolist() == missing
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=0.25 * np.ptp(POINTS[:, 0]))


def test_pictures_of_any_kind(tmp_path):
    for name, suffix in (("AFW_1_1_0", ".JPG"), ("AFW_2_1_0", ".png"), ("AFW_3_1_0", ".jpeg"), ("AFW_4_1_0", ".png")):
        path = write_face(tmp_path, "AFW", name, IMAGE, None, old_mat())
        cv2.imwrite(str(path.with_suffix(suffix)), IMAGE)
        if name != "AFW_4_1_0":
            path.unlink()
    assert matches(tmp_path)
    items = find(tmp_path, "set")
    names = ["AFW_1_1_0.JPG", "AFW_2_1_0.png", "AFW_3_1_0.jpeg", "AFW_4_1_0.jpg"]
    assert [item.picture.name for item in items] == names
    np.testing.assert_allclose(read(items[1], "pts_2d").points, POINTS, atol=1e-4)


@pytest.mark.parametrize(
    "own, reason, message",
    [
        ({"pts_2d": np.zeros((68, 3))}, "wrong shape", "pts_2d is (68, 3), expected (68, 2)"),
        ({"pts_3d": POINTS, "other": 1}, "missing key", "found pts_3d, other, expected pts_2d"),
        ({"pts_2d": np.full((68, 2), np.nan)}, "no known point", "pts_2d: found no known point"),
        ({"pts_2d": POINTS + 1j}, "wrong type", "pts_2d is complex (68, 2)"),
        ({"pts_2d": scipy.sparse.csc_matrix(POINTS.astype(float))}, "wrong type", "pts_2d is sparse (68, 2)"),
        ({"pts_2d": "text"}, "wrong type", "pts_2d is text "),
        ({"pts_2d": JAWLESS, "pts_3d": np.zeros((3, 68))}, "wrong shape", "pts_3d is (3, 68)"),
        ({"pts_2d": unknown(POINTS, *range(2, 68))}, "unknown box", "pts_2d: found 2 known points"),
    ],
)
def test_bad_annotations_are_named(tmp_path, own, reason, message):
    error = refused(one(tmp_path, own))
    assert error.reason == reason and str(error).startswith(f"{NAME}_pts.mat") and message in str(error)


@pytest.mark.parametrize(
    "old, name, reason, message",
    [
        ({"pt2d": np.zeros((68, 2))}, NAME, "wrong shape", "pt2d is (68, 2), expected (2, 68)"),
        (old_mat(np.full((68, 2), np.nan)), NAME, "no known point", "pt2d: found no known point"),
        (old_mat(), "AFW_1_1_12", "stale points", "expected landmarks/AFW/AFW_1_1_12_pts.mat"),
    ],
)
@pytest.mark.parametrize("subset", ["AFW", "AFW_Flip"])
def test_bad_old_annotations_are_named(tmp_path, subset, old, name, reason, message):
    item = one(tmp_path, None, old, name, subset)
    assert refused(item, "pts_3d").reason == "missing key"  # pt2d does not stand in for it
    error = refused(item)
    assert error.reason == reason and str(error).startswith(f"{name}.mat") and message in str(error)


def test_pictures_without_annotation_are_told(tmp_path):
    write_face(tmp_path, "AFW", "AFW_1_1_1", IMAGE, None, None)
    with pytest.raises(ValueError, match=f"{tmp_path.name}: found no pair"):
        find(tmp_path, "set")
    write_face(tmp_path, "AFW", NAME, IMAGE, {"pts_2d": POINTS}, None)
    sound, bare = find(tmp_path, "set")
    assert (sound.name, bare.name) == (NAME, "AFW_1_1_1")
    error = refused(bare)
    assert error.reason == "missing annotation" and "AFW_1_1_1.jpg: found no AFW_1_1_1_pts.mat" in str(error)
    with pytest.raises(FileNotFoundError, match="absent: no such folder"):
        find(tmp_path / "absent", "set")
