"""export/acceptance.py: of the files that are written, those that pass are kept and the others removed."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from export import acceptance
from export.formats import FORMATS, formats_of
from tests.helpers.runtimes import answers_changed


@pytest.fixture
def accepted(graph, truth, tmp_path):
    """Writes formats of the graph: the names of those accepted, a line for each that failed, the files."""

    def accepted(formats):
        files, failures = acceptance.write_accepted(tmp_path, formats, graph, truth, truth.images[:0])
        return [file.form.name for file in files], failures, sorted(path.name for path in tmp_path.iterdir())

    return accepted


def test_what_fails_is_removed_and_the_rest_goes_on(accepted, monkeypatch, capsys):
    answers_changed(monkeypatch, "onnxruntime", lambda answers: answers + 1)
    names, (failure,), files = accepted(formats_of(["pb16", "onnx", "pb"]))
    assert (names, files) == (["pb16", "pb"], ["landmark.float32.pb", "landmark.pb"])
    assert failure.startswith("onnx: landmark.onnx: onnxruntime is 1.00e+00 of the crop's side")
    assert "  opencv: at most " in capsys.readouterr().out
    answers_changed(monkeypatch, "opencv", lambda answers: answers + 1)  # the main one: no other is tried
    assert accepted(formats_of(["pb16", "tflite"]))[0] == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("no kernel\nfor it"), "onnx: its converter fails: no kernel for it"),
        (ModuleNotFoundError("No module named 'tf2onnx'", name="tf2onnx"), "onnx: found no package tf2onnx"),
    ],
)
def test_a_converter_that_fails_is_one_line(accepted, error, line):
    failing = replace(FORMATS["onnx"], write=Mock(side_effect=error))
    names, (failure,), _ = accepted([FORMATS["pb16"], failing])
    assert names == ["pb16"] and failure.startswith(line) and "\n" not in failure
