import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.drawn import HEIGHT, WIDTH, draw_face, random_face
from tools.read.face import BadSample
from tools.read.points_csv import find, matches, read

RNG = np.random.default_rng(41)
POINTS, OTHER = random_face(RNG), random_face(RNG)


def header(count=68, more="") -> str:
    return ",".join(["file", *(f"{axis}{index}" for index in range(count) for axis in "xy")]) + more


def row(points=POINTS, file="a.png", more="") -> str:
    return ",".join([file, *("" if np.isnan(value) else f"{value:.4f}" for value in points.ravel())]) + more


def write(folder, *lines, name="faces.csv"):
    (folder / name).write_text("\n".join(lines) + "\n")
    cv2.imwrite(str(folder / "a.png"), draw_face(POINTS, np.random.default_rng(0)))
    return folder / name


def unknown(points, *indices):
    points = points.copy()
    points[list(indices)] = np.nan
    return points


def test_rows_are_faces(tmp_path):
    items = find(write(tmp_path, header(), row(), "", row(OTHER)), "set")
    assert [item.key for item in items] == ["set/all/a#1", "set/all/a#2"]
    assert {(item.source, item.format) for item in items} == {("a.png", "csv")}
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        face = read(item, "pts_2d")
        assert face.points.dtype == np.float32 and face.image.shape == (HEIGHT, WIDTH, 3)
        np.testing.assert_allclose(face.points, points, atol=1e-4)
        np.testing.assert_allclose(face.box, box_of(points), atol=1e-3)


def test_columns_in_any_order_quoted_and_with_a_byte_order_mark(tmp_path):
    names, cells = header(more=",note").split(","), row(more=",so what").split(",")
    order = np.random.default_rng(2).permutation(len(names))
    lines = [",".join(f'"{words[index]}"' for index in order) for words in (names, cells)]
    path = write(tmp_path, "\ufeff" + lines[0], lines[1])
    assert matches(path)
    np.testing.assert_allclose(read(find(path, "set")[0]).points, POINTS, atol=1e-4)


def test_empty_cells_are_unknown_points(tmp_path):
    (item,) = find(write(tmp_path, header(), row(unknown(POINTS, *range(17)))), "set")
    face = read(item)
    assert np.flatnonzero(np.isnan(face.points).any(axis=1)).tolist() == list(range(17))
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=0.25 * np.ptp(POINTS[:, 0]))


def test_a_box_is_taken_where_points_are_unknown(tmp_path):
    lines = [
        header(more=",box_x0,box_y0,box_x1,box_y1"),
        row(unknown(POINTS, 5), more=",1,2.5,91,82"),
        row(more=",,,,"),
    ]
    first, second = find(write(tmp_path, *lines), "set")
    assert read(first).box.tolist() == [1, 2.5, 91, 82]
    np.testing.assert_allclose(read(second).box, box_of(POINTS), atol=1e-3)


def test_fifteen_points_are_kaggles(tmp_path):
    points = convert(POINTS, IBUG_68, KAGGLE_15)
    (item,) = find(write(tmp_path, header(15), row(unknown(points, 10))), "set")
    face = read(item)
    np.testing.assert_allclose(face.points, unknown(points, 10), atol=1e-4)
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=0.3 * np.ptp(POINTS[:, 0]))


@pytest.mark.parametrize(
    "line, message",
    [
        (row()[:-2].rpartition(",")[0], "faces.csv line 3: found 136 cells, expected 137"),
        (row().replace("a.png", ""), "faces.csv line 3: found an empty cell file, expected a picture"),
        (row().rpartition(",")[0] + ",here", "faces.csv line 3: found 'here' in column y67, expected a number"),
    ],
)
def test_a_wrong_row_spoils_its_face_alone(tmp_path, line, message):
    items = find(write(tmp_path, header(), row(), line), "set")
    faults = []
    for item in items:
        try:
            read(item)
        except BadSample as error:
            faults.append((error.reason, str(error)))
    assert len(items) == 2 and faults == [("unreadable annotation", message)]


@pytest.mark.parametrize(
    "line, message",
    [
        (header(2), r"found 2 columns x0, x1, ..., expected file and 68 \(ibug68\) or 15 \(kaggle15\) pairs x0,y0,..."),
        (header().replace("file", "name"), "found 68 columns x0, x1, ... and no column file, expected file and 68"),
        (header().replace("y3,", "z3,"), "found 0 columns y3, expected one"),
        (header(15, ",y4"), "found 2 columns y4, expected one"),
        ("", "found 0 columns x0, x1, ... and no column file"),
    ],
)
def test_wrong_headers(tmp_path, line, message):
    with pytest.raises(ValueError, match=f"faces.csv: {message}"):
        find(write(tmp_path, line, row()), "set")


def test_files_that_are_no_set(tmp_path):
    with pytest.raises(
        ValueError, match="faces.csv: found no face, expected a header file,x0,y0,... and a row per face"
    ):
        find(write(tmp_path, header()), "set")
    with pytest.raises(ValueError, match="faces.csv: found a line of 131072 characters or more, expected shorter ones"):
        find(write(tmp_path, header(), "1" * 140_000), "set")
    with pytest.raises(FileNotFoundError, match="no.csv: found no such file, expected a CSV with columns file,x0,y0"):
        find(tmp_path / "no.csv", "set")


def test_matches(tmp_path):
    path = write(tmp_path, header(), row())
    assert matches(path) and matches(tmp_path) and not matches(tmp_path / "a.png")
    path.write_text("left_eye_center_x,Image\n")
    assert not matches(path) and not matches(tmp_path)
