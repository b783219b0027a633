import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.drawn import HEIGHT, WIDTH, draw_face, random_face
from tools.read.face import BadSample
from tools.read.pts import find, matches, read

RNG = np.random.default_rng(8)
POINTS = random_face(RNG)
IMAGE = draw_face(POINTS, RNG)
HEADER = "version: 1\nn_points:  68\n{\n"


def lines(points=POINTS) -> str:
    return "\n".join(f"{x + 1:.4f} {y + 1:.4f}" for x, y in points)


def write(folder, name="face", text=None, suffix=".jpg"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pts").write_text(f"{HEADER}{lines()}\n}}\n" if text is None else text)
    if suffix:
        cv2.imwrite(str(folder / f"{name}{suffix}"), IMAGE)


def one(folder, text):
    write(folder, text=text)
    (item,) = find(folder, "set")
    return item


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}{lines()}\n}}\n",
        lines(),
        f"\ufeff{HEADER}{lines()}\n}}",
        f"version: 1\r\nn_points: 68\r\n{{\r\n{lines()}\r\n}}\r\n\r\n",
        f"VERSION : 2\nN_POINTS:68\n\n{lines()}",
    ],
    ids=["header", "bare", "byte order mark", "Windows", "no braces"],
)
def test_points_count_from_one_with_and_without_a_header(tmp_path, text):
    face = read(one(tmp_path, text), "pts_2d")
    assert face.points.dtype == np.float32
    np.testing.assert_allclose(face.points, POINTS, atol=1e-3)
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=1e-3)
    assert face.image.shape == (HEIGHT, WIDTH, 3)
    assert np.isnan(face.pose).all()


def test_pictures_of_any_suffix_in_subfolders(tmp_path):
    write(tmp_path / "helen" / "trainset", "b", suffix=".png")
    write(tmp_path / "afw", "a", suffix=".JPG")
    write(tmp_path, "c", suffix=".jpg")
    write(tmp_path, "c", suffix=".png")
    items = find(tmp_path, "set")
    assert [item.key for item in items] == ["set/afw/a", "set/all/c", "set/helen/trainset/b"]
    assert [item.picture.name for item in items] == ["a.JPG", "c.jpg", "b.png"]
    assert {item.format for item in items} == {"pts"}


def test_sources_are_those_of_300w_lp(tmp_path):
    write(tmp_path / "afw", "134212_2_mirror")
    assert find(tmp_path, "set")[0].source == find(tmp_path / "afw", "set")[0].source == "AFW_134212"


def test_unknown_points_take_the_box_of_the_fitted_mean_shape(tmp_path):
    points = POINTS.copy()
    points[:17] = np.nan
    face = read(one(tmp_path, lines(points)))
    assert np.isnan(face.points).any(axis=1).tolist() == [True] * 17 + [False] * 51
    inner, whole = box_of(points), box_of(POINTS)
    assert np.max(face.box[2:] - face.box[:2]) > 1.1 * np.max(inner[2:] - inner[:2])
    np.testing.assert_allclose(face.box, whole, atol=0.25 * np.max(whole[2:] - whole[:2]))


@pytest.mark.parametrize(
    "text, reason, message",
    [
        ("n_points: 5\n" + "1 2\n" * 5, "wrong shape", "face.pts: n_points is 5, expected 68"),
        (HEADER + "1 2\n" * 67, "wrong shape", "face.pts: found 67 points, expected 68"),
        ("", "wrong shape", "face.pts: found 0 points, expected 68"),
        (HEADER + "1 2 3\n", "unreadable annotation", "face.pts line 4: found '1 2 3', expected two numbers x y"),
        ("one two", "unreadable annotation", "face.pts line 1: found 'one two', expected two numbers x y"),
        ("1 2\n" * 20000, "unreadable annotation", "face.pts: found over 65536 bytes, expected a .pts file"),
        ("nan nan\n" * 68, "no known point", "face.pts: found no known point, expected at least one"),
        ("7 7\n" * 68, "points all equal", "face.pts: the points span under a pixel, expected a face"),
    ],
)
def test_wrong_files_are_bad_samples(tmp_path, text, reason, message):
    with pytest.raises(BadSample) as caught:
        read(one(tmp_path, text))
    assert (caught.value.reason, str(caught.value)) == (reason, message)


def test_a_file_without_a_picture_is_named(tmp_path):
    write(tmp_path, "a")
    write(tmp_path, "b", suffix="")
    with pytest.raises(BadSample, match="b.jpg: found no such file"):
        read(find(tmp_path, "set")[1])


def test_folders_that_are_no_set(tmp_path):
    assert not matches(tmp_path)
    with pytest.raises(ValueError, match="found 0 .pts files and 0 pictures, expected <NAME>.pts next to a picture"):
        find(tmp_path, "set")
    write(tmp_path, suffix="")
    with pytest.raises(ValueError, match="found 1 .pts files and 0 pictures"):
        find(tmp_path, "set")
    with pytest.raises(FileNotFoundError, match="nowhere: found no such folder, expected one with .pts files"):
        find(tmp_path / "nowhere", "set")
    assert matches(tmp_path) and not matches(tmp_path / "face.pts")
