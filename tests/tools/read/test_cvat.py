"""Reader of CVAT's XML: what is special about it (see test_listing.py, test_labelled.py)."""

import numpy as np
import pytest

from tests.helpers.annotated import OTHER, POINTS, unknown, write_picture
from tests.helpers.labelled import NUMBERS, cvat_box, cvat_shape, cvat_skeleton, known, write_images
from tools.read import formats
from tools.read.cvat import find, read
from tools.read.face import BadSample


def test_outside_points_are_unknown_and_occluded_ones_are_points(tmp_path):
    skeleton = cvat_skeleton(unknown(POINTS, 5, 40))
    assert skeleton.count('outside="1"') == 2 and skeleton.count('occluded="1"') == 66
    (item,) = formats.find(write_images(tmp_path, skeleton), "set")
    face = read(item)
    assert item.format == "cvat" and np.flatnonzero(np.isnan(face.points[:, 0])).tolist() == [5, 40]
    np.testing.assert_allclose(face.points, unknown(POINTS, 5, 40), atol=1e-3)


def test_the_points_of_one_shape_stand_in_its_order(tmp_path):
    first, second = find(write_images(tmp_path, cvat_shape(POINTS), cvat_shape(OTHER)), "set")
    assert first.scheme.name == "ibug68"
    np.testing.assert_allclose(read(first).points, POINTS, atol=1e-3)
    np.testing.assert_allclose(read(second).points, OTHER, atol=1e-3)


def test_a_shape_with_another_number_of_points_spoils_its_face_alone(tmp_path):
    *good, bad = find(write_images(tmp_path, cvat_shape(POINTS), cvat_shape(OTHER), cvat_shape(POINTS[:67])), "set")
    with pytest.raises(BadSample, match="annotations.xml a.png face: found 67 points, expected 68") as caught:
        read(bad)
    assert caught.value.reason == "wrong shape" and [read(item).points.shape for item in good] == [(68, 2)] * 2


def test_single_points_of_a_group_are_a_face(tmp_path):
    def singles(points, group):
        return [
            f'<points label="{label}" occluded="0" points="{x:.4f},{y:.4f}"{group}/>'
            for label, x, y in known(points, NUMBERS)
        ]

    mixed = [one for pair in zip(singles(POINTS, ""), singles(OTHER, ' group_id="3"'), strict=True) for one in pair]
    items = find(write_images(tmp_path, *mixed, cvat_box((5, 6, 70, 90), ' group_id="3"')), "set")
    assert [item.name for item in items] == ["a#1", "a#2"]
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        np.testing.assert_allclose(read(item).points, points, atol=1e-3)
    assert items[0].data.box is None and items[1].data.box.tolist() == [5, 6, 70, 90]


def test_a_box_without_a_group_is_of_no_skeleton(tmp_path):
    (item,) = find(write_images(tmp_path, cvat_skeleton(), cvat_box()), "set")
    assert item.data.box is None


def test_of_several_kinds_those_of_faces_are_taken(tmp_path):
    hand = cvat_skeleton(POINTS[:21], NUMBERS[:21], label="hand")
    (item,) = find(write_images(tmp_path, hand, cvat_skeleton(label="Face")), "set")
    np.testing.assert_allclose(read(item).points, POINTS, atol=1e-3)
    with pytest.raises(ValueError, match="annotations.xml: found skeletons or points hand, head, expected"):
        find(write_images(tmp_path, hand, cvat_skeleton(label="head")), "set")


def test_frames_of_a_video_are_one_source(tmp_path):
    meta = "<task><labels><label><name>face</name></label></labels><source>clips/Ann_Lee.mp4</source></task>"
    for name in ("frame_000002.PNG", "frame_000010.png"):
        write_picture(tmp_path / "images" / name)
    path = write_images(tmp_path, cvat_skeleton(), file="b.png", meta=meta)
    image = '<image id="{0}" name="frame_{0:06d}">' + cvat_skeleton() + "</image>"
    path.write_text(path.read_text().replace("</annotations>", f"{image.format(2)}{image.format(10)}</annotations>"))
    items = find(path, "set")
    assert {item.key: item.source for item in items} == {
        "set/all/b#1": "b",
        "set/images/frame_000002#1": "Ann_Lee",
        "set/images/frame_000010#1": "Ann_Lee",
    }
    assert all(np.isfinite(read(item).points).all() for item in items)


@pytest.mark.parametrize(
    "place, found",
    [
        ("12.5", "the point '12.5'"),
        ("12.5,6,7", "the point '12.5,6,7'"),
        ("x,6", "the point 'x,6'"),
    ],
)
def test_an_odd_point_spoils_its_face_alone(tmp_path, place, found):
    bad = f'<skeleton label="face"><points label="7" outside="0" points="{place}"/></skeleton>'
    bad, good = find(write_images(tmp_path, bad, cvat_skeleton()), "set")
    with pytest.raises(BadSample, match=f"annotations.xml a.png face: found {found}, expected x,y") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation" and np.isfinite(read(good).points).all()


@pytest.mark.parametrize(
    "inside, found",
    [
        ("<track id='0' label='face'>", "the <track> of a video"),
        ("<skeleton label='face'>", "malformed XML"),
        ("<polygon points='1,2;3,4'/>", "no face"),
    ],
)
def test_files_that_are_not_those_of_pictures(tmp_path, inside, found):
    path = write_images(tmp_path, inside)
    with pytest.raises(ValueError, match=f"annotations.xml: found {found}"):
        find(path, "set")
    path.write_text("<!DOCTYPE a [<!ENTITY b 'c'>]>" + path.read_text().partition("?>")[2])
    with pytest.raises(ValueError, match="annotations.xml: found a DOCTYPE"):
        find(path, "set")
