"""The order of points that have labels."""

import re

import numpy as np
import pytest

from records.landmarks import SCHEMES, convert, without_scheme
from tests.helpers.annotated import POINTS
from tests.helpers.labelled import cvat_skeleton, labelme_shapes, write_images, write_shapes
from tools.read import cvat, labelme
from tools.read.face import BadSample
from tools.read.labelled import ORDERED, Labelled, order_of, order_of_list


def face(*labels: str, listed: bool = False) -> Labelled:
    return Labelled("a", {label: (float(place), 7.0) for place, label in enumerate(labels)}, listed)


@pytest.mark.parametrize(
    "labels, order",
    [
        (("p10", "p2", "p1"), ("p1", "p2", "p10")),
        (("b", "a10b2", "a10b10", "a2"), ("a2", "a10b2", "a10b10", "b")),
        (("x2", "x02", "x"), ("x", "x02", "x2")),
        ((f"a{'9' * 5000}", "a1"), ("a1", f"a{'9' * 5000}")),
    ],
)
def test_names_stand_in_natural_order_in_a_scheme_of_their_own(labels, order):
    found = order_of([face(*labels[:2]), face(*labels[1:])])
    assert found.labels == found.scheme.names == order and re.fullmatch(
        rf"points{len(order)}-\w{{8}}", found.scheme.name
    )
    ((kind, words),) = found.remarks
    assert kind == ORDERED and words == f"{len(order)}, in this order: {', '.join(order)}"


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_are_places(first):
    for count, name in ((68, "ibug68"), (15, "kaggle15"), (11, "points11")):
        labels = [str(first + place) for place in range(count)]
        found = order_of([face(*labels[:-1]), face(*labels[::-1])])
        assert found.labels == tuple(labels)
        assert found.scheme == (SCHEMES.get(name) or without_scheme(count)) and bool(found.remarks) == (count == 11)


@pytest.mark.parametrize(
    "numbers, count",
    [
        ([*range(3, 66), 67], 68),  # the 68, some of which no face has
        ([1, *range(4, 69)], 68),  # the same from 1 on
        (range(1, 68), 67),
        (range(1, 15), 14),
        ((30, 36, 39, 42, 45), 5),
        ((0, 2, 14), 15),
        ((0, 2, 3), 3),
        ((7, 999_999_999), 2),
    ],
)
def test_numbers_that_no_face_has(numbers, count):
    order = order_of([face(*map(str, numbers))])
    assert len(order.labels) == order.scheme.count == count
    assert order.scheme.name == {68: "ibug68", 15: "kaggle15"}.get(count, f"points{count}")


def test_numbers_may_have_zeros_before_them(tmp_path):
    path = write_shapes(tmp_path, labelme_shapes(labels=[f"{place:03d}" for place in range(1, 69)]))
    (item,) = labelme.find(path, "set")
    np.testing.assert_allclose(item.data.points, POINTS, atol=1e-3)
    assert item.scheme.name == "ibug68"


def test_names_of_a_scheme_are_its_points(tmp_path):
    points = convert(POINTS, SCHEMES["ibug68"], SCHEMES["kaggle15"])
    names = SCHEMES["kaggle15"].names
    shuffled = np.random.default_rng(4).permutation(15)[:14]
    shapes = labelme_shapes(points[shuffled], [names[place] for place in shuffled])
    (item,) = labelme.find(write_shapes(tmp_path, shapes), "set")
    assert item.scheme == SCHEMES["kaggle15"] and item.data.remarks == ()
    expected = points.copy()
    expected[list(set(range(15)) - set(shuffled))] = np.nan
    np.testing.assert_allclose(item.data.points, expected, atol=1e-3)


def test_the_smallest_scheme_that_has_the_names_is_meant():
    five = SCHEMES["mtfl5"].names
    assert set(five) <= set(SCHEMES["aflw19"].names)
    assert order_of([face(*five[:3]), face(*five[3:])]).scheme == SCHEMES["mtfl5"]
    assert order_of([face(*five, "chin")]).scheme == SCHEMES["aflw19"]


def test_other_names_are_another_scheme(tmp_path):
    names = {order_of([face(*labels)]).scheme.name for labels in (("a", "b"), ("b", "a"), ("a", "c"))}
    assert len(names) == 2


def test_labels_that_are_neither_names_nor_numbers_spoil_their_faces_alone():
    sound, odd = face("nose", "chin"), [face("nose", label) for label in ("7", "a,b", " ", "points", "a\n")]
    order = order_of([sound, *odd])
    assert order.labels == ("chin", "nose") and order.marks(sound, True).fault is None
    assert order.marks(sound, True).points.tolist() == [[1, 7], [0, 7]]
    assert {order.marks(one, True).fault[0] for one in odd} == {"unreadable annotation"}
    assert order.marks(odd[0], True).fault[1] == "a: found the label '7', expected of chin to nose"


def test_numbers_that_few_faces_have_beside_the_68_spoil_these():
    whole, odd = face(*map(str, range(68))), face("3", "700")
    order = order_of([whole, odd])
    assert order.scheme.name == "ibug68" and order.marks(whole, True).fault is None
    assert order.marks(odd, True).fault[1] == "a: found the label '700', expected of 0 to 67"
    assert order_of([whole, odd, odd]).scheme.name == "points69"


def test_names_in_the_order_of_a_list():
    order = order_of_list(["p10", "p2"])
    assert order.labels == order.scheme.names == ("p10", "p2") and order.remarks[0][0] == ORDERED
    assert order_of_list([f"p{place}" for place in range(68)]).scheme.name == "ibug68"
    assert order_of_list(["7", "8", "9"]).labels == ("0", "1", "2")


def test_points_of_lists_are_as_many_as_most_have():
    lists = [face(*"012", listed=True), face(*"01", listed=True), face(*"012", listed=True)]
    order = order_of(lists)
    assert order.labels == ("0", "1", "2")
    assert [order.marks(one, True).fault is None for one in lists] == [True, False, True]


def test_more_labels_than_a_scheme_has_points(tmp_path):
    path = write_shapes(tmp_path, labelme_shapes(np.ones((10_001, 2)), [f"p{place}" for place in range(10_001)]))
    with pytest.raises(ValueError, match="faces.json: found 10001 different labels of points"):
        labelme.find(path, "set")


def test_faces_that_are_none_alone_have_no_order(tmp_path):
    (item,) = cvat.find(write_images(tmp_path, cvat_skeleton(POINTS[:2] * 0, ("1", "1"))), "set")
    with pytest.raises(BadSample, match="found the label '1' twice"):
        cvat.read(item)
