"""infer/model/by_hand.py: what a user may leave out of a contract, and what is said of the mistakes."""

import json

import pytest

from infer.model import by_hand
from infer.model.contract import FRACTION, INTERLEAVED, NCHW, Placement, read_contract
from tests.helpers.tiny_onnx import SIZE, write_peer


def rewrite(path, raw):
    path.with_suffix(".json").write_text(json.dumps(raw))


def test_the_least_that_a_contract_says(tmp_path):
    path = write_peer(tmp_path)
    for asked in (path, path.with_suffix(".json")):
        contract = read_contract(asked)
        given, output, points = contract.input, contract.output, contract.points
        assert (contract.model, given.name, output.name, contract.crop) == (path, "", "", Placement(0.15))
        assert (given.size, given.channels, given.order, given.batch) == (SIZE, 3, "RGB", 1)
        assert (given.range, given.mean, given.std) == ((0, 255), (), ())
        assert (given.layout, output.layout, output.unit) == (NCHW, INTERLEAVED, FRACTION)
        assert (points.scheme, points.count) == ("ibug68", 68)
        assert points.groups["jaw"] == list(range(17)) and points.left_eye == [42, 43, 44, 45, 46, 47]


def test_what_the_user_says_stays(tmp_path):
    given = {"size": SIZE, "order": "GRAY", "name": "data", "batch": 4, "range": [0, 1], "mean": 0.5, "std": [2]}
    output = {"name": "points", "unit": "-1 to 1", "layout": "x0 x1 ... y0 y1 ...", "offset": -0.002}
    crop = {"margin": 0.3, "shift": [0.1, -0.2]}
    path = write_peer(tmp_path, channels=1, file="peer.onnx", input=given, crop=crop, output=output, parameters=12)
    contract = read_contract(path)
    found = contract.input
    assert (found.channels, found.order, found.name, found.batch) == (1, "GRAY", "data", 4)
    assert (found.range, found.mean, found.std) == ((0, 1), (0.5,), (2,))
    assert contract.crop == Placement(0.3, (0.1, -0.2)) and contract.parameters == 12
    assert vars(contract.output) == output


def test_without_the_mark_it_is_one_of_ours(tmp_path):
    path = write_peer(tmp_path)
    for mark in ({}, {"by_hand": False}, {"by_hand": 1}):
        rewrite(path, {**mark, "input": {"size": SIZE}})
        with pytest.raises(ValueError, match="version is None, expected 1"):
            read_contract(path)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({"inputs": {"size": 9}}, "found inputs, expected of a contract only by_hand, .*input"),
        ({"input": {"size": 9, "scale": 2}}, "found input.scale, expected of input only name, size, "),
        ({"crop": {"margins": 0.1}}, "found crop.margins, expected of crop only margin, shift"),
        ({"input": 9}, "input is a int, expected an object"),
    ],
)
def test_mistakes_are_named(tmp_path, raw, wanted):
    path = write_peer(tmp_path)
    rewrite(path, {"by_hand": True, **raw})
    with pytest.raises(ValueError, match=rf"peer\.json: .*{wanted}"):
        read_contract(path)


def test_the_model_must_be_there_and_the_only_one(tmp_path):
    path = write_peer(tmp_path, file="other.onnx")
    with pytest.raises(FileNotFoundError, match=r"other\.onnx: no such model, named by peer\.json"):
        read_contract(path)
    rewrite(path, {"by_hand": True, "input": {"size": SIZE}})
    path.with_suffix(".pb").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=r"found peer\.pb and peer\.onnx beside it, expected one"):
        read_contract(path)
    path.with_suffix(".pb").unlink()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"peer\.json: found no model beside it, expected one peer\.pb or"):
        read_contract(path.with_suffix(".json"))


def test_without_the_shipped_contract_the_points_must_be_given(tmp_path, monkeypatch):
    monkeypatch.setattr(by_hand, "__file__", str(tmp_path / "model" / "by_hand.py"))
    with pytest.raises(FileNotFoundError, match=r"landmark\.json: no such contract, expected .*, or points"):
        read_contract(write_peer(tmp_path))
