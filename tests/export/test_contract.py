"""export/contract.py: the contract that is written is the one that inference reads."""

import hashlib
import json

import numpy as np
import pytest

from export.checkpoint import Run
from export.contract import entry_of, readable, write_contract
from export.formats import FORMATS
from export.parity import Difference, Reference
from export.summary import Summary
from infer.model.contract import read_contract
from records.landmarks import IBUG_68
from tests.conftest import STEPS

SUMMARY = Summary(ops={"Conv2D": 2}, parameters=1234, multiply_adds=56789, constants=1300, bytes=9)
EXACT = {"opencv": Difference(2e-7, 1e-8, -1e-6), "tensorflow": Difference(1e-7, 1e-8, float("nan"))}
QUANTISED = {"litert": Difference(0.02, 0.001, 0.004)}


@pytest.fixture(scope="module")
def run(trained):
    return Run(trained, "last")


@pytest.fixture
def written(run, tmp_path):
    """Writes a contract for files with those names and formats; their contents are the formats' names."""

    def written(**files):
        entries = {}
        for name, file in files.items():
            (tmp_path / file).write_text(name)
            found = QUANTISED if name == "int8" else EXACT
            entries[name] = entry_of(
                tmp_path / file, FORMATS[name], found, Reference([0] * 99, np.zeros((99, 68, 2)), None, None)
            )
        write_contract(tmp_path, run, entries, SUMMARY, "for tests")
        return tmp_path

    return written


def test_the_contract_holds_what_inference_needs(written):
    folder = written(pb="landmark.pb")
    raw = json.loads((folder / "landmark.json").read_text())
    assert raw["sha256"] == hashlib.sha256(b"pb").hexdigest() and raw["file"] == "landmark.pb" and raw["format"] == "pb"
    assert raw["input"] == {"name": "image", "size": 128, "channels": 3, "order": "RGB", "range": [0, 255]}
    assert raw["crop"]["margin"] == 0.15
    assert raw["output"]["name"] == "landmarks" and raw["output"]["layout"] == "x0 y0 x1 y1 ..."
    assert (raw["parameters"], raw["multiply_adds"]) == (1234, 56789)
    assert raw["network"]["width"] == 8 and raw["network"]["points"] == 68
    assert raw["trained_on"]["step"] == STEPS and set(raw["trained_on"]["faces"]) == {"tiny/AFW", "tiny/HELEN"}
    assert raw["terms"] == "for tests"
    contract = read_contract(folder / "landmark.pb")
    assert (contract.points.scheme, contract.points.count, tuple(contract.points.flip)) == ("ibug68", 68, IBUG_68.flip)
    assert {name: tuple(group) for name, group in contract.points.groups.items()} == IBUG_68.groups
    assert (tuple(contract.points.left_eye), tuple(contract.points.right_eye)) == (IBUG_68.left_eye, IBUG_68.right_eye)


def test_the_proof_stands_in_it(written):
    folder = written(pb="landmark.pb", int8="landmark.int8.tflite")
    raw = json.loads((folder / "landmark.json").read_text())
    assert (
        raw["tolerance"]
        == raw["formats"]["pb"]["tolerance"]
        == {
            "limit": {"max": 1e-5},
            "unit": "fraction of the crop's side",
            "faces": 64,
            "nme_faces": 99,
            "opencv": {"max": 2e-7, "mean": 1e-8, "nme_change": -1e-6},
            "tensorflow": {"max": 1e-7, "mean": 1e-8, "nme_change": None},
        }
    )
    entry = raw["formats"]["int8"]
    assert (entry["file"], entry["bytes"]) == ("landmark.int8.tflite", 4)
    assert entry["sha256"] == hashlib.sha256(b"int8").hexdigest()
    assert entry["tolerance"]["limit"] == {"nme_change": 0.05}
    assert entry["tolerance"]["litert"]["nme_change"] == 0.004


def test_every_format_is_read_by_its_own_name(written):
    folder = written(pb16="landmark.pb", pb="landmark.float32.pb", onnx="landmark.onnx", tflite="landmark.tflite")
    layouts = {"landmark.pb": "NCHW", "landmark.float32.pb": "NCHW", "landmark.onnx": "NHWC", "landmark.tflite": "NHWC"}
    for name, layout in layouts.items():
        contract = read_contract(folder / name)
        assert (contract.model, contract.input.layout) == (folder / name, layout)
    assert json.loads((folder / "landmark.json").read_text())["format"] == "pb16"


def test_a_main_format_of_another_layout_says_so(written):
    contract = read_contract(written(onnx="landmark.onnx") / "landmark.json")
    assert (contract.model.name, contract.input.layout) == ("landmark.onnx", "NHWC")


def test_lists_of_numbers_stand_on_one_line():
    text = readable({"a": [1, 2, 30], "b": ["x", "y"], "c": [[0, 1], [2]]})
    assert json.loads(text) == {"a": [1, 2, 30], "b": ["x", "y"], "c": [[0, 1], [2]]}
    assert '"a": [1, 2, 30]' in text and "[0, 1]" in text
