"""infer/model/contract.py and schema.py: a model is taken with a contract that fits it, or not at all."""

import hashlib
import json
from pathlib import Path

import pytest

from infer.model import contract as contract_module
from infer.model import document
from infer.model.contract import Placement, read_contract
from infer.model.trained_on import SplitRule, TrainedOn
from tests.helpers.tiny_model import write_model

INFER = Path(contract_module.__file__).resolve().parents[1]


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
        given, output, points = contract.input, contract.output, contract.points
        assert (contract.model, given.name, output.name) == (written, "image", "landmarks")
        assert (given.size, given.channels, given.order) == (32, 3, "RGB")
        assert (points.scheme, points.count, points.flip) == ("tiny5", 5, [1, 0, 2, 4, 3])
        assert (points.left_eye, points.right_eye) == ([1], [0])
        assert points.groups["mouth"] == [3, 4] and points.lines["eyes"] == [[0, 1]]
        assert contract.terms == contract.raw["terms"] == "none"
        # what it does not say: defaults
        assert points.names == ["0", "1", "2", "3", "4"]
        assert contract.crop == contract.recrop == Placement(0.5, (0, 0))
        assert (given.range, given.mean, given.std, given.batch, given.layout) == ((0, 255), (), (), None, "NCHW")
        assert (output.layout, output.unit) == ("x0 y0 x1 y1 ...", "fraction of the crop's side")
        assert contract.trained_on == TrainedOn() and contract.network is contract.parameters is None


def test_points_that_others_are_made_of(model):
    assert read_contract(model).points.five == read_contract(model).points.whole == ()
    makes = {"mtfl5": [[0, 1], [1], [2], [3], [4]], "ibug68": [[index % 5] for index in range(68)]}
    change(model, lambda raw: raw["points"].update(makes=makes, made_of={"other": [[7]] * 5}))
    points = read_contract(model).points
    assert (points.five, points.whole, points.made_of) == (makes["mtfl5"], makes["ibug68"], {"other": [[7]] * 5})
    change(model, lambda raw: raw["points"].update(makes={}, scheme="mtfl5"))
    points = read_contract(model).points
    assert [*points.five] == [(0,), (1,), (2,), (3,), (4,)] and points.whole == ()


def test_what_a_contract_may_say_besides(model):
    names, seen = ["a", "b", "c", "d", "e"], {"a": {"train": 3, "test": 1}}
    split, trained_on = {"test_fraction": 0.25, "rule": 2}, {"points": "pts_3d", "faces": seen, "step": 7}
    change(model, lambda raw: raw.update(trained_on=trained_on | {"split": split, "fold": "1/4"}, parameters=12))
    change(model, lambda raw: (raw["points"].update(names=names), raw["input"].update(mean=0.5, std=[1, 2, 3])))
    change(model, lambda raw: raw["crop"].update(shift=[0.1, 0], points={"margin": 0.7, "shift": [0, -0.25]}))
    contract = read_contract(model)
    assert contract.points.names == names and (contract.input.mean, contract.input.std) == ((0.5,), (1, 2, 3))
    assert (contract.crop, contract.recrop) == (Placement(0.5, (0.1, 0)), Placement(0.7, (0, -0.25)))
    assert contract.trained_on == TrainedOn("pts_3d", seen, 7, SplitRule(0.25, 2), "1/4") and contract.parameters == 12


@pytest.mark.parametrize("name", ["landmark", "landmark_small", "landmark_3d"])
def test_the_shipped_contracts_say_how_their_data_were_split(name):
    assert read_contract(INFER / f"{name}.json").trained_on.split == SplitRule(0.1, 1)


def test_missing_model_or_contract(model):
    with pytest.raises(FileNotFoundError, match=r"none\.pb: no such model"):
        read_contract(model.with_name("none.pb"))
    change(model, lambda raw: raw.update(file="other.pb"))
    with pytest.raises(FileNotFoundError, match=r"other\.pb: no such model, named by landmark\.json"):
        read_contract(model)
    model.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"landmark\.json: no such contract, expected beside the model landm"):
        read_contract(model)


def test_a_changed_empty_or_huge_file_is_refused(model, monkeypatch):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    for content, wanted in ((bytes(data), r"SHA-256 is \w{12}\.\.\. .*, expected \w{12}"), (b"", "found 0 bytes")):
        model.write_bytes(content)
        with pytest.raises(ValueError, match=rf"landmark\.pb: {wanted}"):
            read_contract(model)
    for limit, name in (("LARGEST_MODEL", "landmark.pb"), ("LARGEST_CONTRACT", "landmark.json")):
        monkeypatch.setattr(document, limit, 100)
        model.write_bytes(bytes(101))
        with pytest.raises(ValueError, match=rf"{name}: found \d+ bytes, expected a .* 100"):
            read_contract(model)


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_not_json(model, text):
    model.with_suffix(".json").write_bytes(text)
    with pytest.raises(ValueError, match=r"landmark\.json: not JSON"):
        read_contract(model)


