"""export/landmarks.py: the faces that files are compared on, what the checkpoint answers to them; those for int8."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from export import landmarks
from export.checkpoint import LandmarkCheckpoint
from export.formats import formats_of
from export.networks import SPREADING
from export.runtimes import RUNTIMES
from net.data.record_set import RecordSet
from records.metrics import mean_nme
from records.runtime import tf
from tests.conftest import CONTEXT


def test_faces_are_the_middles_of_the_first_test_records(record_set, monkeypatch):
    records = RecordSet(record_set)
    images, labels = landmarks.faces(records, 3)
    assert images.shape == (3, 128, 128, 3) and images.dtype == np.float32
    stored = [records.decode(one) for one in tf.data.TFRecordDataset(records.files("test")).take(3)]
    for image, label, one in zip(images, labels, stored, strict=True):
        np.testing.assert_array_equal(image, one["image"].numpy()[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT])
        np.testing.assert_array_equal(label, one["label"])
    expected, count = landmarks.faces(records, 2, "train"), RecordSet.count
    assert not np.array_equal(expected[1], labels[:2])
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0 if split == "test" else count(self, split))
    np.testing.assert_array_equal(landmarks.faces(records, 2)[1], expected[1])  # training ones, where no others are


def test_calibration_pictures_are_training_ones(record_set):
    records = RecordSet(record_set)
    images = landmarks.calibration_of(records, formats_of(["pb", "int8"]))
    np.testing.assert_array_equal(images, landmarks.faces(records, landmarks.CALIBRATION, "train")[0])
    assert len(images) == records.count("train")
    assert not len(landmarks.calibration_of(records, formats_of(["pb", "onnx"])))


def test_the_reference_is_the_checkpoints_own_answer_to_all_test_records(checkpoint, truth, record_set):
    count = RecordSet(record_set).count("test")
    assert len(truth.images) == truth.judged == count and truth.labels.shape == (count, 68, 2)
    for found, own in zip((truth.answers, truth.spreads), checkpoint.answer(truth.images), strict=True):
        np.testing.assert_array_equal(found, own)
    expected = mean_nme(truth.answers.reshape(-1, 68, 2), truth.labels, "box")
    assert truth.nme(truth.answers) == expected == pytest.approx(checkpoint.recorded_nme(), rel=1e-3)
    assert np.isnan(truth.nme(np.full_like(truth.answers, np.nan)))


def test_a_checkpoint_that_is_not_as_good_as_recorded_is_refused(trained, record_set, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "run")
    note = copy / "best" / "nme.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "nme_box": 0.001}))
    best, last = LandmarkCheckpoint(copy), LandmarkCheckpoint(copy, "last")
    with pytest.raises(ValueError, match=r"ckpt-\d+: found an NME of \d.* %, expected the 0\.10 % of training"):
        landmarks.reference(best, best.record_set())
    landmarks.reference(last, last.record_set())  # of which nothing is recorded
    others = shutil.copytree(record_set, tmp_path / "records")
    landmarks.reference(best, best.record_set(others))


def test_differences_are_the_largest_and_the_mean(model, truth):
    answers, spreads = truth.answers.copy(), truth.spreads.copy()
    answers[3, 77] += 0.25
    spreads[1, 5] += 0.125
    other = replace(truth, answers=answers, spreads=spreads)
    found = other.difference("m", RUNTIMES["tensorflow"](model, SPREADING))
    assert found.spread == pytest.approx(0.125, abs=1e-4)
    assert found.max == pytest.approx(0.25, abs=1e-4)
    assert found.mean == pytest.approx(0.25 / answers.size, rel=1e-2)
    assert found.nme_change == pytest.approx(truth.nme(truth.answers) / truth.nme(answers) - 1, abs=1e-5) != 0
