import dataclasses
import shutil
from collections import Counter

import pytest

from net.data.batches import test_batches as batches_of
from net.data.record_set import RecordSet
from net.data.selection import Fold
from records.split import fold_of
from tests.helpers.drawn import draw_set
from tools import make_records
from tools.make import parts as writing


@pytest.fixture(scope="module")
def records(record_set):
    return RecordSet(record_set)


def sources_of(records, split):
    """name -> source of the records of a split, in order."""
    found = {}
    for batch in batches_of(records, 5, split):
        names, sources = (batch[key].numpy() for key in ("name", "source"))
        found |= {name.decode(): source.decode() for name, source in zip(names, sources, strict=True)}
    return found


@pytest.fixture(scope="module")
def stored(records):
    """name -> source of all records: of the set's own training records, and of its test records."""
    return {split: sources_of(records, split) for split in ("train", "test")}


@pytest.mark.parametrize("count", [2, 3])
def test_folds_part_the_sources_of_the_whole_set(records, stored, count):
    everything = stored["train"] | stored["test"]
    tested = []
    for index in range(count):
        folded = RecordSet(records.folder, Fold(index, count))
        train, test = (sources_of(folded, split) for split in ("train", "test"))
        assert {**train, **test} == everything and len(train) + len(test) == len(everything)
        assert all((fold_of(source, count) == index) == (name in test) for name, source in everything.items())
        for split, side in (("train", train), ("test", test)):
            sizes = Counter("tiny/" + name.partition("_")[0] for name in side)
            assert {name: folded.count(split, name) for name in folded.subsets(split)} == sizes
            assert folded.count(split) == len(side)
        tested += test
    assert sorted(tested) == sorted(everything)  # every face is tested in one fold


@pytest.mark.parametrize("fold", [None, Fold(0, 2)])
def test_validation_is_whole_sources_of_the_training_records(records, stored, fold):
    held = RecordSet(records.folder, fold, validation=0.4)
    plain = RecordSet(records.folder, fold)
    parts = {split: sources_of(held, split) for split in ("train", "validation", "test")}
    assert {split: held.count(split) for split in parts} == {split: len(names) for split, names in parts.items()}
    assert all(parts.values()) and held.judge == "validation" and plain.judge == "test"
    assert parts["train"] | parts["validation"] == sources_of(plain, "train")
    assert parts["test"] == sources_of(plain, "test")
    assert not set(parts["train"].values()) & set(parts["validation"].values())
    assert held.subsets("validation") and held.count("validation", "tiny/AFW") < held.count("validation")


def test_records_without_their_source_have_no_folds(tmp_path, monkeypatch):
    to_record = writing.to_record
    monkeypatch.setattr(writing, "to_record", lambda *args: dataclasses.replace(to_record(*args), source=""))
    small = draw_set(tmp_path / "small", sources=2, views=1)
    options = ["--workers", "1", "--context", "0", "--no-report"]
    assert make_records.main([str(small), "--out", str(tmp_path / "old"), *options]) == 0
    assert RecordSet(tmp_path / "old").count("train") + RecordSet(tmp_path / "old").count("test") == 2
    with pytest.raises(ValueError, match="old: found records without their source"):
        RecordSet(tmp_path / "old", Fold(0, 2))


def test_a_damaged_set_is_refused(record_set, tmp_path):
    folder = shutil.copytree(record_set, tmp_path / "cut")
    shard = next(folder.glob("train-00001*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{shard.name}: found .* bytes"):
        RecordSet(folder)
    with pytest.raises(FileNotFoundError, match="absent: found no manifest.json"):
        RecordSet(tmp_path / "absent")
