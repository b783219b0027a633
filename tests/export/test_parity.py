"""export/parity.py: how far a written file is from the checkpoint, and when that is too far."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from export import parity
from export.checkpoint import Checkpoint
from export.formats import FORMATS
from net.data.record_set import RecordSet
from records.metrics import mean_nme
from records.runtime import tf
from tests.conftest import CONTEXT
from tests.helpers.runtimes import answers_changed

INT8 = replace(FORMATS["int8"], runtimes=("opencv",))


def test_faces_are_the_middles_of_the_first_test_records(record_set, monkeypatch):
    records = RecordSet(record_set)
    images, labels = parity.faces(records, 3)
    assert images.shape == (3, 128, 128, 3) and images.dtype == np.float32
    stored = [records.decode(one) for one in tf.data.TFRecordDataset(records.files("test")).take(3)]
    for image, label, one in zip(images, labels, stored, strict=True):
        np.testing.assert_array_equal(image, one["image"].numpy()[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT])
        np.testing.assert_array_equal(label, one["label"])
    expected, count = parity.faces(records, 2, "train"), RecordSet.count
    assert not np.array_equal(expected[1], labels[:2])
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0 if split == "test" else count(self, split))
    np.testing.assert_array_equal(parity.faces(records, 2)[1], expected[1])  # training ones, where there are no others


def test_the_reference_is_the_checkpoints_own_answer_to_all_test_records(checkpoint, truth, record_set):
    count = RecordSet(record_set).count("test")
    assert len(truth.images) == truth.judged == count and truth.labels.shape == (count, 68, 2)
    np.testing.assert_array_equal(truth.answers, checkpoint.answer(truth.images))
    expected = mean_nme(truth.answers.reshape(-1, 68, 2), truth.labels, "box")
    assert truth.nme(truth.answers) == expected == pytest.approx(checkpoint.recorded_nme(), rel=1e-3)
    assert np.isnan(truth.nme(np.full_like(truth.answers, np.nan)))


def test_a_checkpoint_that_is_not_as_good_as_recorded_is_refused(trained, record_set, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "run")
    note = copy / "best" / "nme.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "nme_box": 0.001}))
    best, last = Checkpoint(copy), Checkpoint(copy, "last")
    with pytest.raises(ValueError, match=r"ckpt-\d+: found an NME of \d.* %, expected the 0\.10 % of training"):
        parity.reference(best, best.record_set())
    parity.reference(last, last.record_set())  # of which nothing is recorded
    others = shutil.copytree(record_set, tmp_path / "records")
    parity.reference(best, best.record_set(others))


def test_differences_are_the_largest_and_the_mean(model, truth):
    answers = truth.answers.copy()
    answers[3, 77] += 0.25
    found = parity.difference("m", "r", parity.RUNTIMES["tensorflow"](model), replace(truth, answers=answers))
    assert found.max == pytest.approx(0.25, abs=1e-4)
    assert found.mean == pytest.approx(0.25 / answers.size, rel=1e-2)
    assert found.nme_change == pytest.approx(truth.nme(truth.answers) / truth.nme(answers) - 1, abs=1e-5) != 0


def test_all_batch_sizes_are_asked_for(truth):
    asked = []

    def answer(images):
        asked.append(len(images))
        return np.zeros((len(images), 136), np.float32) + (0.5 if len(images) == 1 else 0.0)

    off = parity.deviations("m", answer, truth.images[:9], np.zeros((9, 136), np.float32))
    assert asked == [1] * 9 + [7, 2] + [9] and off.shape == (3, 9, 136)
    assert off.max(axis=(1, 2)).tolist() == [0.5, 0, 0]


@pytest.mark.parametrize(
    ("runtime", "form", "change", "message"),
    [
        ("opencv", FORMATS["pb"], lambda answers: answers + np.float32(3e-3), "opencv is 3.00e-03 of .* at most 1e-05"),
        ("tensorflow", FORMATS["pb"], lambda answers: answers * np.nan, "tensorflow is nan of the crop's side"),
        ("opencv", INT8, lambda answers: answers * np.nan, r"opencv has \+nan % of the original's NME"),
        ("opencv", FORMATS["pb"], lambda answers: answers[:, :10], r"opencv answers \(\d+, 10\), .* \(\d+, 136\)"),
    ],
)
def test_what_is_too_far_off_is_refused_by_its_runtimes_name(model, truth, monkeypatch, runtime, form, change, message):
    answers_changed(monkeypatch, runtime, change)
    with pytest.raises(ValueError, match=rf"landmark\.pb: {message}"):
        parity.verify(model, form, truth)


def test_int8_may_cost_so_much_of_the_nme(model, truth, monkeypatch):
    errors = truth.answers - truth.labels.reshape(truth.answers.shape)
    order = {image.tobytes(): index for index, image in enumerate(truth.images)}

    def worse(part):
        """Every answer further from its label by a part of the way."""
        known = truth.answers + errors * np.float32(part)
        answer = lambda images: known[[order[image.tobytes()] for image in images]]  # noqa: E731
        monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda path: answer)

    worse(0.03)
    assert parity.verify(model, INT8, truth)["opencv"].nme_change == pytest.approx(0.03, rel=1e-3)
    worse(0.06)
    with pytest.raises(ValueError, match=r"opencv has \+6\.0 % of the original's NME, expected at most \+5 %"):
        parity.verify(model, INT8, truth)
