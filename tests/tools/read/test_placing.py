"""Turned and resized pictures: every format's points have to lie where they were annotated."""

import json

import cv2
import numpy as np
import pytest
import scipy.io

from infer.files.pictures import read_picture
from tests.helpers.annotated import (
    IMAGE,
    POINTS,
    coco_annotation,
    dlib_box,
    dlib_parts,
    openface_row,
    write_annotations,
    write_boxes,
    write_csv,
    write_openface,
    write_pts,
)
from tests.helpers.drawn import HEIGHT, WIDTH
from tests.helpers.labelled import cvat_skeleton, labelme_shapes, write_images, write_shapes
from tests.helpers.pictures import encode, exif
from tools.read import formats
from tools.read.face import BadSample
from tools.read.placing import SCALED, TURNED

LYING = np.ascontiguousarray(IMAGE[:, ::-1].transpose(1, 0, 2))  # what EXIF 6 turns back to IMAGE
OVER = np.ascontiguousarray(IMAGE[::-1, ::-1])  # the same for 3


def write_turned(path, stored=LYING, orientation=6):
    data = encode(stored, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98)
    path.write_bytes(data[:2] + exif(orientation) + data[2:])


def write_mat(folder, picture, **_):
    picture = folder / "AFW" / "a.jpg"
    picture.parent.mkdir()
    scipy.io.savemat(picture.with_suffix(".mat"), {"pt2d": POINTS.T.astype(float) + 1})
    return picture


def write_aflw(folder, picture, **_):
    scipy.io.savemat(picture.with_suffix(".mat"), {"pt3d_68": np.stack([*(POINTS + 1).T, np.zeros(68)])})
    return picture


def write_with_boxes(folder, picture, size):
    named = f" width='{size[0]}' height='{size[1]}'" if size else ""
    write_boxes(folder, dlib_box(dlib_parts()), file=picture.name, size=named)
    return picture


def write_with_annotations(folder, picture, size):
    named = dict(zip(("width", "height"), size or (), strict=False))
    write_annotations(folder, coco_annotation(), images=[{"id": 7, "file_name": picture.name, **named}])
    return picture


def write_row(folder, picture, **_):
    path = write_csv(folder, [POINTS])
    path.write_text(path.read_text().replace("a.png", picture.name))
    return picture


def write_lines(folder, picture, **_):
    write_pts(folder, picture.stem, suffix="")
    return picture


def write_with_shapes(folder, picture, size):
    width, height = size or (None, None)
    write_shapes(folder, labelme_shapes(), picture.name, imageWidth=width, imageHeight=height)
    return picture


def write_with_images(folder, picture, size):
    write_images(folder, cvat_skeleton(), file=picture.name, size=size)
    return picture


def write_tracked(folder, picture, **_):
    write_openface(picture.with_suffix(".csv"), openface_row())
    return picture


