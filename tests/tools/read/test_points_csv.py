"""Reader of plain CSV: what is special about it (see test_listing.py)."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.annotated import POINTS, csv_header, csv_row, unknown, write_lines
from tools.read.face import BadSample
from tools.read.points_csv import find, matches, read


def test_columns_in_any_order_quoted_and_with_a_byte_order_mark(tmp_path):
    names, cells = csv_header(more=",note").split(","), csv_row(more=",so what").split(",")
    order = np.random.default_rng(2).permutation(len(names))
    lines = [",".join(f'"{words[index]}"' for index in order) for words in (names, cells)]
    path = write_lines(tmp_path, "\ufeff" + lines[0], "", lines[1])
    assert matches(path)
    np.testing.assert_allclose(read(find(path, "set")[0]).points, POINTS, atol=1e-4)


def test_fifteen_points_are_kaggles(tmp_path):
    points = unknown(convert(POINTS, IBUG_68, KAGGLE_15), 10)
    (item,) = find(write_lines(tmp_path, csv_header(15), csv_row(points)), "set")
    face = read(item)
    np.testing.assert_allclose(face.points, points, atol=1e-4)
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=0.3 * np.ptp(POINTS[:, 0]))
    assert item.scheme is face.scheme is KAGGLE_15


def test_as_many_points_as_there_are_have_no_scheme(tmp_path):
    points = POINTS[[8, 30, 36]]
    (item,) = find(write_lines(tmp_path, csv_header(3), csv_row(points)), "set")
    assert item.scheme.name == "points3"
    face = read(item)
    np.testing.assert_allclose(face.points, points, atol=1e-4)
    np.testing.assert_allclose(face.box, box_of(points), atol=1e-4)
    box = write_lines(tmp_path, csv_header(3, ",box_x0,box_y0,box_x1,box_y1"), csv_row(points, more=",3,4,90,80"))
    np.testing.assert_array_equal(read(find(box, "set")[0]).box, [3, 4, 90, 80])


def test_some_points_of_no_scheme_tell_no_box(tmp_path):
    (item,) = find(write_lines(tmp_path, csv_header(3), csv_row(unknown(POINTS[[8, 30, 36]], 1))), "set")
    with pytest.raises(BadSample, match="found 2 of 3 points of points3 and no usable box") as caught:
        read(item)
    assert caught.value.reason == "unknown box"


@pytest.mark.parametrize(
    "line, found",
    [
        (csv_row()[:-2].rpartition(",")[0], "136 cells"),
        (csv_row().replace("a.png", ""), "an empty cell file"),
        (csv_row().rpartition(",")[0] + ",here", "'here' in column y67"),
    ],
)
def test_a_wrong_row_spoils_its_face_alone(tmp_path, line, found):
    items = find(write_lines(tmp_path, csv_header(), csv_row(), line), "set")
    faults = []
    for item in items:
        try:
            read(item)
        except BadSample as error:
            faults.append((error.reason, str(error).partition(", expected")[0]))
    assert len(items) == 2 and faults == [("unreadable annotation", f"faces.csv line 3: found {found}")]


@pytest.mark.parametrize(
    "line, message",
    [
        (csv_header().replace("file", "name"), "found 68 columns x0, x1, ... and no column file"),
        (csv_header().replace("y3,", "z3,"), "found 0 columns y3"),
        (csv_header(15, ",y4"), "found 2 columns y4"),
        ("", "found 0 columns x0, x1, ... and no column file"),
    ],
)
def test_wrong_headers(tmp_path, line, message):
    with pytest.raises(ValueError, match=f"faces.csv: {message}"):
        find(write_lines(tmp_path, line, csv_row()), "set")
