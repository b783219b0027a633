"""export/freeze.py as a user calls it: a run becomes a model, a model other formats, or everything stays as it was."""

import hashlib
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from export import freeze, landmarks
from export.formats import FORMATS
from export.graphs import read_graph
from export.summary import summarise
from infer.landmarker import Landmarker
from infer.model.contract import read_contract
from infer.model.trained_on import SplitRule
from net.data.record_set import RecordSet
from net.run.folder import Heritage, RunFolder
from records.runtime import v1
from records.split import RULE
from tests.conftest import TEST_FRACTION
from tests.helpers.opening import said
from tests.helpers.runtimes import answers_changed


def refused(capsys, *argv, code=2) -> str:
    """What the command says when it ends with that code: its first line, all of them its own."""
    assert freeze.main([str(arg) for arg in argv]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == (1 if code == 2 else 2) and all(line.startswith("freeze: ") for line in lines)
    return lines[0]


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def points_of(model):
    """What infer finds in a picture of noise."""
    image = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    return Landmarker(model).fit(image, [[50, 50, 150, 150]], 1)


def test_it_says_what_it_does_before_tensorflow_is_imported(tmp_path):
    script, out = "export/freeze.py", ("--out", tmp_path / "out")
    last = ["loading TensorFlow", "tensorflow"]
    assert said(script, "--run", tmp_path / "absent", *out) == ["run", "to", *last]
    assert said(script, "--model", tmp_path / "absent.pb", *out) == ["model", "to", *last]
    assert said(script, "--summary", tmp_path / "absent.pb") == ["summary", *last]


def test_model_and_contract_belong_together(model, checkpoint):
    assert names_in(model.parent) == ["landmark.json", "landmark.pb"]
    contract, summary = read_contract(model), summarise(read_graph(model))
    assert (contract.terms, contract.trained_on.step) == ("for tests only", checkpoint.step)
    assert contract.trained_on.split == SplitRule(TEST_FRACTION, RULE)
    assert (contract.parameters, contract.multiply_adds) == (summary.parameters, summary.multiply_adds)
    proof = contract.raw["tolerance"]
    assert 0 <= proof["tensorflow"]["max"] <= 1e-5 and 0 < proof["opencv"]["max"] <= proof["limit"]["max"] == 1e-5


def test_the_same_run_gives_the_same_model_over_an_older_one(model, trained, tmp_path, capsys):
    (tmp_path / "small.pb").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path), "--name", "small"]) == 0
    assert (tmp_path / "small.pb").read_bytes() == model.read_bytes()
    assert names_in(tmp_path) == ["notes.txt", "small.json", "small.pb"]
    assert "; 300-W is for research, not commercial, use." in read_contract(tmp_path / "small.json").terms
    printed = capsys.readouterr().out
    assert "opencv: at most " in printed and "| parameters |" in printed


def test_a_run_on_others_records_from_a_start_asks_for_terms(trained, model, tmp_path, capsys):
    """Of a run that was started from another, which was started from a model; nothing was better than that."""
    run = RunFolder(shutil.copytree(trained, tmp_path / "run"))
    settings = replace(run.settings(), heritage=Heritage(("for tests only",), ("mine/a",)))
    run.write_settings(settings)
    out = ("--out", tmp_path / "out")
    line = refused(capsys, "--run", run, *out)
    assert "found no known terms for data sets mine, expected --terms" in line and "300-W is for research" in line
    assert not (tmp_path / "out").exists()
    assert freeze.main(["--run", str(run), *map(str, out), "--terms", "all mine"]) == 0
    assert read_contract(tmp_path / "out" / "landmark.pb").terms == "all mine"


def test_over_the_tolerance_an_older_model_stays(trained, model, tmp_path, capsys, monkeypatch):
    answers_changed(monkeypatch, "opencv", np.zeros_like)
    out = shutil.copytree(model.parent, tmp_path / "out")
    line = refused(capsys, "--run", trained, "--out", out, "--checkpoint", "last", code=1)
    assert "removed: pb: landmark.pb: opencv is " in line and names_in(out) == names_in(model.parent)
    assert all((out / path.name).read_bytes() == path.read_bytes() for path in model.parent.iterdir())


