"""export/parity.py and export/gate.py: a written file is compared with the checkpoint, and kept or removed."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from export import gate, parity
from export.checkpoint import Run, frozen_graph
from export.formats import FORMATS, parse_formats
from net.data.record_set import RecordSet
from records.metrics import mean_nme
from tests.conftest import CONTEXT


@pytest.fixture(scope="module")
def run(trained):
    return Run(trained)


@pytest.fixture(scope="module")
def graph(run):
    return frozen_graph(run)


@pytest.fixture(scope="module")
def model(graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "landmark.pb"
    path.write_bytes(graph.SerializeToString())
    return path


@pytest.fixture(scope="module")
def truth(run):
    return parity.reference(run, run.record_set())


def other_runtime(monkeypatch, name, change):
    """The runtime's answers go through `change`."""
    load = parity.RUNTIMES[name]
    monkeypatch.setitem(parity.RUNTIMES, name, lambda path: lambda images: change(load(path)(images)))


def test_faces_are_the_middles_of_the_first_test_records(record_set):
    records = RecordSet(record_set)
    images, labels = parity.faces(records, 3)
    assert images.shape == (3, 128, 128, 3) and images.dtype == np.float32
    stored = [records.decode(one) for one in tf.data.TFRecordDataset(records.files("test")).take(3)]
    for image, label, one in zip(images, labels, stored, strict=True):
        np.testing.assert_array_equal(image, one["image"].numpy()[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT])
        np.testing.assert_array_equal(label, one["label"])


def test_without_test_records_training_ones_are_taken(record_set, monkeypatch):
    records = RecordSet(record_set)
    expected = records.decode(next(iter(tf.data.TFRecordDataset(records.files("train")))))["label"].numpy()
    np.testing.assert_array_equal(parity.faces(records, 2, "train")[1][0], expected)
    count = RecordSet.count
    monkeypatch.setattr(RecordSet, "count", lambda self, split: 0 if split == "test" else count(self, split))
    np.testing.assert_array_equal(parity.faces(records, 2)[1][0], expected)


def test_the_reference_is_the_checkpoints_own_answer_to_all_test_records(run, truth, record_set):
    records = RecordSet(record_set)
    assert len(truth.images) == records.count("test") and truth.labels.shape == (len(truth.images), 68, 2)
    np.testing.assert_array_equal(truth.answers, run.answer(truth.images))
    expected = mean_nme(truth.answers.reshape(-1, 68, 2), truth.labels, "box")
    assert truth.nme(truth.answers) == expected == pytest.approx(run.recorded_nme(), rel=1e-3)
    assert np.isnan(truth.nme(np.full_like(truth.answers, np.nan)))


def test_a_checkpoint_that_is_not_as_good_as_recorded_is_refused(trained, tmp_path):
    copy = shutil.copytree(trained, tmp_path / "run")
    note = copy / "best" / "nme.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "nme_box": 0.001}))
    run = Run(copy)
    with pytest.raises(
        ValueError, match=r"ckpt-\d+: found an NME of \d.* %, expected the 0\.10 % of training; have net/"
    ):
        parity.reference(run, run.record_set())
    parity.reference(Run(copy, "last"), run.record_set())  # of which nothing is recorded
    others = shutil.copytree(run.records, tmp_path / "records")
    parity.reference(run, run.record_set(others))


def test_both_runtimes_answer_like_the_checkpoint(model, truth):
    found = parity.prove(model, FORMATS["pb"], truth)
    assert set(found) == {"opencv", "tensorflow"}
    for difference in found.values():
        assert 0 <= difference.mean <= difference.max <= 1e-5 and abs(difference.nme_change) < 1e-3
    assert found["opencv"].mean > 0


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

    images, expected = truth.images[:9], np.zeros((9, 136), np.float32)
    off = parity.deviations("m", answer, images, expected)
    assert asked == [1] * 9 + [7, 2] + [9] and off.shape == (3, 9, 136)
    assert off.max(axis=(1, 2)).tolist() == [0.5, 0, 0]


@pytest.mark.parametrize("runtime", ["opencv", "tensorflow"])
def test_an_answer_too_far_off_is_refused_by_its_runtimes_name(model, truth, monkeypatch, runtime):
    other_runtime(monkeypatch, runtime, lambda answers: answers + np.float32(3e-3))
    with pytest.raises(ValueError, match=rf"landmark.pb: {runtime} is 3.00e-03 of the crop's side .* at most 1e-05"):
        parity.prove(model, FORMATS["pb"], truth)


