"""Reader of LabelMe's JSON: what is special about it (see test_listing.py, test_labelled.py)."""

import json

import numpy as np
import pytest

from tests.helpers.annotated import OTHER, POINTS, unknown
from tests.helpers.labelled import NUMBERS, labelme_shapes, write_labelme, write_shapes
from tools.read import formats
from tools.read.face import BadSample
from tools.read.labelme import find, read

ROUND = {"label": "0", "points": [[1, 2], [3, 4]], "group_id": None, "shape_type": "circle"}


def test_points_of_a_group_are_a_face_and_those_without_one_too(tmp_path):
    shapes = [*labelme_shapes(OTHER, group=7), ROUND, *labelme_shapes(POINTS)]
    path = write_shapes(tmp_path, shapes[::-1])
    items = formats.find(path, "set")
    assert [(item.name, item.format) for item in items] == [("a#1", "labelme"), ("a#2", "labelme")]
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        np.testing.assert_allclose(read(item).points, points, atol=1e-3)


def test_a_group_with_two_rectangles_has_no_box(tmp_path):
    partly = unknown(POINTS, 3)
    one, two = (labelme_shapes(partly, box=(10, 20, 30 + more, 50)) for more in (10, 20))
    (item,) = find(write_shapes(tmp_path, [*one, two[1]]), "set")
    assert item.data.box is None
    (item,) = find(write_shapes(tmp_path, one), "set")
    assert item.data.box.tolist() == [10, 20, 40, 50]


@pytest.mark.parametrize(
    "odd, found",
    [
        ({"points": [[1, 2], [3, 4]]}, r"points \[\[1, 2\], \[3, 4\]\] of '9', expected 1"),
        ({"points": [["a", 2]]}, r"points \[\['a', 2\]\] of '9'"),
        ({"points": None}, "points None of '9'"),
        ({"label": "8"}, "the label '8' twice"),
    ],
)
def test_an_odd_shape_spoils_its_face_alone(tmp_path, odd, found):
    shapes = labelme_shapes(group=1)
    shapes[9] |= odd
    bad, good = find(write_shapes(tmp_path, [*shapes, *labelme_shapes(OTHER, group=2)]), "set")
    with pytest.raises(BadSample, match=f"faces.json group 1: found {found}") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation"
    np.testing.assert_allclose(read(good).points, OTHER, atol=1e-3)


@pytest.mark.parametrize(
    "text, found",
    [
        ('{"shapes": [', "Expecting value"),
        ('{"shapes": ' + "[" * 200_000, "maximum recursion depth"),
        ('{"shapes": [], "imagePath": 7}', "imagePath '7'"),
        ('{"shapes": []}', "no 'imagePath'"),
        ('{"imagePath": "a.png"}', "no 'shapes'"),
        ('{"imagePath": "a.png", "shapes": [7]}', "'int' object"),
        ('["shapes"]', "list indices"),
    ],
)
def test_a_damaged_file_costs_its_picture_alone(tmp_path, text, found):
    write_labelme(tmp_path, [POINTS])
    (tmp_path / "b.json").write_text(text)
    good, bad = formats.find(tmp_path, "set")
    assert (good.key, bad.key) == ("set/all/a#1", "set/all/b#1") and np.isfinite(read(good).points).all()
    with pytest.raises(BadSample, match=f"b.json: found .*{found}") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation"


def test_labels_that_are_numbers_in_the_file(tmp_path):
    shapes = [shape | {"label": int(shape["label"])} for shape in labelme_shapes()]
    (item,) = find(write_shapes(tmp_path, shapes), "set")
    assert item.scheme.name == "ibug68" and len(NUMBERS) == 68
    np.testing.assert_allclose(read(item).points, POINTS, atol=1e-3)


def test_a_file_without_points_is_no_face(tmp_path):
    path = write_shapes(tmp_path, [ROUND])
    assert "circle" in json.loads(path.read_text())["shapes"][0].values()
    with pytest.raises(ValueError, match="faces.json: found no face"):
        find(path, "set")
