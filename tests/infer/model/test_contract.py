"""infer/model/contract.py: a model is taken with a contract that fits it, or not at all."""

import hashlib
import json

import pytest

from infer.model import contract as contract_module
from infer.model.contract import read_contract
from tests.helpers.tiny_model import write_model


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
        assert (contract.model, contract.input.name, contract.output.name) == (written, "image", "landmarks")
        assert (contract.input.size, contract.input.channels, contract.input.order, contract.crop.margin) == (
            32,
            3,
            "RGB",
            0.5,
        )
        assert (contract.points.scheme, contract.points.count, contract.points.flip) == ("tiny5", 5, [1, 0, 2, 4, 3])
        assert (contract.points.left_eye, contract.points.right_eye) == ([1], [0])
        assert contract.points.groups["mouth"] == [3, 4] and contract.points.lines["eyes"] == [[0, 1]]
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
        ValueError,
        match=r"landmark\.pb: SHA-256 is [0-9a-f]{12}\.\.\. \(\d+ bytes\), expected [0-9a-f]{12}\.\.\. of landmark",
    ):
        read_contract(model)


def test_the_named_model_must_be_there(model):
    change(model, lambda raw: raw.update(file="other.pb"))
    with pytest.raises(FileNotFoundError, match=r"other\.pb: no such model, named by landmark\.json"):
        read_contract(model)


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"no", b"", b"[" * 100_000, b"9" * 5000])
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
        (lambda raw: raw["input"].update(size="big"), 'input.size is "big", expected a whole number up to 2048'),
        (lambda raw: raw["input"].update(size=128.5), "input.size is 128.5, expected a whole number"),
        (lambda raw: raw["input"].update(size=True), "input.size is true, expected a whole number"),
        (lambda raw: raw["input"].update(size=1 << 20), "input.size is 1048576, expected a whole number up to 2048"),
        (lambda raw: raw.update(points=None), "points is null, expected an object"),
        (lambda raw: raw.update(file="../landmark.pb"), "file is .*, expected a file's name without folder"),
        (lambda raw: raw.update(file=""), 'file is "", expected a file'),
        (lambda raw: raw.update(file="a\0b"), "file is .*, expected a file's name"),
        (lambda raw: raw.update(file="a" * 300), r'file is "a+\.\.\., expected a file'),
        (lambda raw: raw.update(sha256="12"), 'sha256 is "12", expected 64 hex digits'),
        (lambda raw: raw["crop"].update(margin=float("nan")), "crop.margin is NaN, expected a number"),
        (lambda raw: raw["crop"].update(margin=10**400), "crop.margin is 1000.*, expected a number"),
        (lambda raw: raw["points"].update(groups=[[0]]), r"points.groups is \[\[0\]\], expected an object"),
        (lambda raw: raw["points"]["groups"].update(nose=[2.0]), r"groups.nose is \[2.0\], expected a list of whole"),
        (lambda raw: raw["points"]["lines"].update(mouth=[3, 4]), "lines.mouth is .* expected a list of lists"),
        (lambda raw: raw["points"].update(flip=[1, "0", 2, 4, 3]), "points.flip is .* expected a list of whole"),
        (lambda raw: raw["points"].update(left_eye=[]), "left_eye is .*, expected whole numbers, at least one"),
        (lambda raw: raw.update(formats={"pb": {"file": "a.pb"}}), "formats.pb lacks or misspells 'sha256'"),
        (lambda raw: raw.update(formats={"pb": 3}), "formats.pb is 3, expected an object"),
        (lambda raw: raw.update(parameters="many"), 'parameters is "many", expected a whole number'),
        (lambda raw: raw["input"].update(order="HSV"), "input is 3 channels HSV, expected 3 RGB or BGR, or 1 GRAY"),
        (lambda raw: raw["input"].update(channels=1), "input is 1 channels RGB"),
        (lambda raw: raw["input"].update(size=4), "input.size is 4, expected 8 or more"),
        (lambda raw: raw["crop"].update(margin=2), "crop.margin is 2.0, expected 0 or more, under 2"),
        (lambda raw: raw["points"].update(flip=[0, 0, 2, 3, 4]), "flip is no permutation of 5 points"),
        (lambda raw: raw["points"].update(left_eye=[5]), r"name points outside 0\.\.4"),
        (lambda raw: raw["points"]["lines"].update(mouth=[[3, -1]]), r"name points outside 0\.\.4"),
    ],
)
def test_what_is_wrong_is_named(model, edit, wanted):
    change(model, edit)
    with pytest.raises(ValueError, match=rf"landmark\.json: .*{wanted}"):
        read_contract(model)