@pytest.mark.parametrize(
    ("part", "values", "wanted"),
    [
        ("", {"version": 9}, "version is 9, expected 1"),
        ("", {"sha256": None}, "contract lacks or misspells 'sha256'"),
        ("input", {"size": None}, "input lacks or misspells 'size'"),
        ("input", {"size": True}, "input.size is true"),
        ("input", {"size": 1 << 20}, "input.size is 1048576"),
        ("input", {"size": 4}, "input.size is 4, expected 8 or more"),
        ("input", {"order": "HSV"}, "input is 3 channels HSV, expected 3 RGB or BGR, or 1 GRAY"),
        ("input", {"layout": "HWC"}, 'input.layout is "HWC", expected one of "NCHW", "NHWC"'),
        ("input", {"mean": [1, 2]}, r"input.mean is \[1.0, 2.0\], expected one number, or .* 3 channels"),
        ("input", {"range": [0, 1, 2]}, r"input.range is \[0.0, 1.0, 2.0\], expected two numbers"),
        ("input", {"range": [3, 3]}, r"range \[3.0, 3.0\], .*expected a range that is none of length 0"),
        ("input", {"std": [1, 0, 1]}, "std other than 0"),
        ("input", {"batch": 1.5}, "input.batch is 1.5, expected a whole number or null"),
        ("", {"points": [3]}, r"points is \[3\], expected an object"),
        ("", {"file": "../landmark.pb"}, "file is .*, expected a file's name without folder"),
        ("", {"file": "a" * 300}, r'file is "a+\.\.\., expected a file'),
        ("", {"sha256": "12"}, 'sha256 is "12", expected 64 hex digits'),
        ("crop", {"margin": float("nan")}, "crop.margin is NaN, expected a number"),
        ("crop", {"margin": 10**400}, "crop.margin is 1000.*, expected a number"),
        ("crop", {"margin": 2}, "crop.margin is 2.0, expected 0 or more, under 2"),
        ("crop", {"shift": 0.1}, r"crop.shift is \[0.1\], expected two numbers"),
        ("crop", {"points": {"margin": -0.1, "shift": [0, 0]}}, "crop.points.margin is -0.1"),
        ("crop", {"points": {"margin": 0.1}}, "crop.points lacks or misspells 'shift'"),
        ("output", {"offset": float("nan")}, "output.offset is NaN, expected a number"),
        ("output", {"offset": -0.06}, "output.offset is -0.06, expected -0.05 to 0.05"),
        ("output", {"unit": "mm"}, 'output.unit is "mm", expected one of "fraction of'),
        ("points", {"groups": [[0]]}, r"points.groups is \[\[0\]\], expected an object"),
        ("points", {"groups": {"nose": [2.0]}}, r"groups.nose is \[2.0\], expected a list of whole"),
        ("points", {"lines": {"mouth": [3, 4]}}, "lines.mouth is .* expected a list of lists"),
        ("points", {"lines": {"mouth": [[3, -1]]}}, r"name points outside 0\.\.4"),
        ("points", {"left_eye": []}, r"left_eye is \[\], right_eye \[0\], expected both or none"),
        ("points", {"corners": [0, 5]}, r"name points outside 0\.\.4"),
        ("points", {"makes": {"mtfl5": [[0], [1], [2], [3], [5]]}}, r"name points outside 0\.\.4"),
        (
            "points",
            {"makes": {"mtfl5": [[0], [1], [2], []]}},
            "makes.mtfl5 has 4 entries, expected points for each of 5",
        ),
        (
            "points",
            {"makes": {"mtfl5": [[0], [1], [2], [3], []]}},
            "makes.mtfl5 has 5 entries, expected points for each",
        ),
        ("points", {"makes": {"ibug68": [[0]] * 67}}, "makes.ibug68 has 67 entries, expected points for each of 68"),
        ("points", {"made_of": {"ibug68": [36]}}, "made_of.ibug68 is .*, expected a list of lists"),
        ("points", {"flip": [0, 0, 2, 3, 4]}, "flip is no permutation of 5 points"),
        ("points", {"count": 0}, "points.count is 0, expected 1 or more"),
        ("points", {"names": ["a", "b", "c", "d", "a"]}, "found 4 different names, expected 5 points'"),
        ("points", {"names": "abcde"}, "points.names is .*, expected a list of texts"),
        ("", {"parameters": "many"}, 'parameters is "many", expected a whole number'),
        ("", {"trained_on": []}, r"trained_on is \[\], expected an object"),
        ("", {"trained_on": {"faces": {"a": 3}}}, "trained_on.faces.a is 3, expected an object"),
        ("", {"trained_on": {"split": {"rule": 1, "test_fraction": 1.0}}}, "test_fraction is 1.0, expected a number"),
    ],
)
def test_what_is_wrong_is_named(model, part, values, wanted):
    """values: of keys in a part of the contract, None for one that is missing."""

    def edit(raw):
        place = raw[part] if part else raw
        for key, value in values.items():
            place.pop(key) if value is None else place.update({key: value})

    change(model, edit)
    with pytest.raises(ValueError, match=rf"landmark\.json: .*{wanted}"):
        read_contract(model)


def test_another_format_of_the_same_model(model):
    other, third = model.with_name("landmark.onnx"), model.with_name("landmark.half.pb")
    other.write_bytes(b"one"), third.write_bytes(model.read_bytes())
    with pytest.raises(ValueError, match=r"landmark\.json: describes landmark\.pb, expected landmark\.onnx"):
        read_contract(other)
    files = (model, other, third)
    entries = {
        path.name: {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in files
    }
    entries[other.name]["layout"] = "NHWC"
    change(model, lambda raw: raw.update(formats=entries))
    found = [read_contract(path) for path in files]
    assert [contract.model for contract in found] == list(files)
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
    assert read_contract(half).terms == "its own" and read_contract(model).terms == "none"
