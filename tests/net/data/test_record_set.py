import shutil
from collections import Counter

import pytest

from net.data.batches import test_batches as batches_of
from net.data.record_set import RecordSet
from net.data.selection import Fold
from records.runtime import tf
from records.split import fold_of


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


def test_folds_part_the_sources_of_the_whole_set(records):
    everything = sources_of(records, "train") | sources_of(records, "test")
    for index in range(3):
        folded = RecordSet(records.folder, Fold(index, 3))
        train, test = (sources_of(folded, split) for split in ("train", "test"))
        assert {**train, **test} == everything and len(train) + len(test) == len(everything)
        assert all((fold_of(source, 3) == index) == (name in test) for name, source in everything.items())
        for split, side in (("train", train), ("test", test)):
            sizes = Counter("tiny/" + name.partition("_")[0] for name in side)
            assert {name: folded.count(split, name) for name in folded.subsets(split)} == sizes
            assert folded.count(split) == len(side)


@pytest.mark.parametrize("fold", [None, Fold(0, 2)])
def test_validation_is_whole_sources_of_the_training_records(records, fold):
    held = RecordSet(records.folder, fold, validation=0.4)
    plain = RecordSet(records.folder, fold)
    parts = {split: sources_of(held, split) for split in ("train", "validation", "test")}
    assert {split: held.count(split) for split in parts} == {split: len(names) for split, names in parts.items()}
    assert all(parts.values()) and held.judge == "validation" and plain.judge == "test"
    assert parts["train"] | parts["validation"] == sources_of(plain, "train")
    assert parts["test"] == sources_of(plain, "test")
    assert not set(parts["train"].values()) & set(parts["validation"].values())
    assert held.subsets("validation") and held.count("validation", "tiny/AFW") < held.count("validation")


def test_records_without_their_source_have_no_folds(record_set, monkeypatch):
    parse = RecordSet.parse
    monkeypatch.setattr(RecordSet, "parse", lambda self, one: {**parse(self, one), "source": tf.constant("")})
    with pytest.raises(ValueError, match="set: found records without their source"):
        RecordSet(record_set, Fold(0, 2))


def test_a_damaged_set_is_refused(record_set, tmp_path):
    folder = shutil.copytree(record_set, tmp_path / "cut")
    shard = next(folder.glob("train-00001*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{shard.name}: found .* bytes"):
        RecordSet(folder)
    with pytest.raises(FileNotFoundError, match="absent: found no manifest.json"):
        RecordSet(tmp_path / "absent")
