import cv2
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from records.landmarks import IBUG_68, flip_points
from tests.helpers.drawn import HEIGHT, WIDTH, draw_face, random_face, write_face
from tools.read.face import BadSample
from tools.read.w300lp import find, read, view_of

RNG = np.random.default_rng(11)
POINTS = random_face(RNG)
IMAGE = draw_face(POINTS, RNG)
POSE = np.array([[0.1, -0.5, 0.2, 9, 9, 9, 9]], np.float32)
NAME = "AFW_1_1_0"


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
    assert face.points.dtype == np.float32
    np.testing.assert_allclose(face.box, [*(POINTS + shift).min(axis=0), *(POINTS + shift).max(axis=0)])
    np.testing.assert_allclose(face.pose, [0.1, -0.5, 0.2])
    assert face.image.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(face.image.astype(int) - IMAGE).mean() < 5


def test_without_a_pose_it_is_unknown(tmp_path):
    face = read(one(tmp_path, {"pts_2d": POINTS}), "pts_2d")
    assert face.pose.dtype == np.float32 and np.isnan(face.pose).tolist() == [True] * 3
    scipy.io.savemat(tmp_path / "AFW" / f"{NAME}.mat", {"Pose_Para": np.zeros((1, 2))})
    assert np.isnan(read(find(tmp_path, "set")[0], "pts_2d").pose).all()


def test_the_old_points_of_a_photograph_count_from_one(tmp_path):
    face = read(one(tmp_path, None, old_mat()), "pts_2d")
    np.testing.assert_allclose(face.points, POINTS, atol=1e-4)
    np.testing.assert_allclose(face.box, [*POINTS.min(axis=0), *POINTS.max(axis=0)], atol=1e-4)


@pytest.mark.parametrize("subset", ["AFW", "AFW_Flip"])
def test_the_old_points_of_a_turned_view_are_skipped(tmp_path, subset):
    error = refused(one(tmp_path, None, old_mat(), "AFW_1_1_12", subset))
    assert error.reason == "stale points"
    assert "AFW_1_1_12.mat: pt2d of a turned view" in str(error)
    assert str(error).endswith("expected landmarks/AFW/AFW_1_1_12_pts.mat")


def test_views():
    assert [view_of(name) for name in ("AFW_1_1_0", "AFW_1_1_16", "someone", "a_b")] == [0, 16, 0, 0]


def test_a_flip_is_re_indexed_from_the_plain_points(tmp_path):
    write_face(tmp_path, "AFW", NAME, IMAGE, {"pts_2d": POINTS}, None)
    cv2.imwrite(str(tmp_path / "AFW" / f"{NAME}.jpg"), IMAGE)
    (tmp_path / "AFW_Flip").mkdir()
    cv2.imwrite(str(tmp_path / "AFW_Flip" / f"{NAME}.jpg"), IMAGE[:, ::-1])
    plain, flip = find(tmp_path, "set")
    assert (flip.subset, flip.source, flip.mirrored) == ("AFW_Flip", plain.source, True)
    face, expected = read(flip, "pts_2d"), POINTS[list(IBUG_68.flip)]
    np.testing.assert_allclose(face.points[:, 0], WIDTH - 1 - expected[:, 0], atol=1e-4)
    np.testing.assert_allclose(face.points[:, 1], expected[:, 1], atol=1e-4)
    np.testing.assert_allclose(face.box, [*face.points.min(axis=0), *face.points.max(axis=0)], atol=1e-4)


def test_a_flip_is_re_indexed_from_its_own_old_points(tmp_path):
    mirrored = POINTS.copy()
    mirrored[:, 0] = WIDTH - 1 - mirrored[:, 0]  # mirrored but not re-indexed, as published
    face = read(one(tmp_path, None, old_mat(mirrored), NAME, "AFW_Flip", IMAGE[:, ::-1]), "pts_2d")
    np.testing.assert_allclose(face.points, flip_points(POINTS, WIDTH), atol=1e-4)


