"""Data sets given together that hold the same faces: each is taken once, from the first set."""

import shutil
from dataclasses import replace

import pytest

from records.split import Split
from tests.helpers.annotated import (
    KAGGLE_HEADER,
    KAGGLE_IMAGE,
    KAGGLE_POINTS,
    OTHER,
    POINTS,
    kaggle_row,
    write_csv,
    write_dlib,
    write_kaggle,
    write_pts,
)
from tools.make.datasets import TWINS, Source, find_items
from tools.make.overlap import Seen
from tools.read.formats import find


def found_in(*sources):
    chosen = [place if isinstance(place, Source) else Source(place) for place in sources]
    return find_items(chosen, find, Split(0), Seen("pts_2d"))


@pytest.fixture
def two(tmp_path):
    """The same picture in two sets: face POINTS in both, OTHER in the second alone."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    write_csv(tmp_path / "one", [POINTS + 0.6])
    write_dlib(tmp_path / "two", [OTHER + 80, POINTS])
    (tmp_path / "two" / "a.png").rename(tmp_path / "two" / "renamed.png")
    path = tmp_path / "two" / "faces.xml"
    path.write_text(path.read_text().replace("a.png", "renamed.png"))
    return tmp_path / "one", tmp_path / "two"


def test_a_face_that_two_sets_hold_is_taken_once_and_said(two):
    found = found_in(*two)
    assert [item.key for item in found.items] == ["one/all/a#1", "two/all/renamed#1"]
    assert found.remarks == {TWINS: ["two/all/renamed#2: the same picture and face as one/all/a#1"]}
    assert [(entry.found, entry.taken) for entry in found.datasets.values()] == [(1, 1), (2, 1)]
    assert len(found_in(two[1]).items) == 2


def test_what_a_cap_leaves_out_of_the_first_set_is_taken_from_the_second(tmp_path):
    write_pts(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    capped = replace(Source(tmp_path / "one"), cap=0)
    assert [item.dataset for item in found_in(capped, tmp_path / "two").items] == ["two"]
    assert [item.dataset for item in found_in(tmp_path / "one", tmp_path / "two").items] == ["one"]


def test_other_pictures_of_the_same_size_and_unreadable_ones_stay(two):
    data = bytearray((two[0] / "a.png").read_bytes())
    data[-20] ^= 1  # beyond the first bytes
    (two[1] / "renamed.png").write_bytes(data)
    assert len(found_in(*two).items) == 3
    for name in ("a.png", "renamed.png"):
        (two[name != "a.png"] / name).write_bytes(b"no picture")
    assert len(found_in(*two).items) == 3
    for name in ("a.png", "renamed.png"):
        (two[name != "a.png"] / name).unlink()
    assert len(found_in(*two).items) == 3


def test_rows_of_kaggles_tables_are_the_same_by_their_pixels(tmp_path):
    other = KAGGLE_IMAGE[::-1]
    first = write_kaggle(tmp_path, KAGGLE_HEADER, kaggle_row(), name="one.csv")
    rows = kaggle_row(KAGGLE_POINTS, other), kaggle_row()
    second = write_kaggle(tmp_path, KAGGLE_HEADER, *rows, name="two.csv")
    assert [item.key for item in found_in(first, second).items] == ["one.csv/full/row00001", "two.csv/full/row00001"]
