import numpy as np
import pytest
import tensorflow as tf

from export import parity
from export.frozen import Run, frozen_graph
from net.batches import RecordSet
from tests.conftest import CONTEXT

v1 = tf.compat.v1


@pytest.fixture(scope="module")
def run(trained):
    return Run(trained)


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "landmark.pb"
    path.write_bytes(frozen_graph(run).SerializeToString())
    return path


@pytest.fixture(scope="module")
def images(record_set):
    return parity.faces(RecordSet(record_set), 5)[0]


def test_faces_are_the_middles_of_the_first_test_records(record_set):
    records = RecordSet(record_set)
    images, labels = parity.faces(records, 3)
    assert images.shape == (3, 128, 128, 3) and images.dtype == np.float32
    stored = [records.parse(one) for one in tf.data.TFRecordDataset(records.files("test")).take(3)]
    for image, label, one in zip(images, labels, stored, strict=True):
        np.testing.assert_array_equal(image, one["image"].numpy()[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT])
        np.testing.assert_array_equal(label, one["label"])


def test_without_test_records_training_ones_are_taken(record_set, monkeypatch):
    records = RecordSet(record_set)
    expected = records.parse(next(iter(tf.data.TFRecordDataset(records.files("train")))))["label"].numpy()
    count = RecordSet.count
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0 if split == "test" else count(self, split))
    np.testing.assert_array_equal(parity.faces(records, 2)[1][0], expected)


def test_both_runtimes_answer_like_the_checkpoint(run, model, images):
    expected = run.answer(images)
    for name, answer in parity.RUNTIMES.items():
        found = answer(model, images)
        assert found.shape == (5, 136), name
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=name)
    assert set(parity.RUNTIMES) == {"opencv", "tensorflow"}


def test_differences_are_the_largest_of_each_runtime(run, model, images):
    expected = run.answer(images)
    expected[3, 77] += 0.25
    found = parity.compare(model, expected, images, 1.0)
    assert found == {"opencv": pytest.approx(0.25, abs=1e-4), "tensorflow": pytest.approx(0.25, abs=1e-4)}


@pytest.mark.parametrize("runtime", ["opencv", "tensorflow"])
def test_an_answer_too_far_off_is_refused_by_its_runtimes_name(run, model, images, monkeypatch, runtime):
    answer = parity.RUNTIMES[runtime]
    monkeypatch.setitem(parity.RUNTIMES, runtime, lambda *args: answer(*args) + np.float32(3e-3))
    with pytest.raises(ValueError, match=rf"landmark.pb: {runtime} is 3.00e-03 of the crop's side .* at most 1e-05"):
        parity.compare(model, run.answer(images), images, 1e-5)


def test_an_answer_that_is_no_number_is_refused(run, model, images, monkeypatch):
    monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda *args: np.full((5, 136), np.nan, np.float32))
    with pytest.raises(ValueError, match="opencv is nan of the crop's side"):
        parity.compare(model, run.answer(images), images, 1e-5)


def test_an_answer_of_another_shape_is_refused(model, images):
    with pytest.raises(ValueError, match=r"landmark.pb: opencv answers \(5, 136\), the checkpoint \(5, 10\)"):
        parity.compare(model, np.zeros((5, 10), np.float32), images, 1e-5)


def test_a_graph_that_opencv_cannot_read_is_said(tmp_path, images):
    path = tmp_path / "landmark.pb"
    path.write_bytes(b"no graph at all")
    with pytest.raises(ValueError, match=r"landmark.pb: OpenCV \d.* fails on it: "):
        parity.opencv_answer(path, images)