def test_genuine_flips_equal_the_mirrored_originals(genuine, tmp_path):
    found = {(item.subset, item.name): item for item in find(genuine, "genuine")}
    pairs = [
        (found[subset, name], item)
        for (flipped, name), item in found.items()
        if item.mirrored and view_of(name) == 0 and (subset := flipped.removesuffix("_Flip"))
    ]
    assert len(pairs) == 2
    for item, flip in pairs:
        # both from the old files, whatever other ones there are
        plain = read(_without_landmarks(item), "pts_2d")
        mirrored = read(_without_landmarks(flip), "pts_2d")
        np.testing.assert_allclose(mirrored.points, flip_points(plain.points, 450), atol=1e-3)
        assert np.abs(mirrored.image[:, ::-1].astype(int) - plain.image).mean() < 2
        assert mirrored.pose[1] == pytest.approx(-plain.pose[1], abs=0.02)  # fitted apart


def _without_landmarks(item):
    return type(item)(**{**vars(item), "annotation": item.picture.with_suffix(".mat")})


def test_genuine_old_points_lie_near_the_new_ones_on_the_photograph_alone(genuine):
    items = {item.name: item for item in find(genuine, "genuine") if item.subset == "AFW"}
    item = items["AFW_134212_1_0"]
    distance = np.linalg.norm(read(item, "pts_2d").points - read(_without_landmarks(item), "pts_2d").points, axis=1)
    assert distance.mean() < 6
    assert refused(items["AFW_134212_1_1"]).reason == "stale points"


def test_an_unknown_jaw_takes_the_box_of_the_other_points(tmp_path):
    partly = POINTS.copy()
    partly[:17] = np.nan
    face = read(one(tmp_path, {"pts_2d": partly, "pts_3d": POINTS + 3}, name="YTF_A_B_7_0", subset="YTF"), "pts_2d")
    assert np.isnan(face.points).all(axis=1).tolist() == [True] * 17 + [False] * 51
    np.testing.assert_allclose(face.box, [*(POINTS + 3).min(axis=0), *(POINTS + 3).max(axis=0)])
    whole = read(find(tmp_path, "set")[0], "pts_3d")
    np.testing.assert_allclose(whole.box, face.box)
    assert np.isfinite(whole.points).all()


def test_half_a_point_is_no_point(tmp_path):
    partly = POINTS.copy()
    partly[20, 1] = np.inf
    face = read(one(tmp_path, {"pts_2d": partly, "pts_3d": POINTS}), "pts_2d")
    assert np.flatnonzero(np.isnan(face.points[:, 0])).tolist() == [20]


def test_a_wrong_shape_is_said(tmp_path):
    error = refused(one(tmp_path, {"pts_2d": np.zeros((68, 3))}, name="AFW_1_0"))
    assert error.reason == "wrong shape"
    assert str(error) == "AFW_1_0_pts.mat: pts_2d is (68, 3), expected (68, 2)"


def test_a_wrong_shape_of_the_old_points_is_said(tmp_path):
    error = refused(one(tmp_path, None, {"pt2d": np.zeros((68, 2))}))
    assert str(error) == f"{NAME}.mat: pt2d is (68, 2), expected (2, 68)"


@pytest.mark.parametrize(
    "own, reason, message",
    [
        ({"pts_3d": POINTS, "other": 1}, "missing key", "found pts_3d, other, expected pts_2d"),
        ({"pts_2d": np.full((68, 2), np.nan)}, "no known point", "pts_2d: found no known point"),
        ({"pts_2d": np.full((68, 2), 5.0)}, "points all equal", "pts_2d: the points span under a pixel"),
        ({"pts_2d": POINTS + 1j}, "wrong type", "pts_2d is complex (68, 2), expected an array of"),
        ({"pts_2d": scipy.sparse.csc_matrix(POINTS.astype(float))}, "wrong type", "pts_2d is sparse (68, 2), "),
        ({"pts_2d": "text"}, "wrong type", "pts_2d is text "),
        ({"pts_2d": np.where(np.arange(68)[:, None] < 17, np.nan, POINTS)}, "missing key", "expected pts_3d"),
        (
            {name: np.where(np.arange(68)[:, None] < 17, np.nan, POINTS) for name in ("pts_2d", "pts_3d")},
            "unknown box",
            "pts_2d and pts_3d both hold NaN, expected one of them whole",
        ),
    ],
)
def test_bad_annotations_are_named(tmp_path, own, reason, message):
    error = refused(one(tmp_path, own))
    assert error.reason == reason
    assert str(error).startswith(f"{NAME}_pts.mat") and message in str(error)


