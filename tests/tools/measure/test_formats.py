"""tools/measure/formats.py and opencv5.py: every format is measured, OpenCV 5 where it can be had."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from export.formats import FORMATS
from export.graphs import read_graph
from export.parity import Difference, in_batches
from export.signature import Signature
from net.data.record_set import RecordSet
from tests.conftest import ROOT
from tests.helpers.tiny_detector import write_detector
from tests.helpers.tiny_model import SIZE, expected_fractions, write_model
from tools.measure import formats, opencv5
from tools.measure.formats import MeasuredModel

SHIPPED = ROOT / "infer" / "landmark.pb"
RNG = np.random.default_rng(6)


@dataclass(frozen=True)
class Sevens:
    """A reference of nothing but sevens, asked for in batches of 3 and 2."""

    signature: Signature = Signature("image", ("landmarks",))
    unit: str = "fraction of a hand"
    images: np.ndarray = field(default_factory=lambda: RNG.integers(0, 256, (5, SIZE, SIZE, 3)).astype(np.float32))

    def difference(self, who, answer):
        found = in_batches(answer, self.images, 3)
        return Difference(float(np.abs(found[0] - 7).max()), 0.0)


def measured_of(truth, graph=None) -> MeasuredModel:
    return MeasuredModel(graph, formats=(), truth=truth, image=None, what="a hand", calibration=None)


def test_another_python_answers_the_same_batches(tmp_path):
    model = write_model(tmp_path / "a model")
    batches = [RNG.integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.float32) for count in (1, 3)]
    version, found = opencv5.answers(Path(sys.executable), model, ("image", ["landmarks"]), batches)
    assert version.startswith("4.")
    for images, (answers,) in zip(batches, found, strict=True):
        expected = [expected_fractions(image.mean(axis=(0, 1))).reshape(-1) for image in images]
        np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_opencv_5_is_compared_where_it_is(tmp_path, monkeypatch):
    model, python = write_model(tmp_path), opencv5.python_of(tmp_path)
    measured = measured_of(Sevens(), read_graph(model))
    monkeypatch.setattr(opencv5, "FOLDER", tmp_path)
    assert "ONLY=opencv5" in formats.opencv5_line(model, measured)
    python.parent.mkdir()
    python.touch()

    def answers(python, file, ends, batches):
        assert (file, ends, [len(images) for images in batches]) == (model, ("image", ("landmarks",)), [3, 2])
        return "5.0", [[np.full((3, 4), 7)], [np.full((2, 4), 7.25)]]

    monkeypatch.setattr(opencv5, "answers", answers)
    assert "OpenCV 5.0 on `landmark.pb`: 2.5e-01" in formats.opencv5_line(model, measured)


def test_a_landmark_model_is_compared_on_records_or_on_drawn_pictures(record_set, tmp_path):
    measured = formats.measured_landmarks(SHIPPED, record_set)
    assert measured.truth.judged == len(measured.truth.images) == RecordSet(record_set).count("test")
    assert [form.name for form in measured.formats] == [*FORMATS] and measured.image.shape == (1, 128, 128, 3)
    assert formats.measured_landmarks(SHIPPED, tmp_path).truth.compared == {"faces": 64, "nme_faces": 0}


def test_a_detector_is_written_in_its_formats_and_timed_at_320(tmp_path):
    measured = formats.measured_detector(write_detector(tmp_path))
    assert measured.image.shape == (1, 320, 320, 3) and measured.what == "a picture of 320x320"
    files = formats.write_all(measured, tmp_path)
    assert list(files) == ["pb", "pb16", "onnx", "tflite"] and all(file.stat().st_size for file in files.values())


def test_the_table_has_a_row_for_every_format_and_runtime(tmp_path):
    files = {}
    for name, size in (("pb", 3_000_000), ("pb16", 1_500_000)):
        files[name] = tmp_path / name
        files[name].write_bytes(bytes(size))
    runners = {
        ("pb", "tensorflow"): lambda images: [np.full((len(images), 6), 7, np.float32)],
        ("pb", "opencv"): lambda images: [np.full((len(images), 6), 7 + 0.5 * (len(images) == 2), np.float32)],
        ("pb16", "opencv"): lambda images: [np.full((len(images), 6), 7, np.float32)],
    }
    times = {("pb", "tensorflow"): 0.002, ("pb", "opencv"): 0.003, ("pb16", "opencv"): 0.006}
    lines = formats.table(files, runners, times, measured_of(Sevens())).splitlines()
    assert "off by at most, of a hand | a hand, one thread" in lines[0]
    assert "| pb | 3.00 | opencv | 5.0e-01 | 3.00 | 1.00 |" in lines
    assert "| pb16 | 1.50 | opencv | 0.0e+00 | 6.00 | 2.00 |" in lines
    assert lines[-1] == "OpenCV takes 1.50 of TensorFlow's time."


def test_the_median_of_counted_calls_in_turns(monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(formats.time, "perf_counter", lambda: next(clock))
    order = []
    runners = {"a": lambda image: order.append("a"), "b": lambda image: order.append("b")}
    assert formats.seconds(runners, None, 2) == {"a": 1, "b": 1}
    turn = formats.WARM + formats.CALLS
    assert "".join(order) == ("a" * turn + "b" * turn) * 2