def test_all_formats_but_the_one_that_fails(trained, tmp_path, capsys, monkeypatch):
    out = tmp_path / "several"
    answers_changed(monkeypatch, "litert", np.zeros_like)
    options = ["--out", str(out), "--formats", "pb16,pb,onnx,tflite", "--terms", "mine"]
    assert freeze.main(["--run", str(trained), *options]) == 1
    said, errors = capsys.readouterr()
    assert errors.startswith("freeze: removed: tflite: landmark.tflite: litert is ")
    assert names_in(out) == ["landmark.float32.pb", "landmark.json", "landmark.onnx", "landmark.pb"]
    assert "landmark.pb landmark.float32.pb landmark.onnx landmark.json, from step" in said
    half, *others = [points_of(out / name) for name in ("landmark.pb", "landmark.float32.pb", "landmark.onnx")]
    np.testing.assert_allclose(others, [half, half], atol=0.2)
    options = ["--out", str(tmp_path), "--formats", "pb", "--name", "whole"]  # half precision becomes single again
    assert freeze.main(["--model", str(out / "landmark.pb"), *options]) == 0
    contract = read_contract(tmp_path / "whole.pb")
    assert contract.terms == "mine" and contract.raw["tolerance"]["opencv"]["max"] <= 1e-5
    assert (tmp_path / "whole.pb").stat().st_size > 1.5 * (out / "landmark.pb").stat().st_size