def test_unknown_old_points_are_refused(tmp_path):
    points = POINTS.copy()
    points[3] = np.nan
    error = refused(one(tmp_path, None, old_mat(points)))
    assert (error.reason, str(error)) == ("unknown box", f"{NAME}.mat: pt2d holds NaN, expected all points")


@pytest.mark.parametrize("content", [b"", b"garbage", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_a_file_that_is_no_mat_is_said(tmp_path, content):
    item = one(tmp_path, {"pts_2d": POINTS})
    item.annotation.write_bytes(content)
    error = refused(item)
    assert error.reason in ("unreadable annotation", "missing key")
    assert str(error).startswith(f"{NAME}_pts.mat")


@pytest.mark.parametrize("content, found", [(b"", "an empty file"), (b"GARBAGE", "found"), (None, "found")])
def test_an_unreadable_picture_is_said(tmp_path, content, found):
    item = one(tmp_path, {"pts_2d": POINTS})
    data = item.picture.read_bytes()
    item.picture.write_bytes(data[: len(data) // 2] if content is None else content)
    error = refused(item)
    assert error.reason == "unreadable picture"
    assert f"{NAME}.jpg: " in str(error) and found in str(error)


def test_items_are_sorted_and_prefer_the_new_annotation(face_set):
    items = find(face_set, "tiny")
    assert len(items) == 30
    assert [item.key for item in items] == sorted(item.key for item in items)
    assert {item.annotation.name for item in items} == {f"{item.name}_pts.mat" for item in items}
    assert {item.subset for item in items} == {"AFW", "HELEN"}


def test_pictures_without_annotation_are_told(tmp_path):
    write_face(tmp_path, "AFW", "AFW_1_1_1", IMAGE, None, None)
    write_face(tmp_path, "AFW", NAME, IMAGE, {"pts_2d": POINTS}, None)
    sound, bare = find(tmp_path, "set")
    assert (sound.name, bare.name) == (NAME, "AFW_1_1_1")
    with pytest.raises(BadSample) as caught:
        read(bare, "pts_2d")
    assert caught.value.reason == "missing annotation"
    assert str(caught.value) == "AFW_1_1_1.jpg: found no AFW_1_1_1_pts.mat, expected one"


def test_pt2d_does_not_stand_in_for_pts_3d(tmp_path):
    write_face(tmp_path, "AFW", NAME, IMAGE, None, {"pt2d": POINTS.T + 1})
    (item,) = find(tmp_path, "set")
    np.testing.assert_allclose(read(item, "pts_2d").points, POINTS, atol=1e-4)
    with pytest.raises(BadSample, match=f"{NAME}.mat: found pt2d alone, expected {NAME}_pts.mat with pts_3d"):
        read(item, "pts_3d")


def test_no_pairs_are_an_error(tmp_path):
    write_face(tmp_path, "AFW", NAME, IMAGE, None, None)
    with pytest.raises(ValueError, match=rf"{tmp_path.name}: found no pair of .*<SUBSET>/<NAME>.jpg and "):
        find(tmp_path, "set")


def test_an_empty_or_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="found no pair"):
        find(tmp_path, "set")
    with pytest.raises(FileNotFoundError, match="absent: no such folder, expected a data set in 300W-LP's layout"):
        find(tmp_path / "absent", "set")
