import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.annotated import IMAGE, POINTS, PTS_HEADER, pts_lines, write_pts
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read.face import BadSample
from tools.read.pts import find, matches, read


def one(folder, text):
    write_pts(folder, text=text)
    (item,) = find(folder, "set")
    return item


@pytest.mark.parametrize(
    "text",
    [
        f"{PTS_HEADER}{pts_lines()}\n}}\n",
        pts_lines(),
        f"\ufeff{PTS_HEADER}{pts_lines()}\n}}",
        f"version: 1\r\nn_points: 68\r\n{{\r\n{pts_lines()}\r\n}}\r\n\r\n",
        f"VERSION : 2\nN_POINTS:68\n\n{pts_lines()}",
        f"# by hand\nversion: 1.0\nn_points: 68 {{ // braced\n{pts_lines()} # the last\n}}\n// end",
    ],
    ids=["header", "bare", "byte order mark", "Windows", "no braces", "comments"],
)
def test_points_count_from_one_with_and_without_a_header(tmp_path, text):
    face = read(one(tmp_path, text), "pts_2d")
    assert face.points.dtype == np.float32
    np.testing.assert_allclose(face.points, POINTS, atol=1e-3)
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=1e-3)
    assert face.image.shape == (HEIGHT, WIDTH, 3) and np.isnan(face.pose).all()


def test_pictures_of_any_suffix_in_subfolders(tmp_path):
    write_pts(tmp_path / "helen" / "trainset", "b", suffix=".png")
    write_pts(tmp_path / "afw", "134212_2_mirror", suffix=".JPG")
    for suffix in (".jpg", ".png"):
        write_pts(tmp_path, "c", suffix=suffix)
    items = find(tmp_path, "set")
    assert [item.key for item in items] == ["set/afw/134212_2_mirror", "set/all/c", "set/helen/trainset/b"]
    assert [item.picture.name for item in items] == ["134212_2_mirror.JPG", "c.jpg", "b.png"]
    assert {item.format for item in items} == {"pts"}
    assert items[0].source == find(tmp_path / "afw", "set")[0].source == "AFW_134212"


def test_rows_for_unknown_points_are_unknown_and_counted(tmp_path):
    lines = pts_lines().splitlines()
    lines[3], lines[5], lines[9], lines[11] = "-1 -1", "0.0 0.000", "nan nan", "-1 0"
    item = one(tmp_path, "\n".join(lines))
    face = read(item)
    assert np.flatnonzero(np.isnan(face.points).any(axis=1)).tolist() == [3, 5, 9]
    assert face.points[11].tolist() == [-2, -1]
    assert face.remarks == (("points -1 -1 or 0 0, taken as unknown", "set/all/face: 2 of 68"),)


def test_further_faces_of_a_picture_as_this_project_writes_them(tmp_path):
    for number in (1, 2):
        write_pts(tmp_path, f"a_{number}", suffix="")
    write_pts(tmp_path, "b_2")
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE)
    items = find(tmp_path, "set")
    assert [(item.name, item.picture.name, item.source) for item in items] == [
        ("a_1", "a.png", "a"),
        ("a_2", "a.png", "a"),
        ("b_2", "b_2.jpg", "b_2"),
    ]


@pytest.mark.parametrize("header", ["version: 1\nn_points: 7\n{\n", ""], ids=["header", "bare"])
def test_a_set_has_the_points_of_most_of_its_files(tmp_path, header):
    for name, count in (("a", 5), ("b", 7), ("c", 7)):
        write_pts(tmp_path, name, f"{header.replace('7', str(count))}{pts_lines(POINTS[30 : 30 + count])}")
    write_pts(tmp_path, "d", "no points")
    items = find(tmp_path, "set")
    assert {item.scheme.name for item in items} == {"points7"}
    faces = [read(item) for item in items[1:3]]
    assert all(face.scheme.count == 7 for face in faces)
    np.testing.assert_allclose(faces[0].points, POINTS[30:37], atol=1e-3)
    found = "n_points is 5" if header else "found 5 points"
    with pytest.raises(BadSample, match=f"a.pts: {found}, expected 7, as most files of the set have"):
        read(items[0])


@pytest.mark.parametrize(
    "text, reason, message",
    [
        (PTS_HEADER + "1 2\n" * 67, "wrong shape", "face.pts: found 67 points, expected 68"),
        ("1 2\nn_points: 0", "wrong shape", "face.pts: n_points is 0, expected 68"),
        ("n_points: 99999999999999999999", "wrong shape", "face.pts: n_points is 9{20}, expected 68"),
        (PTS_HEADER + "1 2 3\n", "unreadable annotation", "face.pts line 4: found '1 2 3'"),
        ("one two", "unreadable annotation", "face.pts line 1: found 'one two'"),
        ("1 2\n" * 300_000, "unreadable annotation", "face.pts: found over 1048576 bytes"),
        ("nan nan\n" * 68, "no known point", "face.pts: found no known point"),
    ],
)
def test_wrong_files_are_bad_samples(tmp_path, text, reason, message):
    with pytest.raises(BadSample, match=message) as caught:
        read(one(tmp_path, text))
    assert caught.value.reason == reason


def test_folders_that_are_no_set(tmp_path):
    assert not matches(tmp_path)
    for count in (0, 1):
        with pytest.raises(ValueError, match=f"found {count} .pts files and 0 pictures"):
            find(tmp_path, "set")
        write_pts(tmp_path, suffix="")
    with pytest.raises(FileNotFoundError, match="nowhere: found no such folder"):
        find(tmp_path / "nowhere", "set")
    (tmp_path / "face.pts").rename(tmp_path / "face.PTS")
    assert matches(tmp_path) and not matches(tmp_path / "face.PTS")
