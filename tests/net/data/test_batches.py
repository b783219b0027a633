import cv2
import numpy as np
import pytest

from net.data import batches
from net.data.batches import draw_subsets, subset_shares, training_batches
from net.data.ranges import NO_AUGMENTATION, Ranges
from net.data.record_set import RecordSet
from net.data.selection import Fold
from records.runtime import tf
from records.split import fold_of
from tests.conftest import CONTEXT
from tests.helpers.records import doubted_copy

v1 = tf.compat.v1
SHARES = {"tiny/AFW": 0.7, "tiny/HELEN": 0.3}
MIX = {"*/AFW": 2.5}


@pytest.fixture(scope="module")
def records(record_set):
    found = RecordSet(record_set)
    assert len(found.files("train")) > 1
    return found


@pytest.fixture(scope="module")
def stored(records):
    """name -> what is in it, of every training record, in the order of the files."""
    return read(records, "train")


def read(records, *splits):
    """name -> decoded tensors of every record in the shards of these splits, as the manifest has them."""
    files = [path for split in splits for path in RecordSet(records.folder).files(split)]
    decoded = map(records.decode, tf.data.TFRecordDataset(files))
    arrays = [{key: value.numpy() for key, value in one.items()} for one in decoded]
    return {one["name"].decode(): one for one in arrays}


def take(records, count, batch=4, ranges=NO_AUGMENTATION, seed=1, **others):
    """So many training batches as arrays."""
    dataset = training_batches(records, batch, ranges, seed, **others).take(count)
    return [{key: value.numpy() for key, value in one.items()} for one in dataset]


def assert_same(found, expected):
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert set(one) == set(other) == {"image", "label", "pose"}
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


def names(found, stored):
    """Which records batches hold, told by their labels."""
    labels = np.concatenate([one["label"] for one in found])
    table = np.stack([one["label"] for one in stored.values()])
    distance = np.abs(labels[:, None] - table[None]).max(axis=2)
    assert distance.min(axis=1).max() < 1e-5
    return [list(stored)[index] for index in distance.argmin(axis=1)]


def test_batches_hold_the_middle_of_the_records_their_labels_and_poses(records, stored):
    (found,) = take(records, 1, batch=5)
    assert found["image"].shape == (5, 128, 128, 3) and found["image"].dtype == np.uint8
    for index, name in enumerate(names([found], stored)):
        np.testing.assert_allclose(found["label"][index], stored[name]["label"], atol=1e-6)
        np.testing.assert_allclose(found["pose"][index], stored[name]["pose"], atol=1e-6)
        middle = stored[name]["image"][CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]
        assert np.abs(found["image"][index].astype(int) - middle).max() <= 1


@pytest.mark.parametrize("fold", [None, Fold(1, 3)])
def test_every_record_comes_once_an_epoch_in_another_order(records, fold):
    stored = read(records, "train", "test")
    own = [name for name, one in stored.items() if fold and fold_of(one["source"].decode(), 3) != 1]
    own, chosen = own or list(read(records, "train")), RecordSet(records.folder, fold)
    found = names(take(chosen, 3, batch=len(own) + 1), stored)  # batches span epochs
    epochs = [found[start : start + len(own)] for start in range(0, 3 * len(own), len(own))]
    for epoch in epochs:
        assert sorted(epoch) == sorted(own) != sorted(stored)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0] != own
    assert found[:9] != names(take(chosen, 3, seed=2), stored)[:9]


@pytest.mark.parametrize(
    "fold, options",
    [
        (None, {"shuffle": 3}),
        (None, {"ranges": Ranges(), "mix": MIX}),
        (Fold(1, 3), {"ranges": Ranges()}),
    ],
)
def test_a_later_start_goes_on_as_if_it_had_started_at_zero(records, monkeypatch, fold, options):
    monkeypatch.setattr(batches, "CHUNK", 10)  # batches span chunks of a mix, and starts lie inside them
    chosen = RecordSet(records.folder, fold)
    per_epoch = chosen.count("train") // 4
    whole = take(chosen, 13, **options)
    for first in (1, per_epoch + 1, 12):  # inside the first, the second and the third epoch (a fold: the second)
        assert_same(take(chosen, 13 - first, first_step=first, **options), whole[first:])


