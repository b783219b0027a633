from dataclasses import replace
from pathlib import Path

import pytest

from records.landmarks import IBUG_68, KAGGLE_15, scheme_of
from records.manifest import Dataset
from records.split import Split, split_of
from tests.helpers.drawn import draw_set
from tools.make.datasets import (
    Source,
    capped,
    copies,
    find_items,
    named,
    parse_source,
    records_scheme,
    without_duplicates,
)
from tools.make.overlap import Seen
from tools.read.face import Item
from tools.read.formats import find

HALF = Split(0.5)


def item(name: str, source: str = "s", suffix: str = ".jpg") -> Item:
    return Item("set", "AFW", name, source, Path(name + suffix), Path(name + ".mat"))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("faces:0.25", Source(Path("faces"), 0.25)),
        ("faces:99.5", Source(Path("faces"), 99.5)),
        ("faces:100", Source(Path("faces"), cap=100)),
        ("disk:/faces:500", Source(Path("disk:/faces"), cap=500)),
    ],
)
def test_a_source_is_a_path_with_a_weight_or_a_cap(text, expected):
    assert parse_source(text) == expected


@pytest.mark.parametrize("number", ["0", "100.5", "nan"])
def test_numbers_that_are_neither_are_refused(number):
    with pytest.raises(ValueError, match=f"faces:{number}: found {number}, expected a weight in"):
        parse_source(f"faces:{number}")


def test_weights_multiply_training_faces_alone():
    train = next(f"s{i}" for i in range(99) if split_of(f"s{i}", 0.5) == "train")
    test = next(f"s{i}" for i in range(99) if split_of(f"s{i}", 0.5) == "test")
    assert [one.copy for one in copies(item("a", train), 3, HALF)] == [0, 1, 2]
    assert copies(item("a", test), 3, HALF) == [item("a", test)]
    counts = [len(copies(item(f"n{i}", train), 1.25, HALF)) for i in range(2000)]
    assert set(counts) == {1, 2} and abs(sum(counts) / 2000 - 1.25) < 0.03
    assert abs(sum(len(copies(item(f"n{i}", train), 0.25, HALF)) for i in range(2000)) / 2000 - 0.25) < 0.03


def test_a_larger_cap_only_adds():
    items = [item(f"n{i}") for i in range(50)]
    small, large = (capped(items, cap) for cap in (10, 30))
    assert len(small) == 10 and large[:10] == small and len(large) == 30
    assert capped(items, None) == items and capped(items, 60) == items


def test_the_second_of_a_name_is_left_out_and_told():
    skipped = {}
    first, second, other = item("a"), item("a", suffix=".png"), item("b")
    assert without_duplicates([first, second, other], skipped) == [first, other]
    assert skipped == {"duplicate name": ["set/AFW/a: a.png has the name of a.jpg, expected another"]}


def test_found_items_are_summed_up_by_set(tmp_path):
    first, second = (draw_set(tmp_path / place / "tiny", sources=3, views=2, seed=ord(place)) for place in "ab")
    (first / "AFW" / "notes.txt").touch()
    for name in ("x.heic", "y.HEIC", ".hidden.txt"):
        (second / name).touch()
    found = find_items([Source(first), Source(second, 2.0)], find, Split(0), Seen("pts_2d"))
    assert found.datasets == {
        "tiny": Dataset("300w-lp", found=6, taken=6, weight=1.0),
        "tiny#2": Dataset("300w-lp", found=6, taken=6, weight=2.0),
    }
    assert len(found.items) == 18 and not found.skipped
    assert len({(one.key, one.copy) for one in found.items}) == 18
    assert found.remarks == {"in the folder, of no face": ["tiny: 1 .txt", "tiny#2: 2 .heic"]}


def test_the_same_path_twice_is_refused(tmp_path):
    folder = draw_set(tmp_path / "tiny", sources=1, views=1)
    with pytest.raises(ValueError, match=r"tiny: found 2 times, expected once \(PATH:2"):
        find_items([Source(folder), Source(folder / ".." / "tiny", 2.0)], find, Split(0), Seen("pts_2d"))


def test_points_without_a_scheme_take_one_of_as_many():
    fifteen, seven = (replace(item(name), scheme=scheme_of(f"points{count}")) for name, count in (("a", 15), ("b", 7)))
    assert records_scheme([fifteen]) == scheme_of("points15") and records_scheme([fifteen], KAGGLE_15) is KAGGLE_15
    assert [one.scheme.name for one in named([fifteen, seven, item("c")], KAGGLE_15)] == [
        "kaggle15",
        "points7",
        "ibug68",
    ]
    with pytest.raises(ValueError, match="found point scheme points7 of 7 points, expected kaggle15 of 15"):
        records_scheme([fifteen, seven], KAGGLE_15)


def test_records_have_the_common_scheme_or_one_that_all_map_to():
    whole, fifteen = item("a"), replace(item("b"), dataset="small", annotation=Path("small.csv"), scheme=KAGGLE_15)
    assert records_scheme([whole]) is IBUG_68 and records_scheme([fifteen, fifteen]) is KAGGLE_15
    assert records_scheme([whole, fifteen], KAGGLE_15) is KAGGLE_15
    with pytest.raises(ValueError, match=r"found point schemes ibug68 \(set\) and kaggle15 \(small\)"):
        records_scheme([whole, fifteen])
    with pytest.raises(ValueError, match="small.csv: found point scheme kaggle15 of 15 points, expected ibug68 of 68"):
        records_scheme([whole, fifteen], IBUG_68)
    with pytest.raises(ValueError, match="found no face"):
        records_scheme([])