def test_ctrl_c_leaves_nothing(trained, tmp_path, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(landmarks.LandmarkReference, "nme", stopped)
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err.startswith("freeze: stopped") and names_in(tmp_path) == []


def test_the_summary_of_a_graph_writes_nothing_but_the_board(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert freeze.main(["--summary", str(model)]) == 0
    assert "| multiply-adds | " in capsys.readouterr().out and names_in(tmp_path) == []
    assert freeze.main(["--summary", str(model), "--board", "board"]) == 0
    assert "tensorboard --logdir board" in capsys.readouterr().out and len(os.listdir(tmp_path / "board")) == 1
    assert "absent.pb: found no such file" in refused(capsys, "--summary", "absent.pb")


def test_what_cannot_be_frozen_is_one_line_and_leaves_nothing(trained, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    assert "absent: found no settings.json" in refused(capsys, "--run", tmp_path / "absent", *out)
    assert "found no manifest.json" in refused(capsys, "--run", trained, "--records", tmp_path / "absent", *out)
    run = shutil.copytree(trained, tmp_path / "run")
    for path in [*run.glob("**/model.ckpt-*.index"), *run.glob("**/model.ckpt-*.data*")]:
        path.write_bytes(b"damaged")
    refused(capsys, "--run", run, *out)
    assert names_in(tmp_path) == ["run"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--checkpoint middle", "--checkpoint: "),
        ("--formats pb,exe", "--formats: found 'pb,exe'"),
        ("--overlap 1.5", "--overlap: found 1.5, expected 0.01 to 1"),
        ("--name ../landmark", "--name: found '../landmark'"),
        ("--model a.pb", "--model: found no --out"),
        ("--model a/landmark.pb --out a", "--out: found the folder of --model"),
    ],
)
def test_wrong_usage(options, said, capsys):
    with pytest.raises(SystemExit) as caught:
        freeze.main(options.split())
    assert caught.value.code == 2 and said in capsys.readouterr().err


def test_a_frozen_model_becomes_other_formats_without_its_run(model, tmp_path, capsys):
    options = ["--out", str(tmp_path), "--formats", "onnx,pb16,tflite", "--terms", "others"]
    assert freeze.main(["--model", str(model.with_suffix(".json")), *options]) == 0
    said = capsys.readouterr().out
    assert "onnxruntime: at most " in said and "on 64 pictures, NME unknown" in said
    assert names_in(tmp_path) == ["landmark.json", "landmark.onnx", "landmark.pb", "landmark.tflite"]
    before, after = (json.loads((folder / "landmark.json").read_text()) for folder in (model.parent, tmp_path))
    assert after["input"].pop("layout") == "NHWC" and after["terms"] == "others"
    assert after["file"] == "landmark.onnx" and after["formats"]["pb16"]["layout"] == "NCHW"
    files = ("file", "sha256", "format", "tolerance", "formats", "terms")
    assert all(after[key] == value for key, value in before.items() if key not in files)
    np.testing.assert_allclose(points_of(tmp_path / "landmark.onnx"), points_of(model), atol=0.002)


def test_a_model_from_before_the_spread_gets_it_and_answers_the_same_to_the_bit(model, tmp_path):
    older = shutil.copytree(model.parent, tmp_path / "older") / "landmark.pb"
    graph = v1.graph_util.extract_sub_graph(read_graph(model), ["landmarks"])
    older.write_bytes(graph.SerializeToString(deterministic=True))
    before = json.loads(older.with_suffix(".json").read_text())
    del before["spread"]
    digest = hashlib.sha256(older.read_bytes()).hexdigest()
    before |= {"sha256": digest, "parameters": 1, "multiply_adds": 2}
    before["formats"]["pb"]["sha256"] = digest
    older.with_suffix(".json").write_text(json.dumps(before))
    assert freeze.main(["--model", str(older), "--out", str(tmp_path / "new")]) == 0
    contract, summary = read_contract(tmp_path / "new" / "landmark.pb"), summarise(read_graph(model))
    assert contract.spread == read_contract(model).spread and not read_contract(older).spread
    assert (contract.parameters, contract.multiply_adds) == (summary.parameters, summary.multiply_adds)
    assert 0 < contract.raw["tolerance"]["opencv"]["spread"] <= contract.raw["tolerance"]["limit"]["spread"] == 1e-5
    np.testing.assert_array_equal(points_of(contract.model), points_of(older))


def test_what_a_spread_is_worth_stays_in_a_conversion(model, tmp_path):
    known = shutil.copytree(model.parent, tmp_path / "known") / "landmark.json"
    raw = json.loads(known.read_text())
    raw["spread"] |= {"curve": {"spread": [0, 0.5], "error": [0.01, 0.2]}, "points": [0.5] * 68}
    known.write_text(json.dumps(raw))
    assert freeze.main(["--model", str(known), "--out", str(tmp_path / "new"), "--formats", "onnx"]) == 0
    contract = read_contract(tmp_path / "new" / "landmark.onnx")
    assert contract.raw["spread"] == raw["spread"] and contract.parameters == raw["parameters"]
    image = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    (face,) = Landmarker(contract.model).fit_faces(image, [[50, 50, 150, 150]], 1)
    assert (face.errors > 0.5 * 0.01 * 130).all() and (face.errors < 0.5 * 0.2 * 130).all()


def test_int8_of_a_frozen_model_is_judged_on_records(model, record_set, tmp_path, capsys, monkeypatch):
    options = ("--model", model, "--out", tmp_path / "out", "--formats", "int8")
    assert "int8: found no --records, expected faces to calibrate" in refused(capsys, *options)
    lenient = replace(FORMATS["int8"], rise=9.0)  # a network as small as this one loses much
    monkeypatch.setitem(FORMATS, "int8", lenient)
    assert freeze.main([*map(str, options), "--records", str(record_set)]) == 0
    proof = read_contract(tmp_path / "out" / "landmark.json").raw["tolerance"]
    assert proof["nme_faces"] == RecordSet(record_set).count("test") and np.isfinite(proof["litert"]["nme_change"])


def test_what_cannot_be_converted_is_one_line(model, record_set, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    assert "absent.pb: no such model" in refused(capsys, "--model", tmp_path / "absent.pb", *out)
    foreign = shutil.copytree(model.parent, tmp_path / "foreign") / "landmark.json"
    contract = json.loads(foreign.read_text())
    foreign.write_text(json.dumps(contract | {"network": {"layers": 3}}))
    assert "landmark.json: found no network" in refused(capsys, "--model", foreign, *out)
    foreign.write_text(json.dumps(contract | {"points": contract["points"] | {"scheme": "kaggle15"}}))
    line = refused(capsys, "--model", foreign, *out, "--records", record_set)
    assert "expected kaggle15, those of landmark.pb" in line and names_in(tmp_path) == ["foreign"]
