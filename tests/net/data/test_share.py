import numpy as np
import pytest

from net.data.batches import training_batches
from net.data.ranges import NO_AUGMENTATION
from net.data.record_set import RecordSet, Share
from net.data.selection import Fold


def names_of(records) -> list[str]:
    """Names of the training records that a worker reads in an epoch of its own."""
    found = []
    for file in records.files("train"):
        found += [parsed["name"].numpy().decode() for parsed in records.read(file).map(records.parse)]
    return sorted(found)


@pytest.mark.parametrize("workers", [2, 5])  # the set has four training shards
def test_workers_divide_the_records_without_overlap(record_set, workers):
    whole = RecordSet(record_set)
    shares = [Share(whole, number, workers) for number in range(workers)]
    parts = [names_of(share) for share in shares]
    assert sorted(sum(parts, [])) == names_of(whole)
    assert [share.count("train") for share in shares] == [len(part) for part in parts] and all(parts)
    for share in shares:
        assert share.files("test") == whole.files("test") and share.count("test") == whole.count("test")
        assert sum(share.count("train", name) for name in whole.subsets("train")) == share.count("train")
    folded = RecordSet(record_set, Fold(0, 3))
    counts = [Share(folded, number, workers).count("train") for number in range(workers)]
    assert sum(counts) == folded.count("train") != whole.count("train")
    with pytest.raises(ValueError, match=rf"found {whole.count('train')} training records in 4 shards"):
        Share(whole, 60, 61)


def test_batches_come_from_the_own_part_alone(record_set):
    share = Share(RecordSet(record_set), 1, 2)
    own = [share.decode(one)["label"].numpy() for file in share.files("train") for one in share.read(file)]
    batches = training_batches(share, 3, NO_AUGMENTATION, seed=1, mix={"tiny/AFW": 2.0})
    for label in np.concatenate([batch["label"].numpy() for batch in batches.take(8)]):
        assert np.abs(own - label).max(axis=1).min() < 1e-5
