"""tools/evaluation/sureness.py: tables of what is told, of faces that a landmarker errs on by what covers them."""

import numpy as np
import pytest

from tests.helpers.drawn import draw_set, one_face
from tests.helpers.telling import Telling
from tools.evaluation import sureness
from tools.evaluation.corruptions import COVERS
from tools.evaluation.sureness import covering, groups_of, least_sure, measure, plot_errors, tables, under, without
from tools.read import formats

BAR = 128  # grey of what covers


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A landmarker that is off by more, and says so, the brighter a face is and where a bar lies, and its faces."""
    folder = draw_set(tmp_path_factory.mktemp("sure") / "tiny", sources=5, views=2)
    items = formats.find(folder, "tiny")
    faces = [formats.read(item, "pts_2d") for item in items]

    def nearest(box):
        size = box[2:] - box[:2]
        return min(faces, key=lambda face: np.abs(face.box[2:] - face.box[:2] - size).max())

    def points(image, box):
        face = nearest(box)
        return face.points - face.box[:2] + box[:2]

    def off(image, box):
        places = np.clip(points(image, box).round().astype(int), 0, np.array(image.shape[1::-1]) - 1)
        hidden = (image[places[:, 1], places[:, 0]] == BAR).all(axis=1)
        return (box[2] - box[0]) * (0.01 + 0.03 * image.mean() / 255 + 0.2 * hidden) * np.linspace(1, 1.1, 68)

    telling = Telling(points, off)
    return telling, measure(telling, items)


def test_what_is_told_truly_ranks_and_covers_all(measured):
    _, found = measured
    assert found.plain.true.shape == (10, 68) and set(found.changed) == set(sureness.CHANGES)
    np.testing.assert_allclose(found.plain.told, found.plain.true, rtol=1e-2)
    row = next(line for line in tables(found).splitlines() if line.startswith("| all |")).split(" | ")
    assert row[1] == "10" and row[4:7] == ["1.00", "1.00", "1.00"]
    for line in covering(found).splitlines()[2:]:
        same, beside = (float(cell.strip(" |")) for cell in line.split(" | ")[-2:])
        assert same > 0.95 and beside > 0.95  # points on the bar's edge round to either side


def test_covered_faces_are_less_sure(measured):
    _, found = measured
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in sureness.sure_faces(found, {}).splitlines()}
    for name in COVERS:
        assert float(rows[name][-1].rstrip("| ")) == 1.0
    assert float(rows[sureness.PLAIN][4]) == pytest.approx(found.plain.sure.mean(), abs=0.005)


def test_coverage_counts_points_off_by_no_more_than_told(measured):
    _, found = measured
    found.plain.told[:4] *= 0.4
    try:
        row = sureness.coverage(found).splitlines()[2].split(" | ")
    finally:
        found.plain.told[:4] /= 0.4
    assert float(row[3].rstrip(" |")) == 100.0 and float(row[2]) == 60.0


def test_points_under_a_bar():
    picture = one_face(100)
    picture.points[3] = np.nan
    height = (picture.points[:, 1] - picture.box[1]) / (picture.box[3] - picture.box[1])
    assert under((0.2, 0.5), picture).tolist() == [0.2 <= one <= 0.5 for one in height]


def test_the_error_that_is_left_without_the_least_sure():
    true = np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 4.0, 6.0, 7.0]])
    order = np.array([[9.0, 1.0, 2.0, 99.0], [3.0, 4.0, 5.0, 8.0]])
    assert without(order, true, 2 / 7) == pytest.approx(np.mean([2, 3, 5, 4, 6]))
    assert without(order, true, 0) == pytest.approx(4)


def test_groups_by_rising_values():
    x, y = groups_of(np.array([5.0, 1.0, 3.0, 2.0]), np.array([50.0, 10.0, 30.0, 20.0]), 2)
    assert x.tolist() == [1.5, 4.0] and y.tolist() == [15.0, 40.0]


def test_the_plot_and_the_sheet(measured):
    telling, found = measured
    line = plot_errors(found.plain).axes[0].lines[1]  # of faces
    told, true = (100 * some.mean(axis=1) for some in found.plain.by_box())
    np.testing.assert_allclose(line.get_xdata(), np.sort(told), rtol=1e-2)
    np.testing.assert_allclose(line.get_ydata(), np.sort(true), rtol=2e-2)
    sheet = least_sure(telling, found)
    blue, green, red = np.moveaxis(sheet.astype(int), 2, 0)
    assert sheet.shape[1] == pytest.approx(sureness.COLUMNS * sureness.TILE, rel=0.1)
    assert (red - blue > 40).sum() > 10 * 68  # the faces are grey, and have a circle a point
