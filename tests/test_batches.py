import shutil

import numpy as np
import pytest
import tensorflow as tf

from net import batches
from net.augment import NONE, Ranges
from net.batches import RecordSet, training_batches
from tests.conftest import CONTEXT
from tests.drawn import draw_set
from tools import make_records


@pytest.fixture(scope="module")
def records(record_set):
    found = RecordSet(record_set)
    assert len(found.files("train")) > 1
    return found


@pytest.fixture(scope="module")
def stored(records):
    """name -> label and image of every training record, in the order of the files."""
    parsed = [records.parse(one) for one in tf.data.TFRecordDataset(records.files("train"))]
    return {one["name"].numpy().decode(): (one["label"].numpy(), one["image"].numpy()) for one in parsed}


def take(records, count, batch=4, ranges=NONE, seed=1, **others):
    """So many training batches as arrays."""
    dataset = training_batches(records, batch, ranges, seed, **others).take(count)
    return [(image.numpy(), label.numpy()) for image, label in dataset]


def names(found, stored):
    """Which records batches hold, told by their labels."""
    labels = np.concatenate([label for _, label in found])
    table = np.stack([label for label, _ in stored.values()])
    distance = np.abs(labels[:, None] - table[None]).max(axis=2)
    assert distance.min(axis=1).max() < 1e-5
    return [list(stored)[index] for index in distance.argmin(axis=1)]


def test_batches_hold_the_middle_of_the_records_and_their_labels(records, stored):
    ((images, labels),) = take(records, 1, batch=5)
    assert images.shape == (5, 128, 128, 3) and images.dtype == np.uint8 and labels.dtype == np.float32
    for image, label, name in zip(images, labels, names([(images, labels)], stored), strict=True):
        np.testing.assert_allclose(label, stored[name][0], atol=1e-6)
        middle = stored[name][1][CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]
        assert np.abs(image.astype(int) - middle).max() <= 1


def test_every_record_comes_once_an_epoch_in_another_order(records, stored):
    count = len(stored)
    found = names(take(records, 3 * count, batch=1), stored)
    epochs = [found[start : start + count] for start in range(0, 3 * count, count)]
    for epoch in epochs:
        assert sorted(epoch) == sorted(stored)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epochs[0] != list(stored)


@pytest.mark.parametrize("ranges", [NONE, Ranges()], ids=["plain", "augmented"])
def test_a_later_start_goes_on_as_if_it_had_started_at_zero(records, stored, ranges):
    per_epoch = len(stored) / 4
    assert per_epoch % 1 and per_epoch > 4
    whole = take(records, 14, ranges=ranges)
    for first in (1, 3, int(per_epoch) + 2, 2 * int(per_epoch) + 2):  # inside the first, the second and the third epoch
        later = take(records, 14 - first, ranges=ranges, first_step=first)
        for (image, label), (expected_image, expected_label) in zip(later, whole[first:], strict=True):
            np.testing.assert_array_equal(label, expected_label)
            np.testing.assert_array_equal(image, expected_image)


def test_a_small_shuffle_buffer_resumes_as_well(records, stored):
    whole = names(take(records, 12, shuffle=3), stored)
    assert names(take(records, 5, shuffle=3, first_step=7), stored) == whole[28:]
    assert sorted(whole[: len(stored)]) == sorted(stored)


def test_a_later_start_goes_on_in_graph_mode_as_well(records):
    def steps(first, count):
        v1 = tf.compat.v1
        with v1.Graph().as_default(), v1.Session() as session:
            v1.set_random_seed(77)  # as training does; tf.data mixes it into the order
            batch = v1.data.make_one_shot_iterator(training_batches(records, 4, Ranges(), 1, first)).get_next()
            return [session.run(batch) for _ in range(count)]

    whole = steps(0, 10)
    for (image, label), (expected_image, expected_label) in zip(steps(7, 3), whole[7:], strict=True):
        np.testing.assert_array_equal(label, expected_label)
        np.testing.assert_array_equal(image, expected_image)


def test_seeds_give_other_orders_and_other_changes(records, stored):
    assert names(take(records, 4), stored) == names(take(records, 4), stored)
    assert names(take(records, 4, seed=1), stored) != names(take(records, 4, seed=2), stored)
    first, second = (take(records, 2, ranges=Ranges(), seed=seed) for seed in (5, 6))
    assert not np.array_equal(first[0][1], second[0][1])
    # and every step has its own
    labels = np.concatenate([label for _, label in take(records, 2 * len(stored), 1, Ranges(), 3)])
    assert len(np.unique(labels.round(5), axis=0)) == len(labels)


def test_a_batch_larger_than_the_set_spans_epochs(records, stored):
    count = len(stored)
    ((images, labels),) = take(records, 1, batch=count + 7)
    found = names([(images, labels)], stored)
    assert sorted(found[:count]) == sorted(stored)
    assert len(set(found[count:])) == 7


def test_test_records_come_once_in_order_without_context(records):
    found = list(batches.test_batches(records, 4))
    order = [one["name"].numpy() for one in map(records.parse, tf.data.TFRecordDataset(records.files("test")))]
    assert [name for batch in found for name in batch["name"].numpy()] == order
    assert len(order) == records.count("test") and len(order) % 4
    assert [len(batch["name"]) for batch in found][:-1] == [4] * (len(found) - 1)
    first = records.parse(next(iter(tf.data.TFRecordDataset(records.files("test")))))
    middle = first["image"].numpy()[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]
    np.testing.assert_array_equal(found[0]["image"][0], middle)
    np.testing.assert_array_equal(found[0]["label"][0], first["label"])


def test_another_split_can_be_asked_for(records, stored):
    found = [name.decode() for batch in batches.test_batches(records, 5, "train") for name in batch["name"].numpy()]
    assert found == list(stored)


def test_a_set_without_test_records_has_no_test_batches(tmp_path):
    small = draw_set(tmp_path / "small", sources=1, views=2)
    options = ["--test-fraction", "0", "--workers", "1", "--context", "0"]
    assert make_records.main([str(small), "--out", str(tmp_path / "r"), *options]) == 0
    found = RecordSet(tmp_path / "r")
    assert (found.count("train"), found.count("test"), found.context) == (2, 0, 0)
    assert list(batches.test_batches(found, 4)) == []
    ((images, _),) = take(found, 1, batch=2)
    assert images.shape == (2, 128, 128, 3)


def test_no_training_records_are_an_error(records, monkeypatch):
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0)
    with pytest.raises(ValueError, match="found no training records, expected at least one"):
        training_batches(records, 4, NONE, 1)


def test_a_damaged_set_is_refused(record_set, tmp_path):
    folder = shutil.copytree(record_set, tmp_path / "cut")
    shard = next(folder.glob("train-00001*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{shard.name}: found .* bytes, expected .*: cut or damaged"):
        RecordSet(folder)
    with pytest.raises(FileNotFoundError, match="absent: found no manifest.json"):
        RecordSet(tmp_path / "absent")
