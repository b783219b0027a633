import numpy as np
import pytest

from net.data.augment import NO_AUGMENTATION
from net.data.batches import training_batches
from net.data.record_set import RecordSet, Share
from net.data.selection import Fold


def names_of(records) -> list[str]:
    """Names of the training records that a worker reads in an epoch of its own."""
    found = []
    for file in records.files("train"):
        found += [parsed["name"].numpy().decode() for parsed in records.read(file).map(records.parse)]
    return sorted(found)


@pytest.mark.parametrize("workers", [2, 4, 5])  # the set has four training shards
def test_workers_divide_the_records_without_overlap(record_set, workers):
    whole = RecordSet(record_set)
    assert len(whole.files("train")) == 4
    shares = [Share(whole, number, workers) for number in range(workers)]
    parts = [names_of(share) for share in shares]
    assert sorted(sum(parts, [])) == names_of(whole)
    assert [share.count("train") for share in shares] == [len(part) for part in parts] and all(parts)
    for share in shares:
        assert share.files("test") == whole.files("test") and share.count("test") == whole.count("test")
        subsets = [share.count("train", name) for name in whole.subsets("train")]
        assert sum(subsets) == share.count("train")
    if workers <= 4:
        assert sorted(sum((share.files("train") for share in shares), [])) == sorted(whole.files("train"))


def test_a_fold_is_divided_as_well(record_set):
    whole = RecordSet(record_set, Fold(0, 3))
    counts = [Share(whole, number, 2).count("train") for number in range(2)]
    assert sum(counts) == whole.count("train") < 30 and min(counts) > 0


def test_batches_come_from_the_own_part_alone(record_set):
    share = Share(RecordSet(record_set), 1, 2)
    raw = [one for file in share.files("train") for one in share.read(file)]
    own = np.stack([share.decode(one)["label"].numpy() for one in raw])
    batches = training_batches(share, 3, NO_AUGMENTATION, seed=1, mix={"tiny/AFW": 2.0})
    for label in np.concatenate([batch["label"].numpy() for batch in batches.take(8)]):
        assert np.abs(own - label).max(axis=1).min() < 1e-5


def test_more_workers_than_records_are_refused(record_set):
    whole = RecordSet(record_set)
    shortest = max(len(names_of(Share(whole, 0, 1))), 1)
    with pytest.raises(ValueError, match=rf"found {shortest} training records in 4 shards, expected some for each of"):
        Share(whole, 60, 61)
