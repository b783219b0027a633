"""Readers of scenes: what labels, WIDER FACE's lists, VOC's files and landmark sets say of a picture and its faces."""

import json
import shutil

import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from infer.geometry.oriented import boxes_around, roll_of
from infer.geometry.rotations import rotation
from tests.helpers import scenes as made
from tests.helpers.annotated import (
    IMAGE,
    KAGGLE_HEADER,
    KAGGLE_POINTS,
    OTHER,
    POINTS,
    csv_header,
    csv_row,
    kaggle_row,
    pts_lines,
    unknown,
    write_csv,
    write_kaggle,
    write_lines,
    write_picture,
    write_pts,
)
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read import scenes
from tools.read.face import BadSample

WHOLE = np.array([[10.0, 20.0, 60.0, 120.0]])
# of its edges 50 and 100: as wide times 1.038, as high times 0.762, its centre 0.124 of the height lower
LANDMARKS = [35 - 25.95, 70 + 12.4 - 38.1, 35 + 25.95, 70 + 12.4 + 38.1]


def read_all(path, format=None):
    return [scenes.read(item, "pts_2d") for item in scenes.find(path, "set", format)]


def fault_of(path) -> BadSample:
    (item,) = scenes.find(path, "set")
    with pytest.raises(BadSample) as caught:
        scenes.read(item, "pts_2d")
    return caught.value


def test_labels_say_boxes_points_and_what_is_ignored(tmp_path):
    unsaid = {"box": made.OTHER}
    path = made.write_labels(tmp_path, made.line("a.png", made.face(), unsaid), "", made.line("a.png", ignore=()))
    items = scenes.find(tmp_path, "set")
    assert [item.key for item in items] == ["set/all/a", "set/all/a"] and {item.format for item in items} == {"labels"}
    both, none = read_all(path)
    assert both.image.shape == (HEIGHT, WIDTH, 3) and both.places.by == ("me", "unknown")
    assert both.places.box.tolist() == [made.BOX, made.OTHER] and both.places.ignore.tolist() == [made.IGNORE]
    assert both.places.five[0].ravel().tolist() == made.FIVE and np.isnan(both.places.five[1]).all()
    assert both.places.oriented[0, 4] == pytest.approx(roll_of(np.reshape(made.FIVE, (5, 2)))) and np.isnan(
        both.places.oriented[1, 4]
    )
    np.testing.assert_allclose(boxes_around(both.places.oriented), both.places.box, atol=1e-9)
    assert (
        none.places.box.shape == (0, 4)
        and none.places.five.shape == (0, 5, 2)
        and none.places.ignore.shape == (0, 4)
        and none.places.by == ()
    )


def test_labels_count_in_a_picture_of_the_size_they_name(tmp_path):
    line = made.line("a.png", made.face(), width=2 * WIDTH, height=2 * HEIGHT)
    (scene,) = read_all(made.write_labels(tmp_path, line))
    np.testing.assert_allclose(scene.places.box[0], (np.array(made.BOX) + 0.5) / 2 - 0.5)
    np.testing.assert_allclose(scene.places.five.ravel(), (np.array(made.FIVE) + 0.5) / 2 - 0.5)
    np.testing.assert_allclose(scene.places.ignore[0], (np.array(made.IGNORE) + 0.5) / 2 - 0.5)


@pytest.mark.parametrize(
    "line, reason",
    [
        ('{"file": "a.png"}', "no 'faces'"),
        (made.line("a.png", {"box": [1, 2, 3]}), r"\[1, 2, 3\], expected 4"),
        (made.line("a.png", made.face(five=[1, 2])), "expected 10"),
        (made.line("a.png", made.face(["x", 1, 2, 3])), "'x'"),
        ('{"file": 7, "faces": []}', "file 7"),
        ('{"file": "a.png", "faces": [7]}', ""),
        ('{"file"', ""),
    ],
)
def test_an_odd_line_is_named_and_the_next_is_read(tmp_path, line, reason):
    path = made.write_labels(tmp_path, made.line("b.png", made.face()), line, pictures=("a.png", "b.png"))
    items = {item.data.fault is None: item for item in scenes.find(path, "set")}
    assert scenes.read(items[True], "pts_2d").places.box.tolist() == [made.BOX]
    with pytest.raises(BadSample, match=rf"labels\.jsonl line 2: found.*{reason}"):
        scenes.read(items[False], "pts_2d")


@pytest.mark.parametrize("box", [[9, 1, 9, 5], [9, 6, 12, 5], [1, 2, float("nan"), 5]])
def test_a_box_that_is_none_is_a_bad_sample(tmp_path, box):
    for line in (made.line("a.png", made.face(box)), made.line("a.png", ignore=[box])):
        assert fault_of(made.write_labels(tmp_path, line)).reason == "impossible box"


