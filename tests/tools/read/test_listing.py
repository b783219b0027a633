"""Formats of one file for many faces, CSV, XML and JSON alike: which files they take, and what each face is."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.annotated import BOX, OTHER, POINTS, unknown, write_coco, write_csv, write_dlib
from tests.helpers.drawn import HEIGHT, WIDTH
from tests.helpers.labelled import write_cvat, write_labelme
from tools.read import coco, cvat, dlib, formats, labelme, points_csv
from tools.read.listing import picture_named

WRITERS = {points_csv: write_csv, dlib: write_dlib, coco: write_coco, labelme: write_labelme, cvat: write_cvat}
every_format = pytest.mark.parametrize("reader", WRITERS, ids=lambda reader: reader.FORMAT)


@every_format
def test_several_faces_of_a_picture(tmp_path, reader):
    path = WRITERS[reader](tmp_path, [POINTS, OTHER])
    items = reader.find(path, "set")
    assert items == reader.find(tmp_path, "set")
    assert [item.key for item in items] == ["set/all/a#1", "set/all/a#2"]
    assert {(item.source, item.format) for item in items} == {("a", reader.FORMAT)}
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        face = reader.read(item, "pts_3d")
        assert face.points.dtype == np.float32 and face.image.shape == (HEIGHT, WIDTH, 3)
        np.testing.assert_allclose(face.points, points, atol=1e-3)
        np.testing.assert_allclose(face.box, box_of(points), atol=1e-3)
        assert np.isnan(face.pose).all()


@every_format
def test_missing_points_are_unknown_and_the_annotated_box_counts(tmp_path, reader):
    (item,) = reader.find(WRITERS[reader](tmp_path, [unknown(POINTS, 0, 9, 66)]), "set")
    face = reader.read(item)
    assert np.flatnonzero(np.isnan(face.points).all(axis=1)).tolist() == [0, 9, 66]
    assert face.box.tolist() == list(BOX)


@every_format
def test_files_that_are_no_set(tmp_path, reader):
    path = WRITERS[reader](tmp_path, [POINTS])
    assert reader.matches(path) and reader.matches(tmp_path) and not reader.matches(tmp_path / "a.png")
    assert not reader.matches(tmp_path / f"absent{path.suffix}")
    WRITERS[reader](tmp_path, [])
    with pytest.raises(ValueError, match=f"{path.name}: found no face, expected"):
        reader.find(path, "set")
    path.write_text("other")
    assert not reader.matches(path) and not reader.matches(tmp_path)
    with pytest.raises(FileNotFoundError, match="absent: found no such file"):
        reader.find(tmp_path / "absent", "set")


@every_format
@pytest.mark.parametrize("name", ["sub\\a.png", "./sub/a.png", "sub/../sub\\a.png", "{folder}/sub/a.png"])
def test_names_are_read_alike(tmp_path, monkeypatch, reader, name):
    path = WRITERS[reader](tmp_path, [POINTS])
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "sub" / "a.png")
    given = name.format(folder=tmp_path)
    path.write_text(path.read_text().replace("a.png", json.dumps(given)[1:-1] if path.suffix == ".json" else given))
    monkeypatch.chdir(tmp_path)
    (item,) = reader.find(Path(path.name), "set")
    assert item.key == "set/sub/a#1" and reader.read(item).image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("written", [b"caf\xe9.png", b"caf\\xe9.png"], ids=["its bytes", "as this project escapes it"])
def test_a_name_that_is_no_utf_8(tmp_path, written):
    path = write_csv(tmp_path, [POINTS])
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    path.write_bytes(path.read_bytes().replace(b"a.png", written))
    (item,) = formats.find(path, "set")
    assert item.key == r"set/all/caf\xe9#1" and formats.read(item, "pts_2d").image.shape == (HEIGHT, WIDTH, 3)


def test_a_backslash_in_a_files_own_name_stays(tmp_path):
    (tmp_path / "b\\a.png").touch()
    assert picture_named("b\\a.png", tmp_path) == tmp_path / "b\\a.png"
    assert picture_named("c\\a.png", tmp_path, tmp_path / "images") == tmp_path / "c" / "a.png"


def test_files_of_a_folder_may_have_suffixes_in_capitals(tmp_path):
    write_csv(tmp_path, [POINTS]).rename(tmp_path / "FACES.CSV")
    assert points_csv.matches(tmp_path) and len(points_csv.find(tmp_path, "set")) == 1
