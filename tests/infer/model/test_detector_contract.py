"""infer/model/detector_contract.py: a detector is taken with a contract that fits it, or not at all."""

import hashlib
import json

import pytest

from infer.detect.own import OwnDetector
from infer.geometry.levels import Level
from infer.model.contract import read_contract
from infer.model.detector_contract import close_contract, read_detector_contract
from infer.model.document import kind_of
from infer.model.trained_on import SplitRule, TrainedOn
from tests.helpers.tiny_detector import LEVELS, write_detector
from tests.helpers.tiny_model import write_model


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tiny detector and its contract; not to be changed."""
    trained_on = {"faces": {"crowds": {"train": 5, "test": 2}}, "split": {"test_fraction": 0.2, "rule": 1}}
    return write_detector(tmp_path_factory.mktemp("detector"), threshold=0.45, overlap=0.35, trained_on=trained_on)


@pytest.fixture
def model(written, tmp_path):
    """A copy that may be changed."""
    for file in written.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path / written.name


def change(model, **values) -> None:
    path = model.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_kind_is_told_without_a_look_at_the_rest(written, model, tmp_path):
    assert kind_of(written) == kind_of(written.with_suffix(".json")) == "detector"
    landmarks = write_model(tmp_path)
    assert kind_of(landmarks) is None
    landmarks.with_suffix(".json").write_text("[]")
    assert kind_of(landmarks) is None
    model.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match="detector.json: not JSON"):
        kind_of(model)
    with pytest.raises(FileNotFoundError, match="absent.pb: no such model"):
        kind_of(tmp_path / "absent.pb")


def test_reads_all(written):
    for path in (written, written.with_suffix(".json"), str(written)):
        contract = read_detector_contract(path)
        assert (contract.model, contract.input, contract.multiple, contract.layout) == (written, "image", 32, "NCHW")
        assert contract.levels == LEVELS == (Level("cells8", 8, 16), Level("cells16", 16, 32), Level("cells32", 32, 64))
        assert (contract.threshold, contract.overlap) == (0.45, 0.35) and contract.terms == "none"
        assert contract.trained_on == TrainedOn(faces={"crowds": {"train": 5, "test": 2}}, split=SplitRule(0.2, 1))


def test_another_detector_for_closer_looks(model):
    assert read_detector_contract(model).close is None and close_contract(read_detector_contract(model)) is None
    write_detector(model.parent, "near", threshold=0.3)
    change(model, close="near.pb")
    contract = read_detector_contract(model)
    assert contract.close == model.with_name("near.pb") and close_contract(contract).threshold == 0.3


def test_another_format_has_its_own_hash_and_layout(model):
    other = model.with_name("detector.onnx")
    other.write_bytes(b"one")
    entry = {"file": other.name, "sha256": hashlib.sha256(b"one").hexdigest(), "layout": "NHWC"}
    change(model, formats={"onnx": entry})
    contract = read_detector_contract(other)
    assert (contract.model, contract.layout, contract.sha256) == (other, "NHWC", entry["sha256"])
    with pytest.raises(ValueError, match=r"detector\.onnx: found no graph that OpenCV .* can run"):
        OwnDetector(other)


def test_models_of_another_kind(model, tmp_path):
    with pytest.raises(
        ValueError, match=r"detector\.json: found a contract of kind 'detector', expected one of a landm"
    ):
        read_contract(model)
    landmarks = write_model(tmp_path / "other")
    with pytest.raises(ValueError, match=r"landmark\.json: found a contract of a landmark model, expected one of kind"):
        read_detector_contract(landmarks)
    change(model, kind=[1])
    with pytest.raises(ValueError, match=r"detector\.json: found a contract of kind '\[1\]'"):
        read_detector_contract(model)


INPUT = {"name": "image", "channels": 3, "order": "RGB", "range": [0, 255], "multiple": 32}
LEVEL = {"name": "cells8", "stride": 8, "unit": 16.0}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"version": 2}, "version is 2, expected 1"),
        ({"outputs": []}, r"outputs is \[\], expected one to eight objects"),
        ({"outputs": [LEVEL, 5]}, r"outputs\[1\] is 5, expected an object"),
        ({"outputs": [{"name": "cells8", "stride": 8}]}, r"outputs\[0\] lacks or misspells 'unit'"),
        (
            {"outputs": [LEVEL | {"stride": 24}]},
            r"outputs\[0\]\.stride is 24, expected a divisor of input\.multiple, 32",
        ),
        ({"outputs": [LEVEL, LEVEL | {"unit": 0}]}, r"outputs\[1\]\.unit is 0\.0, expected 1 to 1024"),
        ({"fields": 16}, "fields is 16, expected 15"),
        ({"threshold": 0}, "threshold is 0.0, expected 0.01 to 1"),
        ({"overlap": 1.5}, "overlap is 1.5, expected 0.01 to 1"),
        ({"threshold": "0.5"}, 'threshold is "0.5", expected a number'),
        ({"input": INPUT | {"order": "BGR"}}, "input.order is BGR, expected RGB"),
        ({"input": INPUT | {"range": [0, 1]}}, r"input\.range is \[0, 1\], expected \[0, 255\]"),
        ({"input": INPUT | {"multiple": 0}}, "input.multiple is 0, expected 1 to 1024"),
        ({"input": INPUT | {"layout": "CHW"}}, "input.layout is CHW, expected NCHW or NHWC"),
        ({"sha256": "0" * 64}, r"SHA-256 is \w{12}"),
        ({"formats": {"onnx": 5}}, "formats.onnx is 5, expected an object"),
        ({"close": "../other.pb"}, r'close is "\.\./other\.pb", expected a file\'s name without folder'),
    ],
)
def test_what_does_not_go_together(model, values, wanted):
    change(model, **values)
    with pytest.raises(ValueError, match=wanted) as caught:
        read_detector_contract(model)
    assert str(caught.value).startswith(str(model.parent)) and "\n" not in str(caught.value)


def test_missing_and_damaged_files(model):
    with pytest.raises(FileNotFoundError, match=r"none\.pb: no such model"):
        read_detector_contract(model.with_name("none.pb"))
    damaged = bytearray(model.read_bytes())[:-40]
    model.write_bytes(damaged)
    change(model, sha256=hashlib.sha256(damaged).hexdigest())
    with pytest.raises(
        ValueError, match=r"detector\.pb: found no graph that OpenCV .* can run \(a message that is cut"
    ):
        OwnDetector(model)
    model.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match=r"detector\.json: not JSON"):
        read_detector_contract(model)