def write_wider(folder, *lines):
    (folder / "split").mkdir(parents=True, exist_ok=True)
    (folder / "split" / "list.txt").write_text("\n".join(lines) + "\n")
    for place in ("WIDER_train/images/0--P/a.png", "split/images/0--P/b.png"):
        write_picture(folder / place)
    return folder / "split" / "list.txt"


def test_a_list_of_wider_face(tmp_path):
    rows = ["10 20 50 100 0 0 0 0 2 0", "5 6 7 9 1 0 0 1 0 0", "3 4 0 8 0 0 0 0 0 0"]
    path = write_wider(tmp_path, "0--P/a.png", "3", *rows, "0--P/b.png", "0", "0 0 0 0 0 0 0 0 0 0", "c.png", "0")
    a, _, b = items = scenes.find(path, "set")
    assert [item.key for item in items] == ["set/0--P/a", "set/all/c", "set/images/0--P/b"]
    assert {item.format for item in items} == {"wider"}
    first = scenes.read(a, "pts_2d")
    np.testing.assert_allclose(first.places.box, [LANDMARKS])
    assert (
        first.places.by == ("box",)
        and np.isnan(first.places.five).all()
        and np.isnan(first.places.oriented[:, 4]).all()
    )
    assert first.places.ignore.tolist() == [[5, 6, 12, 15]]
    assert [words for _, words in first.remarks] == ["0--P/a.png: 1"]
    assert scenes.read(b, "pts_2d").places.box.shape == (0, 4)


@pytest.mark.parametrize(
    "lines, place",
    [
        (["a.png", "1", "10 20 x 9"], "line 3"),
        (["a.png", "2", "1 2 3 4", "b.png"], "line 4"),
        (["a.png", "1", "1 2 3 4", "b.png", "c.png"], "line 5"),
    ],
)
def test_a_list_of_wider_face_that_goes_astray_is_named(tmp_path, lines, place):
    with pytest.raises(ValueError, match=rf"list\.txt {place}: found"):
        scenes.find(write_wider(tmp_path, *lines), "set")


def test_files_of_voc(tmp_path):
    for place in ("images/a.png", "annotations/b.png"):
        write_picture(tmp_path / place)
    difficult = "<difficult>1</difficult><part><name>nose</name><bndbox><xmin>1</xmin></bndbox></part>"
    size = f"<size><width>{2 * WIDTH}</width><height>{2 * HEIGHT}</height></size>"
    objects = [
        made.voc_object("with_mask", WHOLE[0] + 1),
        made.voc_object("Face", (31, 41, 52, 63), difficult),
        made.voc_object("person", (3, 5, 8, 9)),
    ]
    (tmp_path / "annotations" / "a.xml").write_text(made.voc(*objects))
    (tmp_path / "annotations" / "b.xml").write_text(made.voc(objects[0], size, file="<filename>b.png</filename>"))
    b, a = read_all(tmp_path)
    np.testing.assert_allclose(a.places.box, [LANDMARKS])
    assert a.places.by == ("box",) and np.isnan(a.places.five).all()
    assert a.places.ignore.tolist() == [[30, 40, 51, 62], [2, 4, 7, 8]]
    assert [words for _, words in a.remarks] == ["a.xml: 1 person"]
    np.testing.assert_allclose(b.places.box, [(np.array(LANDMARKS) + 0.5) / 2 - 0.5])
    assert [item.key for item in scenes.find(tmp_path / "annotations", "set")] == ["set/all/b", "set/images/a"]