def test_an_answer_that_is_no_number_is_refused(model, truth, monkeypatch):
    other_runtime(monkeypatch, "opencv", lambda answers: np.full_like(answers, np.nan))
    with pytest.raises(ValueError, match="opencv is nan of the crop's side"):
        parity.prove(model, FORMATS["pb"], truth)
    form = replace(FORMATS["int8"], runtimes=("opencv",))
    with pytest.raises(ValueError, match=r"opencv has \+nan % of the original's NME"):
        parity.prove(model, form, truth)


def test_an_answer_of_another_shape_is_refused(model, truth, monkeypatch):
    other_runtime(monkeypatch, "opencv", lambda answers: answers[:, :10])
    with pytest.raises(ValueError, match=r"landmark.pb: opencv answers \(\d+, 10\), the original \(\d+, 136\)"):
        parity.prove(model, FORMATS["pb"], truth)


def test_int8_may_cost_so_much_of_the_nme(model, truth, monkeypatch):
    form = replace(FORMATS["int8"], runtimes=("opencv",))
    wanted = truth.answers + (truth.answers - truth.labels.reshape(truth.answers.shape)) * np.float32(0.03)
    monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda path: answer_of(truth, wanted))
    assert parity.prove(model, form, truth)["opencv"].nme_change == pytest.approx(0.03, rel=1e-3)
    wanted = truth.answers + (truth.answers - truth.labels.reshape(truth.answers.shape)) * np.float32(0.06)
    monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda path: answer_of(truth, wanted))
    with pytest.raises(ValueError, match=r"opencv has \+6\.0 % of the original's NME, expected at most \+5 %"):
        parity.prove(model, form, truth)


def answer_of(truth, wanted):
    """A runtime that knows the answer to each picture of the reference."""
    known = {image.tobytes(): answer for image, answer in zip(truth.images, wanted, strict=True)}
    return lambda images: np.stack([known[image.tobytes()] for image in images])


def test_what_fails_is_removed_and_the_rest_goes_on(graph, truth, tmp_path, monkeypatch, capsys):
    other_runtime(monkeypatch, "onnxruntime", lambda answers: answers + 1)
    formats = parse_formats("pb16,onnx,pb")
    entries, failures = gate.write_formats(tmp_path, formats, graph, truth, truth.images[:0])
    assert list(entries) == ["pb16", "pb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landmark.float32.pb", "landmark.pb"]
    (failure,) = failures
    assert failure.startswith("onnx: landmark.onnx: onnxruntime is 1.00e+00 of the crop's side")
    said = capsys.readouterr().out
    assert "landmark.pb: " in said and "  opencv: at most " in said and "NME +0.0" in said


def test_when_the_main_one_fails_no_other_is_tried(graph, truth, tmp_path, monkeypatch):
    other_runtime(monkeypatch, "opencv", lambda answers: answers + 1)
    entries, (failure,) = gate.write_formats(tmp_path, parse_formats("pb16,tflite"), graph, truth, truth.images[:0])
    assert not entries and not list(tmp_path.iterdir()) and failure.startswith("pb16: landmark.pb: opencv is ")


def failing(graph, images):
    raise RuntimeError("no kernel\nfor it")


def test_a_converter_that_fails_is_one_line(graph, truth, tmp_path):
    forms = [FORMATS["pb16"], replace(FORMATS["onnx"], write=failing)]
    entries, failures = gate.write_formats(tmp_path, forms, graph, truth, truth.images[:0])
    assert list(entries) == ["pb16"] and failures == ["onnx: its converter fails: no kernel for it"]


def lacking(graph, images):
    raise ModuleNotFoundError("No module named 'tf2onnx'", name="tf2onnx")


def test_a_missing_package_is_named(graph, truth, tmp_path):
    forms = [FORMATS["pb16"], replace(FORMATS["onnx"], write=lacking)]
    _, failures = gate.write_formats(tmp_path, forms, graph, truth, truth.images[:0])
    assert failures == ["onnx: found no package tf2onnx, expected it beside TensorFlow: make setup"]


def test_calibration_pictures_are_training_ones(record_set):
    records = RecordSet(record_set)
    images = gate.calibration_of(records, parse_formats("pb,int8"))
    np.testing.assert_array_equal(images, parity.faces(records, gate.CALIBRATION, "train")[0])
    assert len(images) == records.count("train")
    assert not len(gate.calibration_of(records, parse_formats("pb,onnx")))
