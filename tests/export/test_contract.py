"""export/contract.py: the contract that is written is the one that inference reads."""

import hashlib
import json
from dataclasses import replace

import pytest

from export.acceptance import AcceptedFile
from export.contract import contract_of_checkpoint
from export.document import write_contract
from export.formats import FORMATS
from export.parity import Difference
from export.summary import Summary
from infer.model.contract import FRACTION, Placement, read_contract
from infer.model.spread import Spread
from infer.model.trained_on import SplitRule, TrainedOn
from records.landmarks import IBUG_68
from records.split import Split

SUMMARY = Summary(ops={"Conv2D": 2}, parameters=1234, multiply_adds=56789, constants=1300, bytes=9)
EXACT = {"opencv": Difference(2e-7, 1e-8, -1e-6, 3e-7), "tensorflow": Difference(1e-7, 1e-8, float("nan"))}
QUANTISED = {"litert": Difference(0.02, 0.001, 0.004)}


@pytest.fixture
def write(checkpoint, tmp_path):
    """Writes a contract for files with those names and formats, whose contents are the formats' names: the folder."""

    def write(recrop=None, **names):
        files = []
        for name, file in names.items():
            (tmp_path / file).write_text(name)
            found = QUANTISED if name == "int8" else EXACT
            files.append(AcceptedFile(FORMATS[name], tmp_path / file, found, FRACTION, {"faces": 64, "nme_faces": 99}))
        written = contract_of_checkpoint(checkpoint, files, SUMMARY, "for tests", recrop)
        write_contract(tmp_path / "landmark.json", written)
        return tmp_path

    return write


def test_the_contract_holds_what_inference_needs(write, checkpoint):
    recrop = Placement(0.7, (0.0, -0.25))
    contract = read_contract(write(recrop, pb="landmark.pb") / "landmark.pb")
    assert (contract.model.name, contract.sha256) == ("landmark.pb", hashlib.sha256(b"pb").hexdigest())
    given, points = contract.input, contract.points
    assert (given.name, given.size, given.channels, given.order) == ("image", 128, 3, "RGB")
    assert (given.range, given.layout) == ((0, 255), "NCHW")
    assert (contract.crop, contract.recrop) == (Placement(0.15), recrop)
    assert (contract.output.name, contract.output.layout) == ("landmarks", "x0 y0 x1 y1 ...")
    assert (points.scheme, points.count, tuple(points.flip)) == ("ibug68", 68, IBUG_68.flip)
    assert {name: tuple(group) for name, group in points.groups.items()} == IBUG_68.groups
    assert (contract.parameters, contract.multiply_adds, contract.terms) == (1234, 56789, "for tests")
    assert contract.network["width"] == 8 and contract.raw["version"] == 1
    assert contract.spread == Spread("spread")


def test_points_aside_of_their_faces_are_told(write, checkpoint, monkeypatch):
    assert read_contract(write(pb="landmark.pb") / "landmark.pb").output.offset == 0
    monkeypatch.setattr(checkpoint, "shape", replace(checkpoint.shape, label_offset=0.0035))
    contract = read_contract(write(pb="landmark.pb") / "landmark.pb")
    assert contract.output.offset == contract.network["label_offset"] == 0.0035


def test_a_dense_head_has_no_spread(write, checkpoint, monkeypatch):
    monkeypatch.setattr(checkpoint, "shape", replace(checkpoint.shape, head="dense"))
    assert "spread" not in json.loads((write(pb="landmark.pb") / "landmark.json").read_text())


def test_what_the_network_has_seen_travels(write, checkpoint, monkeypatch):
    def trained_on():
        return read_contract(write(pb="landmark.pb") / "landmark.pb").trained_on

    settings, step = checkpoint.settings, checkpoint.step
    faces = {"tiny/AFW": {"train": 9, "test": 6}, "tiny/HELEN": {"train": 12, "test": 3}}
    monkeypatch.setattr(checkpoint, "settings", replace(settings, split=None))
    assert trained_on() == TrainedOn("pts_2d", faces, step)
    options = {**settings.options, "fold": "1/3"}
    monkeypatch.setattr(checkpoint, "settings", replace(settings, split=Split(0.3, 2), options=options))
    assert trained_on() == TrainedOn("pts_2d", faces, step, SplitRule(0.3, 2), "1/3")


def test_the_proof_stands_in_it(write, tmp_path):
    raw = json.loads((write(pb="landmark.pb", int8="landmark.int8.tflite") / "landmark.json").read_text())
    expected = {
        "limit": {"max": 1e-5, "spread": 1e-5},
        "unit": "fraction of the crop's side",
        "faces": 64,
        "nme_faces": 99,
        "opencv": {"max": 2e-7, "mean": 1e-8, "nme_change": -1e-6, "spread": 3e-7},
        "tensorflow": {"max": 1e-7, "mean": 1e-8, "nme_change": None},
    }
    assert raw["tolerance"] == raw["formats"]["pb"]["tolerance"] == expected
    assert '"flip": [16, 15, 14' in (tmp_path / "landmark.json").read_text()  # a list of numbers stands on one line
    entry = raw["formats"]["int8"]
    assert (entry["file"], entry["bytes"]) == ("landmark.int8.tflite", 4)
    assert entry["sha256"] == hashlib.sha256(b"int8").hexdigest()
    assert entry["tolerance"]["limit"] == {"nme_change": 0.05}
    assert entry["tolerance"]["litert"]["nme_change"] == 0.004


def test_every_format_is_read_by_its_own_name(write):
    names = {"onnx": "landmark.onnx", "pb16": "landmark.pb", "pb": "landmark.float32.pb", "tflite": "landmark.tflite"}
    folder = write(**names)
    for file, layout in zip([*names.values(), "landmark.json"], ["NHWC", "NCHW", "NCHW", "NHWC", "NHWC"], strict=True):
        contract = read_contract(folder / file)
        assert contract.model.name == file.replace("landmark.json", "landmark.onnx") and contract.input.layout == layout