@pytest.mark.parametrize(
    "text, reason",
    [
        (made.voc(file=""), "no <filename>"),
        (made.voc(made.voc_object("face", (1, 2, "x", 4))), "'xmax': 'x'"),
        ("<annotation><filename>a.png</filename>", "malformed XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + made.voc(), "DOCTYPE"),
    ],
)
def test_a_file_of_voc_that_is_wrong_costs_its_picture_alone(tmp_path, text, reason):
    write_picture(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(text)
    fault = fault_of(tmp_path / "a.xml")
    assert fault.reason == "unreadable annotation" and "a.xml" in str(fault) and reason in str(fault)


def five_of(points) -> np.ndarray:
    return np.array([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]], np.float64)


def test_landmark_sets_tell_exact_boxes_that_stand_as_the_heads_do(tmp_path):
    (scene,) = read_all(write_csv(tmp_path, [POINTS, OTHER]))
    assert scene.places.by == ("points", "points") and scene.places.ignore.shape == (0, 4)
    np.testing.assert_allclose(scene.places.box, [box_of(POINTS), box_of(OTHER)], atol=1e-3)
    for points, five, oriented in zip((POINTS, OTHER), scene.places.five, scene.places.oriented, strict=True):
        np.testing.assert_allclose(five, five_of(points), atol=1e-3)
        roll = roll_of(five)
        x, y, width, height, found = oriented
        assert found == pytest.approx(roll)
        inside = (points - (x, y)) @ rotation(roll)
        np.testing.assert_allclose(inside.max(axis=0), (width / 2, height / 2), atol=1e-2)
        np.testing.assert_allclose(inside.min(axis=0), (-width / 2, -height / 2), atol=1e-2)


def test_partly_known_points_leave_what_follows_from_them_unknown(tmp_path):
    jaw, eye = unknown(POINTS, 3), unknown(OTHER, 45)
    (scene,) = read_all(write_csv(tmp_path, [jaw, eye], box=(30, 20, 150, 170)))
    assert scene.places.box.tolist() == [[30, 20, 150, 170]]  # one face annotated twice
    np.testing.assert_allclose(boxes_around(scene.places.oriented), scene.places.box, atol=1e-6)
    alone = write_csv(tmp_path, [eye], box=(30, 20, 150, 170))
    (scene,) = read_all(alone)
    assert np.isnan(scene.places.five[0, 1]).all() and np.isfinite(scene.places.five[0, [0, 2, 3, 4]]).all()
    assert np.isnan(scene.places.oriented[0, 4])


def test_points_without_a_scheme_are_no_five(tmp_path):
    five = POINTS[[8, 36, 45, 0, 16]]
    (scene,) = read_all(write_lines(tmp_path, csv_header(5), csv_row(five)))
    np.testing.assert_allclose(scene.places.box, [box_of(five)], atol=1e-3)
    assert np.isnan(scene.places.five).all() and np.isnan(scene.places.oriented[0, 4])


def test_copies_of_a_photo_are_one_picture_with_all_their_faces(tmp_path):
    other = pts_lines(OTHER)
    write_pts(tmp_path / "afw", "134212_1")
    write_pts(tmp_path / "afw", "134212_2", f"version: 1\nn_points: 68\n{{\n{other}\n}}\n")
    write_pts(tmp_path / "afw", "134213_1")
    cv2.imwrite(str(tmp_path / "afw" / "134213_1.jpg"), IMAGE[::-1])
    items = scenes.find(tmp_path, "set", "pts")
    assert [item.key for item in items] == ["set/afw/134212_1", "set/afw/134213_1"]
    assert [path.name for path in items[0].files] == ["134212_1.jpg", "134212_1.pts", "134212_2.jpg", "134212_2.pts"]
    np.testing.assert_allclose(scenes.read(items[0], "").places.box, [box_of(POINTS), box_of(OTHER)], atol=1e-3)


def test_a_face_that_cannot_be_read_takes_its_picture_with_it(tmp_path):
    write_csv(tmp_path, [POINTS, np.full((68, 2), np.nan)], box=None)
    assert fault_of(tmp_path / "faces.csv").reason == "no known point"


def test_scenes_of_kaggle_are_its_rows(tmp_path):
    points = KAGGLE_POINTS.copy()
    points[[0, 1, 10, 11, 12]] = [[60, 30], [30, 31], [45, 50], [58, 70], [33, 71]]  # subject's left first
    path = write_kaggle(tmp_path, KAGGLE_HEADER, kaggle_row(points), kaggle_row(points, np.full((96, 96), 7)))
    first, second = read_all(path)
    assert first.places.five[0].tolist() == [[30, 31], [60, 30], [45, 50], [33, 71], [58, 70]]
    assert (second.image == 7).all() and not (first.image == 7).all()


def test_what_is_no_scene_is_refused_by_name(tmp_path):
    (tmp_path / "a.txt").write_text("no list\n")
    with pytest.raises(
        ValueError, match=r"a\.txt: found no format that fits, expected one of labels, wider, voc, 300w"
    ):
        scenes.find(tmp_path / "a.txt", "set")
    with pytest.raises(ValueError, match="format: found 'coca'"):
        scenes.find(tmp_path / "a.txt", "set", "coca")
    with pytest.raises(ValueError, match="found no face, expected"):
        scenes.find(made.write_labels(tmp_path / "empty"), "set", "labels")


def test_one_photo_in_labels_and_in_300w_lps_layout_has_one_source(face_set, tmp_path):
    shutil.copytree(face_set / "AFW", tmp_path / "AFW")
    lines = [json.dumps({"file": f"AFW/{path.name}", "faces": []}) for path in sorted((tmp_path / "AFW").glob("*.jpg"))]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines))
    own = {item.name: item.source for item in scenes.find(tmp_path / "labels.jsonl", "set")}
    assert own == {item.name: item.source for item in scenes.find(face_set, "set") if item.subset == "AFW"}