WRITERS = {"300w-lp": write_mat, "aflw2000": write_aflw, "dlib": write_with_boxes, "coco": write_with_annotations}
WRITERS |= {"csv": write_row, "pts": write_lines, "openface": write_tracked}
WRITERS |= {"labelme": write_with_shapes, "cvat": write_with_images}
UPRIGHT, STORED = (WIDTH, HEIGHT), (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    "format, size, upright, remark",
    [
        ("csv", None, True, False),
        ("pts", None, True, False),
        ("openface", None, True, False),
        ("coco", UPRIGHT, True, False),
        ("coco", STORED, False, False),
        ("coco", None, False, True),
        ("labelme", UPRIGHT, True, False),
        ("labelme", STORED, False, False),
        ("labelme", None, True, False),
        ("cvat", UPRIGHT, True, False),
        ("cvat", STORED, False, False),
        ("cvat", None, True, False),
        ("dlib", UPRIGHT, True, False),
        ("dlib", STORED, False, False),
        ("dlib", None, False, True),
        ("300w-lp", None, False, True),
        ("aflw2000", None, False, True),
    ],
)
def test_a_picture_that_exif_turns(tmp_path, format, size, upright, remark):
    picture = WRITERS[format](tmp_path, tmp_path / "a.jpg", size=size)
    write_turned(picture)
    images = {"upright": read_picture(picture), "stored": read_picture(picture, upright=False)}
    assert images["upright"].shape[:2] == (HEIGHT, WIDTH) and images["stored"].shape[:2] == (WIDTH, HEIGHT)
    for orientation, expected in (("auto", upright), ("upright", True), ("stored", False)):
        (item,) = formats.find(tmp_path, "set", format, orientation)
        face = formats.read(item, "pts_2d")
        np.testing.assert_array_equal(face.image, images["upright" if expected else "stored"])
        np.testing.assert_allclose(face.points, POINTS, atol=1e-3)
        told = [(kind, words.split(":")[0]) for kind, words in face.remarks]
        assert told == ([(TURNED, f"set/{item.subset}/a.jpg")] if remark and orientation == "auto" else [])


@pytest.mark.parametrize(
    "format, orientation, remarks, expected",
    [("dlib", 1, 0, OVER), ("dlib", 3, 1, OVER), ("cvat", 1, 0, OVER), ("cvat", 3, 0, IMAGE)],
)
def test_a_size_says_nothing_of_a_picture_that_stands_on_its_head(tmp_path, format, orientation, remarks, expected):
    write_turned(WRITERS[format](tmp_path, tmp_path / "a.jpg", UPRIGHT), OVER, orientation)
    (item,) = formats.find(tmp_path, "set")
    face = formats.read(item, "pts_2d")
    assert len(face.remarks) == remarks and np.abs(face.image.astype(int) - expected).mean() < 5


@pytest.mark.parametrize("format", ["coco", "dlib", "labelme", "cvat"])
@pytest.mark.parametrize("factor", [0.5, 3])
def test_points_of_a_resized_picture_are_scaled(tmp_path, format, factor):
    picture = WRITERS[format](tmp_path, tmp_path / "a.png", size=UPRIGHT)
    cv2.imwrite(str(picture), cv2.resize(IMAGE, None, fx=factor, fy=factor))
    (item,) = formats.find(tmp_path, "set")
    face = formats.read(item, "pts_2d")
    expected = (POINTS + 0.5) * factor - 0.5
    np.testing.assert_allclose(face.points, expected, atol=2e-3)
    np.testing.assert_allclose(face.box, [*expected.min(axis=0), *expected.max(axis=0)], atol=2e-3)
    found = f"{factor * WIDTH:g}x{factor * HEIGHT:g}"
    assert face.remarks == ((SCALED, f"set/all/a.png: found {found} pixels, expected 230x190 as annotated"),)


@pytest.mark.parametrize("format", ["coco", "dlib"])
def test_a_picture_of_another_shape_is_another_picture(tmp_path, format):
    WRITERS[format](tmp_path, tmp_path / "a.png", size=(WIDTH, HEIGHT + 20))
    with pytest.raises(BadSample, match="set/all/a.png: found 230x190 pixels, expected 230x210 as annotated") as caught:
        formats.read(formats.find(tmp_path, "set")[0], "pts_2d")
    assert caught.value.reason == "other picture size"


@pytest.mark.parametrize("size", [(0, 0), ("wide", "high"), (float("nan"), 5), (None, 190)])
def test_a_size_that_is_none_counts_as_unknown(tmp_path, size):
    path = write_annotations(tmp_path, coco_annotation())
    document = json.loads(path.read_text())
    document["images"][0] |= {"width": size[0], "height": size[1]}
    path.write_text(json.dumps(document))
    face = formats.read(formats.find(path, "set")[0], "pts_2d")
    np.testing.assert_allclose(face.points, POINTS, atol=1e-3)
    assert face.remarks == ()
