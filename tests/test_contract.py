"""infer/contract.py: a model is taken with a contract that fits it, or not at all."""

import json

import pytest

from infer.contract import read_contract
from tests.tiny_model import write_model


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tiny model and its contract; not to be changed."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def model(written, tmp_path):
    """A copy that may be changed."""
    for file in written.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path / written.name


def change(model, edit) -> None:
    path = model.with_suffix(".json")
    raw = json.loads(path.read_text())
    edit(raw)
    path.write_text(json.dumps(raw))


def test_reads_all(written):
    for path in (written, written.with_suffix(".json"), str(written)):
        contract = read_contract(path)
        assert (contract.model, contract.input_name, contract.output_name) == (written, "image", "landmarks")
        assert (contract.size, contract.channels, contract.order, contract.margin) == (32, 3, "RGB", 0.5)
        assert (contract.scheme, contract.count, contract.flip) == ("tiny5", 5, [1, 0, 2, 4, 3])
        assert (contract.left_eye, contract.right_eye) == ([1], [0])
        assert contract.groups["mouth"] == [3, 4] and contract.lines["eyes"] == [[0, 1]]
        assert contract.raw["terms"] == "none"


def test_missing_model_or_contract(model):
    with pytest.raises(FileNotFoundError, match=r"none\.pb: no such model"):
        read_contract(model.with_name("none.pb"))
    model.with_suffix(".json").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"landmark\.json: no such contract, expected beside the model landmark\.pb"
    ):
        read_contract(model)


def test_a_changed_model_is_refused(model):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"landmark\.pb: SHA-256 is [0-9a-f]{12}\.\.\., expected [0-9a-f]{12}\.\.\. of landmark"
    ):
        read_contract(model)


def test_the_named_model_must_be_there(model):
    change(model, lambda raw: raw.update(file="other.pb"))
    with pytest.raises(FileNotFoundError, match=r"other\.pb: no such model, named by landmark\.json"):
        read_contract(model)


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"no"])
def test_not_json(model, text):
    model.with_suffix(".json").write_bytes(text)
    with pytest.raises(ValueError, match=r"landmark\.json: not JSON .*expected a model's contract"):
        read_contract(model)


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (lambda raw: raw.update(version=9), "version is 9, expected 1"),
        (lambda raw: raw.pop("version"), "version is None, expected 1"),
        (lambda raw: raw.pop("sha256"), "lacks or misspells 'sha256'"),
        (lambda raw: raw["input"].pop("size"), "lacks or misspells 'size', expected the keys of a version 1 contract"),
        (lambda raw: raw["input"].update(size="big"), "lacks or misspells .*'big'"),
        (lambda raw: raw.update(points=None), "lacks or misspells"),
        (lambda raw: raw["input"].update(order="HSV"), "input is 3 channels HSV, expected 3 RGB or BGR, or 1 GRAY"),
        (lambda raw: raw["input"].update(channels=1), "input is 1 channels RGB"),
        (lambda raw: raw["input"].update(size=4), "size 4, count 5, margin 0.5, expected size >= 8"),
        (lambda raw: raw["crop"].update(margin=2), "margin 2.0, expected .*margin in"),
        (lambda raw: raw["points"].update(flip=[0, 0, 2, 3, 4]), "flip is no permutation of 5 points"),
        (lambda raw: raw["points"].update(left_eye=[5]), r"name points outside 0\.\.4"),
        (lambda raw: raw["points"]["lines"].update(mouth=[[3, -1]]), r"name points outside 0\.\.4"),
    ],
)
def test_what_is_wrong_is_named(model, edit, wanted):
    change(model, edit)
    with pytest.raises(ValueError, match=rf"landmark\.json: .*{wanted}"):
        read_contract(model)


def test_a_list_is_no_contract(model):
    model.with_suffix(".json").write_text("[1]")
    with pytest.raises(ValueError, match="version is list, expected 1"):
        read_contract(model)