def test_an_empty_or_huge_file_is_refused(model, monkeypatch):
    monkeypatch.setattr(contract_module, "LARGEST_CONTRACT", 100)
    with pytest.raises(ValueError, match=r"landmark\.json: found \d+ bytes, expected a contract of at most 100"):
        read_contract(model)
    monkeypatch.undo()
    monkeypatch.setattr(contract_module, "LARGEST_MODEL", 100)
    with pytest.raises(ValueError, match=r"landmark\.pb: found \d+ bytes, expected a model of 1 to 100"):
        read_contract(model)
    model.write_bytes(b"")
    with pytest.raises(ValueError, match=r"landmark\.pb: found 0 bytes, expected a model of 1 to"):
        read_contract(model)


def test_a_list_is_no_contract(model):
    model.with_suffix(".json").write_text("[1]")
    with pytest.raises(ValueError, match="version is list, expected 1"):
        read_contract(model)


def test_a_contract_of_another_model_is_refused(model):
    other = model.with_name("landmark.onnx")
    other.write_bytes(b"x")
    with pytest.raises(ValueError, match=r"landmark\.json: describes landmark\.pb, expected landmark\.onnx"):
        read_contract(other)


def test_another_format_of_the_same_model(model):
    other, third = model.with_name("landmark.onnx"), model.with_name("landmark.half.pb")
    other.write_bytes(b"one"), third.write_bytes(model.read_bytes())
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, other, third)]
    names = ("landmark.pb", "landmark.onnx", "landmark.half.pb")
    entries = [{"file": name, "sha256": digest} for name, digest in zip(names, digests, strict=True)]
    entries[1]["layout"] = "NHWC"
    change(model, lambda raw: raw.update(formats=dict(zip("abc", entries, strict=True))))
    found = [read_contract(path) for path in (model, other, third)]
    assert [contract.model for contract in found] == [model, other, third]
    assert [contract.input.layout for contract in found] == ["NCHW", "NHWC", "NCHW"]
    other.write_bytes(b"two")
    with pytest.raises(ValueError, match=r"landmark\.onnx: SHA-256 is"):
        read_contract(other)
    assert read_contract(model.with_suffix(".json")).model == model


def test_a_contract_of_its_own_comes_first(model):
    half = model.with_name("landmark.half.pb")
    half.write_bytes(model.read_bytes())
    raw = json.loads(model.with_suffix(".json").read_text())
    half.with_suffix(".json").write_text(json.dumps({**raw, "file": half.name, "terms": "its own"}))
    assert read_contract(half).raw["terms"] == "its own" and read_contract(model).raw["terms"] == "none"


def test_ours_leaves_what_networks_of_others_want_at_its_default(written):
    contract = read_contract(written)
    assert (contract.input.range, contract.input.mean, contract.input.std, contract.crop.shift) == (
        (0, 255),
        (),
        (),
        (0, 0),
    )
    assert (contract.input.batch, contract.input.layout) == (None, "NCHW")
    assert (contract.output.layout, contract.output.unit) == ("x0 y0 x1 y1 ...", "fraction of the crop's side")


def test_names_and_the_crop_around_points(model):
    contract = read_contract(model)
    assert contract.points.names == ["0", "1", "2", "3", "4"]
    assert (contract.recrop.margin, contract.recrop.shift) == (contract.crop.margin, (0.0, 0.0))
    names = ["a", "b", "c", "d", "e"]
    around = {"margin": 0.7, "shift": [0.0, -0.25]}
    change(model, lambda raw: (raw["points"].update(names=names), raw["crop"].update(points=around)))
    contract = read_contract(model)
    assert contract.points.names == names and (contract.recrop.margin, contract.recrop.shift) == (0.7, (0.0, -0.25))


@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        ("points", {"names": ["a", "b", "c", "d", "a"]}, "found 4 different names, expected 5 points'"),
        ("points", {"names": ["a"]}, "found 1 different names"),
        ("points", {"names": "abcde"}, "points.names is"),
        ("crop", {"points": {"margin": -0.1, "shift": [0, 0]}}, "crop.points.margin is -0.1"),
        ("crop", {"points": {"margin": 0.1, "shift": [0]}}, "crop.points.shift is"),
        ("crop", {"points": {"margin": 0.1}}, "crop.points lacks or misspells 'shift'"),
    ],
)
def test_wrong_names_and_crops_around_points(model, part, wrong, message):
    change(model, lambda raw: raw[part].update(wrong))
    with pytest.raises(ValueError, match=message):
        read_contract(model)
