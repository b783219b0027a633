"""Reader of WFLW's lists."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, convert
from tests.helpers.annotated import wflw_line, write_wflw
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read import formats, scenes
from tools.read.face import BadSample
from tools.read.wflw import WFLW_98, find, matches, read

POINTS = np.random.default_rng(98).uniform((20, 30), (180, 150), (98, 2)).round(2)
OTHER = POINTS + (13, 21)
PICTURE, PARADE = "37--Soccer/37_Soccer_soccer_ball_37_45.jpg", "0--Parade/0_Parade_Parade_0_5.jpg"


def test_faces_of_a_picture_in_the_folder_of_pictures_further_up(tmp_path):
    path = write_wflw(tmp_path, wflw_line(POINTS), wflw_line(OTHER), wflw_line(POINTS, PARADE), pictures=[PICTURE])
    items = formats.find(path, "set")
    assert items == find(path.parent, "set") and {item.format for item in items} == {"wflw"}
    names = ["0--Parade/0_Parade_Parade_0_5#1", *(f"37--Soccer/37_Soccer_soccer_ball_37_45#{n}" for n in (1, 2))]
    assert [item.key for item in items] == [f"set/{name}" for name in names]
    assert [item.source for item in items] == [name.split("/")[1].split("#")[0] for name in names]
    for item, points in zip(items[1:], (POINTS, OTHER), strict=True):
        face = read(item, "pts_3d")
        assert face.scheme is item.scheme is WFLW_98 and face.image.shape == (HEIGHT, WIDTH, 3)
        np.testing.assert_allclose(face.points, points, atol=1e-3)
        np.testing.assert_allclose(face.box, box_of(convert(points, WFLW_98, IBUG_68)), atol=1e-3)
    with pytest.raises(BadSample, match="0_Parade_Parade_0_5.jpg"):
        read(items[0])


def test_lists_of_one_attribute_have_points_and_names_alone(tmp_path):
    path = write_wflw(tmp_path, wflw_line(POINTS, more=False), pictures=[PICTURE])
    (item,) = formats.find(path, "set")
    np.testing.assert_allclose(read(item).points, POINTS, atol=1e-3)


@pytest.mark.parametrize(
    "line, found",
    [
        (wflw_line(POINTS).partition(" ")[2], "206 words, expected 197 or 207"),
        (f"12,5 {wflw_line(POINTS).partition(' ')[2]}", ".*'12,5'"),
    ],
)
def test_an_odd_line_spoils_its_face_alone(tmp_path, line, found):
    items = find(write_wflw(tmp_path, wflw_line(OTHER), "", line, pictures=[PICTURE]), "set")
    good, bad = sorted(items, key=lambda item: item.data.fault is not None)
    np.testing.assert_allclose(read(good).points, OTHER, atol=1e-3)
    with pytest.raises(BadSample, match=f"list_98pt_rect_attr_train.txt line 3: found {found}") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation"


def test_what_is_no_list(tmp_path):
    path = write_wflw(tmp_path, "a.jpg", "1", "1 2 3 4 0 0 0 0 0 0")
    assert not matches(path) and not matches(path.parent)
    assert [item.format for item in scenes.find(path, "set")] == ["wider"]
    with pytest.raises(ValueError, match="list_98pt_rect_attr_train.txt: found no face, expected"):
        find(write_wflw(tmp_path), "set")


def test_its_pictures_are_scenes(tmp_path):
    path = write_wflw(tmp_path, wflw_line(POINTS), wflw_line(OTHER), pictures=[PICTURE])
    (item,) = scenes.find(path, "set")
    scene = scenes.read(item, "pts_2d")
    boxes = [box_of(convert(points, WFLW_98, IBUG_68)) for points in (POINTS, OTHER)]
    np.testing.assert_allclose(scene.places.box, boxes, atol=1e-3)
    np.testing.assert_allclose(scene.places.five[0, 2:], POINTS[[54, 76, 82]], atol=1e-3)
