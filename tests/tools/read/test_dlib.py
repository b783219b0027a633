"""Reader of dlib's XML: what is special about it (see test_listing.py)."""

import numpy as np
import pytest

from tests.helpers.annotated import END, POINTS, START, dlib_box, dlib_parts, write_boxes
from tools.read.dlib import find, matches, read
from tools.read.face import BadSample


def test_ignored_and_empty_boxes_are_no_faces_and_parts_come_in_any_order(tmp_path):
    mixed = dlib_box(dlib_parts(order=np.random.default_rng(1).permutation(68)))
    path = write_boxes(tmp_path, dlib_box(dlib_parts(), " ignore='1'"), dlib_box(""), mixed, file="sub\\a.jpg")
    (item,) = find(path, "set")
    assert (item.key, item.source) == ("set/sub/a#1", "a")
    assert item.picture == tmp_path / "sub" / "a.jpg"  # as imglab writes it on Windows
    np.testing.assert_allclose(read(item).points, POINTS, atol=1e-3)


@pytest.mark.parametrize(
    "part, found",
    [
        ("<part name='68' x='1' y='2'/>", "the label '68', expected of 0 to 67"),
        ("<part name='nose' x='1' y='2'/>", "the label 'nose', expected of 0 to 67"),
        ("<part x='1' y='2'/>", "the label '', expected of 0 to 67"),
        ("<part name='05' x='one' y='2'/>", "part '05' at one, 2"),
        ("<part name='05' x='1'/>", "part '05' at 1, None"),
        ("<part name='05' x='1' y='2'/>" * 2, "the label '5' twice"),
    ],
)
def test_a_wrong_part_spoils_its_face_alone(tmp_path, part, found):
    bad, good = find(write_boxes(tmp_path, dlib_box(part), dlib_box(dlib_parts())), "set")
    with pytest.raises(BadSample, match=f"faces.xml a.png: found {found}") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation" and np.isfinite(read(good).points).all()


@pytest.mark.parametrize("names", [tuple("0123456"), ("1", "2", "3", "4", "5", "6", "7"), ("a", "b2", "b10", *"cdef")])
def test_parts_of_any_number_by_numbers_or_names(tmp_path, names):
    shuffled = np.random.default_rng(2).permutation(7)
    parts = [f"<part name='{names[i]}' x='{POINTS[i][0]:.3f}' y='{POINTS[i][1]:.3f}'/>" for i in shuffled]
    most, whole = find(write_boxes(tmp_path, dlib_box("".join(parts[1:])), dlib_box("".join(parts))), "set")
    assert most.scheme == whole.scheme and most.scheme.count == 7 and most.scheme.names in ((), names)
    np.testing.assert_allclose(read(whole).points, POINTS[:7], atol=1e-3)
    assert np.flatnonzero(np.isnan(read(most).points).all(axis=1)).tolist() == [shuffled[0]]


@pytest.mark.parametrize(
    "text, found",
    [
        (f"{START}<image file='a.png'><box>", "malformed XML"),
        ("<?xml version='1.0' encoding='no-such'?><dataset/>", "malformed XML"),
    ],
)
def test_files_that_are_not_dlibs(tmp_path, text, found):
    (tmp_path / "faces.xml").write_text(text)
    with pytest.raises(ValueError, match=f"faces.xml: found {found}"):
        find(tmp_path / "faces.xml", "set")


def test_an_image_without_a_file_spoils_its_faces_alone(tmp_path):
    path, face = write_boxes(tmp_path, dlib_box(dlib_parts())), dlib_box(dlib_parts())
    path.write_text(path.read_text().replace(END, f"<image>{face}</image>{END}"))
    bad, good = find(path, "set")
    with pytest.raises(BadSample, match="faces.xml: found an <image> without a file") as caught:
        read(bad)
    assert caught.value.reason == "unknown picture" and np.isfinite(read(good).points).all()


BOMB = "<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {new} '{('&' + old + ';') * 10}'>" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_expand(tmp_path, encoding):
    path = tmp_path / "faces.xml"
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE dataset [{BOMB}]><dataset>&j;</dataset>"
    path.write_bytes(text.encode(encoding))
    assert matches(path)
    with pytest.raises(ValueError, match="faces.xml: found a DOCTYPE"):
        find(path, "set")
