"""tools/measure/formats.py and opencv5.py: every format is measured, OpenCV 5 where it can be had."""

import sys
from pathlib import Path

import numpy as np

from export.landmarks import BATCHES
from tests.conftest import CONTEXT
from tests.helpers.records import records_of
from tests.helpers.tiny_model import SIZE, expected_fractions, write_model
from tools.measure import formats, opencv5

RNG = np.random.default_rng(6)


def test_another_python_answers_in_batches_of_each_size(tmp_path):
    model = write_model(tmp_path / "a model")
    images = RNG.integers(0, 256, (5, SIZE, SIZE, 3)).astype(np.float32)
    version, found = opencv5.answers(Path(sys.executable), model, images, (1, 3))
    assert version.startswith("4.") and found.shape == (2, 5, 10)
    expected = [expected_fractions(image.mean(axis=(0, 1))).reshape(-1) for image in images]
    np.testing.assert_allclose(found, [expected] * 2, atol=1e-5)


def test_opencv_5_is_compared_where_it_is(tmp_path, monkeypatch):
    expected, python = np.zeros((2, 136), np.float32), opencv5.python_of(tmp_path)
    monkeypatch.setattr(opencv5, "FOLDER", tmp_path)
    assert "make opencv5" in formats.opencv5_line(Path("landmark.pb"), expected, expected)
    python.parent.mkdir()
    python.touch()
    monkeypatch.setattr(opencv5, "answers", lambda *_: ("5.0", np.stack([expected, expected - 0.25])))
    assert "OpenCV 5.0 on `landmark.pb`: 2.5e-01" in formats.opencv5_line(Path("landmark.pb"), expected, expected)


def test_pictures_are_those_of_the_records_or_drawn_ones(record_set, tmp_path):
    stored = [record["image"][CONTEXT:-CONTEXT, CONTEXT:-CONTEXT] for record in records_of(record_set, "test")]
    np.testing.assert_array_equal(formats.pictures(record_set)[: len(stored)], stored)
    assert formats.pictures(tmp_path).shape == (formats.COMPARED, 128, 128, 3)


def test_the_table_has_a_row_for_every_format_and_runtime(tmp_path):
    files, images = {}, np.zeros((8, 4, 4, 3), np.float32)
    for name, size in (("pb", 3_000_000), ("pb16", 1_500_000)):
        files[name] = tmp_path / name
        files[name].write_bytes(bytes(size))
    expected = np.zeros((8, 6), np.float32)
    runners = {
        ("pb", "tensorflow"): lambda images: [np.zeros((len(images), 6), np.float32)],
        ("pb", "opencv"): lambda images: [np.full((len(images), 6), 0.5 * (len(images) == BATCHES[1]), np.float32)],
        ("pb16", "opencv"): lambda images: [np.zeros((len(images), 6), np.float32)],
    }
    times = {("pb", "tensorflow"): 0.002, ("pb", "opencv"): 0.003, ("pb16", "opencv"): 0.006}
    lines = formats.table(files, runners, times, images, expected).splitlines()
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