@pytest.mark.parametrize("split", ["test", "train"])
def test_records_of_a_split_come_once_in_order_without_context(records, split):
    found, expected = list(batches.test_batches(records, 4, split)), read(records, split)
    assert [name.decode() for batch in found for name in batch["name"].numpy()] == list(expected)
    assert len(expected) == records.count(split) and len(expected) % 4
    first = next(iter(expected.values()))
    np.testing.assert_array_equal(found[0]["image"][0], first["image"][CONTEXT:-CONTEXT, CONTEXT:-CONTEXT])
    np.testing.assert_array_equal(found[0]["label"][0], first["label"])


def test_faces_count_by_their_doubts(records, tmp_path):
    """Those of one subset alone, and of no other one, nor such as nobody doubts."""
    folder, doubts = doubted_copy(records.folder, tmp_path / "doubted")
    doubted = RecordSet(folder)
    stored = read(doubted, "train")
    options = {"batch": 5, "ranges": Ranges(), "mix": MIX}
    found = take(doubted, 6, **options, weigh={"tiny/H*": 0.04})
    weights = np.concatenate([one.pop("weight") for one in found])
    assert_same(found, take(records, 6, **options))  # nothing else changes
    expected = {
        name: 1 / (1 + (doubts[name] / 0.04) ** 2) if name in doubts and one["subset"] == b"tiny/HELEN" else 1
        for name, one in stored.items()
    }
    plain = take(doubted, 6, **{**options, "ranges": NO_AUGMENTATION})
    np.testing.assert_allclose(weights, [expected[name] for name in names(plain, stored)], rtol=1e-5)
    assert len(set(weights.round(4))) > 3


def test_shares_are_sizes_times_weights(records):
    afw, helen = (records.count("train", name) for name in SHARES)
    assert afw != helen and afw + helen == records.count("train")
    for mix, weights in (({"tiny/AFW": 1}, (1, 1)), ({"*": 0.5, "*AFW": 3.0}, (3.0, 0.5))):  # the last that fits counts
        parts = np.array([afw, helen]) * weights
        assert subset_shares(records, mix) == pytest.approx(dict(zip(SHARES, parts / parts.sum(), strict=True)))
    assert subset_shares(records, {"tiny/AFW": 0.0}) == {"tiny/HELEN": 1.0}  # what has no weight is left out


def test_where_nothing_is_left_is_refused(records, monkeypatch):
    with pytest.raises(ValueError, match="mix: found 'tiny/afw', expected a subset of"):
        subset_shares(records, {"*": 1.0, "tiny/afw": 2.0})
    with pytest.raises(ValueError, match="which leaves no training record"):
        training_batches(records, 4, NO_AUGMENTATION, 1, mix={"*": 0.0})
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0)
    with pytest.raises(ValueError, match="found no training records"):
        training_batches(records, 4, NO_AUGMENTATION, 1)


def test_a_mixed_batch_comes_from_the_subsets_as_they_were_drawn(records, stored):
    shares = subset_shares(records, MIX)
    found = names(take(records, 20, mix=MIX), stored)
    subsets = ["tiny/" + name.partition("_")[0] for name in found]
    assert subsets == [list(shares)[index] for index in draw_subsets(shares, 1, 0, 80)]
    for subset in shares:  # and each subset comes whole before any of its faces comes again
        own = [name for name, one in zip(found, subsets, strict=True) if one == subset]
        size = records.count("train", subset)
        assert len(own) > size
        for start in range(0, len(own) - size, size):
            assert len(set(own[start : start + size])) == size


def test_labels_of_chosen_points_follow_them(records, stored):
    chosen = RecordSet(records.folder, points="30,eyes")
    assert chosen.scheme.count == 13 and chosen.stored.count == 68
    batch = next(iter(batches.test_batches(chosen, 4, "train")))
    for name, label in zip(batch["name"].numpy(), batch["label"].numpy(), strict=True):
        whole = stored[name.decode()]["label"].reshape(68, 2)
        np.testing.assert_array_equal(label.reshape(13, 2), whole[[30, *range(36, 48)]])
    assert take(chosen, 1, ranges=Ranges())[0]["label"].shape == (4, 26)


def test_grey_is_that_of_inference(records):
    grey = RecordSet(records.folder, grey=True)
    for colour, found in zip(batches.test_batches(records, 4), batches.test_batches(grey, 4), strict=True):
        for picture, one in zip(colour["image"].numpy(), found["image"].numpy(), strict=True):
            bgr = np.ascontiguousarray(picture[..., ::-1])
            np.testing.assert_array_equal(one[..., 0], cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    (colour,), (found,) = (take(one, 1, ranges=Ranges()) for one in (records, grey))
    np.testing.assert_array_equal(found["image"], batches.to_grey(colour["image"]))
    np.testing.assert_array_equal(found["label"], colour["label"])
