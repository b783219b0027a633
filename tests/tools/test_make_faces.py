"""The drawn set: layout of 300W-LP, points that are exact, the same bytes for the same seed."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.io import loadmat

from tools import make_faces
from tools.draw import head as drawn_head
from tools.draw.head import Light, Pose

COUNT, VIEWS = 7, 3  # the third head has one view only
EVERYWHERE = Light(np.array([0.0, 0, 1]), np.zeros(3), np.ones(3), np.ones(3))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "300W_LP"
    assert make_faces.main(draw_arguments(out, COUNT, 1)) == 0
    return out


def draw_arguments(out, count, workers):
    return ["--out", str(out), "--count", str(count), "--views", str(VIEWS), "--seed", "11", "--workers", str(workers)]


def make(seed, **changes):
    rng = np.random.default_rng(seed)
    person = drawn_head.draw_person(rng)
    return drawn_head.make_head(replace(person, **changes), rng)


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


# --- files ------------------------------------------------------------------------------------------------------------
def test_layout_is_that_of_300w_lp(drawn):
    assert names(drawn) == [
        f"DRAWN_00000{photo}_1_{view}" for photo, view in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)]
    ]
    assert len(digests(drawn)) == 3 * COUNT
    for name in names(drawn):
        assert cv2.imread(str(drawn / "DRAWN" / f"{name}.jpg")).shape == (450, 450, 3)
        mat = read(drawn, name)
        kinds = {key: (mat[key].shape, str(mat[key].dtype)) for key in ("pt2d", "Pose_Para", "roi", "pts_2d", "pts_3d")}
        assert kinds == {
            "pt2d": ((2, 68), "float64"),
            "Pose_Para": ((1, 7), "float32"),
            "roi": ((1, 4), "int16"),
            "pts_2d": ((68, 2), "float32"),
            "pts_3d": ((68, 2), "float32"),
        }
        assert mat["pts_2d"].min() > 0 and mat["pts_2d"].max() < 449


def test_same_seed_same_bytes_with_any_workers_and_count(drawn, tmp_path):
    make_faces.main(draw_arguments(tmp_path / "two", COUNT, 2))
    assert digests(tmp_path / "two") == digests(drawn)
    make_faces.main(draw_arguments(tmp_path / "fewer", 2, 1))
    fewer, all_of_them = digests(tmp_path / "fewer"), digests(drawn)
    assert len(fewer) == 6 and fewer.items() <= all_of_them.items()


def test_another_seed_draws_other_faces(drawn, tmp_path):
    make_faces.main([*draw_arguments(tmp_path / "other", 1, 1), "--seed", "12"])
    other, first = digests(tmp_path / "other"), digests(drawn)
    assert not any(other[key] == first[key] for key in other)


def test_pt2d_is_one_based_and_stale_as_in_the_genuine_set(drawn):
    first, turned = read(drawn, "DRAWN_000001_1_0"), read(drawn, "DRAWN_000001_1_2")
    np.testing.assert_allclose(first["pt2d"].T - first["pts_2d"], 1, atol=1e-4)
    np.testing.assert_array_equal(first["pt2d"], turned["pt2d"])
    assert np.abs(turned["pt2d"].T - 1 - turned["pts_2d"]).max() > 10


def test_only_the_jaw_tells_the_two_kinds_of_points_apart(drawn):
    mat = read(drawn, "DRAWN_000000_1_2")
    np.testing.assert_array_equal(mat["pts_2d"][17:], mat["pts_3d"][17:])
    assert np.abs(mat["pts_2d"] - mat["pts_3d"])[:17].max() > 15


def test_pose_para_projects_the_head_to_the_points(drawn):
    rng = np.random.default_rng([11, 1])  # how draw_photo seeds the second head
    head = drawn_head.make_head(drawn_head.draw_person(rng), rng)
    for view in range(VIEWS):
        mat = read(drawn, f"DRAWN_000001_1_{view}")
        pitch, yaw, roll, tx, ty, _, scale = mat["Pose_Para"][0].astype(float)
        about_x = [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
        about_y = [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]
        about_z = [[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
        moved = scale * np.array(about_x) @ np.array(about_y) @ np.array(about_z) @ (1000 * head.points.T)
        np.testing.assert_allclose(mat["pts_3d"], np.column_stack([moved[0] + tx, 451 - moved[1] - ty]), atol=2e-3)


# --- points -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("yaw, pitch, roll", [(0, 0, 0), (24, -10, 12)])
def test_points_lie_where_the_skin_is_painted(yaw, pitch, roll):
    """A white spot painted on the skin at a point's place shows up at the projected point."""
    head = make(4, style="bald", glasses="none", beard=0.0)
    pose = Pose(*np.radians([pitch, yaw, roll]), 225.0, 180.0, 1.25)
    plane, expected = drawn_head.plane_points(head.person), head.points_3d(pose)
    for index in (17, 21, 26, 27, 29, 30, 36, 39, 42, 45, 48, 51, 54, 57):
        atlas = np.zeros_like(head.atlas)
        spot = np.round(drawn_head.to_texels(plane[index : index + 1])[0] * 16).astype(int)
        cv2.circle(atlas, spot.tolist(), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
        picture = np.zeros((450, 450, 3), np.float32)
        drawn_head.draw_head(picture, replace(head, atlas=atlas), pose, EVERYWHERE)
        mass = picture[..., 0]
        found = [(mass.sum(axis=axis) @ np.arange(450)) / mass.sum() for axis in (0, 1)]
        assert np.hypot(*(found - expected[index])) < 0.7, index


def test_the_iris_lies_between_the_points_of_the_eye():
    head = make(4, style="bald", glasses="none", eye={**make(4).person.eye, "up": 6.0, "low": 4.0, "gaze": (0, 0)})
    pose = Pose(0.0, 0.05, 0.0, 225.0, 180.0, 1.3)
    picture = np.full((450, 450, 3), 128, np.float32)
    drawn_head.draw_head(picture, head, pose, EVERYWHERE)
    points = head.points_2d(pose)
    for corners in (points[36:42], points[42:48]):
        x, y = np.round(corners.mean(axis=0)).astype(int)
        outer, inner = np.round(corners[0] * 0.8 + corners[3] * 0.2), np.round(corners[0] * 0.2 + corners[3] * 0.8)
        pupil = picture[y - 1 : y + 2, x - 1 : x + 2].mean()
        white = [picture[int(v), int(u)].mean() for u, v in (outer, inner)]
        assert pupil < 0.5 * min(white)


def test_a_turned_heads_jaw_follows_the_visible_contour():
    for seed, yaw, pitch, roll in ((1, 45, 5, 4), (2, -38, -8, 0), (3, 60, 0, -6)):
        head = make(seed, style="bald", glasses="none")
        pose = Pose(*np.radians([pitch, yaw, roll]), 225.0, 190.0, 1.2)
        mask = drawn_head.draw_head(np.zeros((450, 450, 3), np.float32), head, pose, EVERYWHERE).astype(np.uint8)
        border = max(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
        far, near = (range(3, 8), range(9, 17)) if yaw > 0 else (range(9, 14), range(0, 8))
        two, three = head.points_2d(pose), head.points_3d(pose)
        for index in far:
            assert abs(cv2.pointPolygonTest(border, two[index].tolist(), True)) < 2
        np.testing.assert_allclose(two[list(near)[1:-1]], three[list(near)[1:-1]], atol=3)
        assert (np.abs(two - three)[list(far)[1:4]].max(axis=1) > 5).all()


def test_signs_of_the_angles_are_those_of_300w_lp():
    """Measured on genuine files: yaw > 0 nose to the left, pitch > 0 nose up, roll > 0 clockwise."""
    head = make(6)

    def nose_from_eyes(*angles):
        points = head.points_3d(Pose(*np.radians(angles), 225.0, 180.0, 1.2))
        return points[30] - points[36:48].mean(axis=0), points[45] - points[36]

    (still, _), (yawed, _), (pitched, _) = nose_from_eyes(0, 0, 0), nose_from_eyes(0, 20, 0), nose_from_eyes(15, 0, 0)
    assert yawed[0] < still[0] - 5
    assert pitched[1] < still[1] - 5
    across = nose_from_eyes(0, 0, 10)[1]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(10, abs=1e-6)


def test_order_is_ibug_from_the_pictures_left():
    points = make(8).points_2d(Pose(0.0, 0.0, 0.0, 225.0, 180.0, 1.2))
    partners = [
        (0, 16),
        (7, 9),
        (17, 26),
        (21, 22),
        (31, 35),
        (36, 45),
        (39, 42),
        (37, 44),
        (40, 47),
        (48, 54),
        (50, 52),
        (59, 55),
        (60, 64),
        (61, 63),
        (67, 65),
    ]
    for left, right in partners:
        assert points[left, 0] < 225 < points[right, 0]
        np.testing.assert_allclose(
            points[left] * (-1, 1) + (450, 0), points[right], atol=0.1
        )  # triangles are not mirrored
    assert (np.diff(points[:9, 1]) > 0).all() and (np.diff(points[27:31, 1]) > 0).all()
    assert points[19, 1] < points[37, 1] < points[41, 1] < points[33, 1] < points[51, 1] < points[57, 1] < points[8, 1]


# --- variety ----------------------------------------------------------------------------------------------------------
def test_views_turn_from_nearly_frontal_to_beyond_60_degrees_on_both_sides():
    yaws = []
    for photo in range(10):
        rng = np.random.default_rng([0, photo])
        head = drawn_head.make_head(drawn_head.draw_person(rng), rng)
        poses = make_faces.draw_poses(rng, head, 6)
        yaws.append(np.degrees([pose.yaw for pose in poses]))
        assert all(abs(np.degrees(angle)) <= 25 for pose in poses for angle in (pose.pitch, pose.roll))
    yaws = np.array(yaws)
    assert np.abs(yaws[:, 0]).max() < 30 and np.std(yaws[:, 0]) > 8
    assert (np.diff(np.abs(yaws), axis=1) > 0).all()
    assert yaws.min() < -60 and yaws.max() > 60 and np.abs(yaws).max() <= 75


def test_people_differ():
    people = [drawn_head.draw_person(np.random.default_rng(seed)) for seed in range(60)]
    brightness = [person.skin.mean() for person in people]
    assert min(brightness) < 75 and max(brightness) > 200
    assert {person.style for person in people} == set(drawn_head.HAIR_STYLES)
    assert {person.glasses for person in people} >= {"none", "thin", "thick"}
    assert sum(person.mouth["gap"] > 6 for person in people) > 5 and sum(person.beard > 0 for person in people) > 5


# --- safety -----------------------------------------------------------------------------------------------------------
def test_a_folder_that_is_not_empty_stays(drawn, tmp_path, capsys):
    before = digests(drawn)
    assert make_faces.main(draw_arguments(drawn, 1, 1)) == 2
    assert capsys.readouterr().err.count("\n") == 1 and digests(drawn) == before
    (tmp_path / "set" / "AFW").mkdir(parents=True)
    (tmp_path / "set" / "AFW" / "precious.jpg").write_text("x")
    assert make_faces.main([*draw_arguments(tmp_path / "set", 1, 1), "--overwrite"]) == 2
    assert "AFW" in capsys.readouterr().err and (tmp_path / "set" / "AFW" / "precious.jpg").exists()


def test_overwrite_replaces_a_drawn_set(tmp_path):
    out = tmp_path / "set"
    make_faces.main(draw_arguments(out, 2, 1))
    assert make_faces.main([*draw_arguments(out, 1, 1), "--overwrite"]) == 0
    assert names(out) == ["DRAWN_000000_1_0"] and [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_failure_leaves_the_earlier_set_and_nothing_else(tmp_path, monkeypatch, capsys):
    out = tmp_path / "set"
    make_faces.main(draw_arguments(out, 1, 1))
    before = digests(out)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(make_faces, "write_mat", full)
    assert make_faces.main([*draw_arguments(out, 1, 1), "--overwrite"]) == 2
    assert "no space left" in capsys.readouterr().err
    assert digests(out) == before and [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("option, value", [("--count", "0"), ("--views", "0"), ("--seed", "-1"), ("--workers", "0")])
def test_bad_numbers_are_named(tmp_path, capsys, option, value):
    assert make_faces.main([*draw_arguments(tmp_path / "set", 1, 1), option, value]) == 2
    error = capsys.readouterr().err
    assert f"{option} is {value}" in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


def test_samples_hold_faces_that_opencv_finds(tmp_path):
    assert make_faces.main(["--samples", str(tmp_path)]) == 0
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(tmp_path.iterdir())]
    assert [len(cascade.detectMultiScale(picture, 1.1, 4, minSize=(60, 60))) for picture in pictures] == [1, 1, 2, 1]
    assert make_faces.main(["--samples", str(tmp_path)]) == 2
