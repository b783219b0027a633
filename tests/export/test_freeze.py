import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from export import checkpoint as frozen
from export import freeze, parity
from export.checkpoint import Run
from export.formats import FORMATS
from export.graphs import read_graph
from export.summary import summarise
from infer.landmarker import Landmarker
from infer.model.contract import read_contract
from net.data.record_set import RecordSet


@pytest.fixture(scope="module")
def frozen_model(trained, tmp_path_factory):
    """The folder of a frozen model, and what freezing printed."""
    out = tmp_path_factory.mktemp("frozen") / "model"
    assert freeze.main(["--run", str(trained), "--out", str(out), "--terms", "for tests only"]) == 0
    return out


def refused(capsys, *argv, code=2) -> str:
    assert freeze.main([str(arg) for arg in argv]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == (1 if code == 2 else 2) and all(line.startswith("freeze: ") for line in lines)
    return lines[0]


def test_the_written_model_answers_like_the_checkpoint_on_real_records(frozen_model, trained, record_set):
    images, labels = parity.faces(RecordSet(record_set), 5)
    contract = read_contract(frozen_model / "landmark.pb")
    net = cv2.dnn.readNetFromTensorflow(str(contract.model))
    answers = []
    for image in images:  # one by one, as inference does it
        net.setInput(image.transpose(2, 0, 1)[None], contract.input.name)
        answers.append(net.forward(contract.output.name)[0].copy())
    np.testing.assert_allclose(answers, Run(trained, "best").answer(images), atol=1e-5)
    assert np.asarray(answers).shape == labels.shape


def test_model_and_contract_belong_together(frozen_model, trained):
    assert sorted(os.listdir(frozen_model)) == ["landmark.json", "landmark.pb"]
    raw = json.loads((frozen_model / "landmark.json").read_text())
    assert raw["sha256"] == hashlib.sha256((frozen_model / "landmark.pb").read_bytes()).hexdigest()
    assert raw["terms"] == "for tests only"
    assert raw["trained_on"]["step"] == Run(trained, "best").step
    assert raw["tolerance"]["limit"] == {"max": 1e-5}
    assert 0 <= raw["tolerance"]["tensorflow"]["max"] <= 1e-5 and 0 < raw["tolerance"]["opencv"]["max"] <= 1e-5
    summary = summarise(read_graph(frozen_model / "landmark.pb"))
    assert (raw["parameters"], raw["multiply_adds"]) == (summary.parameters, summary.multiply_adds)


def test_the_same_run_gives_the_same_model_over_an_older_one(frozen_model, trained, tmp_path, capsys):
    (tmp_path / "landmark.pb").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "landmark.pb").read_bytes() == (frozen_model / "landmark.pb").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["landmark.json", "landmark.pb", "notes.txt"]
    printed = capsys.readouterr().out
    assert "opencv: at most " in printed and "tensorflow: at most " in printed and "written: " in printed
    assert "| parameters |" in printed


def no_answer(model):
    return lambda images: np.zeros((len(images), 136), np.float32)


def test_a_model_has_the_name_it_is_given(trained, tmp_path, capsys):
    out = tmp_path / "out"
    assert freeze.main(["--run", str(trained), "--out", str(out), "--name", "landmark_small"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["landmark_small.json", "landmark_small.pb"]
    assert json.loads((out / "landmark_small.json").read_text())["file"] == "landmark_small.pb"
    assert "landmark_small.pb landmark_small.json" in capsys.readouterr().out
    assert Landmarker(out / "landmark_small.pb").contract.input.size == 128
    with pytest.raises(SystemExit) as stop:
        freeze.main(["--run", str(trained), "--name", "../landmark"])
    assert stop.value.code == 2 and "--name: found '../landmark'" in capsys.readouterr().err


def test_over_the_tolerance_nothing_is_left_behind(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(parity.RUNTIMES, "opencv", no_answer)
    line = refused(capsys, "--run", trained, "--out", tmp_path / "out", code=1)
    assert "removed: pb: landmark.pb: opencv is " in line and "expected at most 1e-05" in line
    assert os.listdir(tmp_path) == []


def test_over_the_tolerance_an_older_model_stays(trained, frozen_model, tmp_path, capsys, monkeypatch):
    out = shutil.copytree(frozen_model, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setitem(parity.RUNTIMES, "opencv", no_answer)
    assert "opencv is " in refused(capsys, "--run", trained, "--out", out, "--checkpoint", "last", code=1)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_dilated_convolution_does_not_leave(trained, tmp_path, capsys, monkeypatch):
    """What OpenCV misreads without a word, put into the graph and its checkpoint alike."""
    convolve = frozen.tf.nn.conv2d

    def dilated(x, weights, strides, padding):
        return convolve(x, weights, strides, padding, dilations=2 if strides == 1 and weights.shape[0] == 3 else 1)

    monkeypatch.setattr(frozen.tf.nn, "conv2d", dilated)
    arguments = ("--run", trained, "--out", tmp_path / "out", "--checkpoint", "last")
    line = refused(capsys, *arguments, code=1)
    assert "removed: pb: landmark.pb: opencv is " in line and os.listdir(tmp_path) == []


def test_all_formats_but_the_one_that_fails(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(parity.RUNTIMES, "litert", no_answer)
    out = tmp_path / "out"
    assert freeze.main(["--run", str(trained), "--out", str(out), "--formats", "pb16,pb,onnx,tflite"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("freeze: removed: tflite: landmark.tflite: litert is ")
    assert sorted(os.listdir(out)) == ["landmark.float32.pb", "landmark.json", "landmark.onnx", "landmark.pb"]
    assert "landmark.pb landmark.float32.pb landmark.onnx landmark.json, from step" in said.out
    image = np.full((200, 200, 3), 90, np.uint8)
    found = [
        Landmarker(out / name).fit(image, [[50, 50, 150, 150]], 1) for name in os.listdir(out) if "json" not in name
    ]
    np.testing.assert_allclose(found[0], found[1], atol=0.2)
    np.testing.assert_allclose(found[0], found[2], atol=0.2)


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from dataclasses import replace
from pathlib import Path
from export import formats, freeze
def stuck(graph, images):
    Path(sys.argv[4]).touch()
    time.sleep(60)
formats.FORMATS["pb16"] = replace(formats.FORMATS["pb16"], write=stuck)
freeze.main(["--run", sys.argv[2], "--out", sys.argv[3], "--formats", "pb,pb16", "--terms", "another"])
"""


def test_a_killed_export_leaves_the_model_before_as_it_was(trained, frozen_model, tmp_path):
    out, mark = shutil.copytree(frozen_model, tmp_path / "out"), tmp_path / "mark"
    root = Path(freeze.__file__).resolve().parents[1]
    with subprocess.Popen([sys.executable, "-c", KILLED, str(root), str(trained), str(out), str(mark)]) as process:
        while not mark.exists() and process.poll() is None:
            time.sleep(0.05)
        assert len([path for path in out.glob(".freeze-*/*") if path.stat().st_size]) == 1  # one format is there
        process.kill()
    assert mark.exists()
    for path in frozen_model.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()
    read_contract(out / "landmark.pb")


def test_ctrl_c_leaves_nothing(trained, tmp_path, capsys, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(parity.Reference, "nme", stopped)
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err == "freeze: stopped; nothing is changed\n" and os.listdir(tmp_path) == []


def test_the_summary_of_a_graph_writes_nothing_but_the_board(frozen_model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert freeze.main(["--summary", str(frozen_model / "landmark.pb")]) == 0
    assert "| multiply-adds | " in capsys.readouterr().out and os.listdir(tmp_path) == []
    assert freeze.main(["--summary", str(frozen_model / "landmark.pb"), "--board", "board"]) == 0
    assert "see it with: tensorboard --logdir board" in capsys.readouterr().out
    assert len(os.listdir(tmp_path / "board")) == 1
    assert "absent.pb: found no such file" in refused(capsys, "--summary", "absent.pb")


def test_a_missing_run_or_checkpoint_is_one_line(trained, tmp_path, capsys):
    line = refused(capsys, "--run", tmp_path / "absent", "--out", tmp_path / "out")
    assert "absent: found no settings.json, expected a run folder of net/train.py" in line
    (tmp_path / "run").mkdir()
    shutil.copy(trained / "settings.json", tmp_path / "run")
    assert "run: found no checkpoint" in refused(capsys, "--run", tmp_path / "run", "--out", tmp_path / "out")
    assert os.listdir(tmp_path) == ["run"]


def test_missing_records_are_one_line(trained, tmp_path, capsys):
    line = refused(capsys, "--run", trained, "--out", tmp_path / "out", "--records", tmp_path / "absent")
    assert "absent: found no manifest.json" in line
    assert os.listdir(tmp_path) == []


def test_a_damaged_checkpoint_is_an_error_and_leaves_nothing(trained, tmp_path, capsys):
    run = shutil.copytree(trained, tmp_path / "run")
    for path in [*run.glob("**/model.ckpt-*.index"), *run.glob("**/model.ckpt-*.data*")]:
        path.write_bytes(b"damaged")
    assert freeze.main(["--run", str(run), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("freeze: ")
    assert os.listdir(tmp_path) == ["run"]


def test_defaults_lie_in_the_repository():
    args = freeze.parse_args([])
    root = Path(freeze.__file__).resolve().parents[1]
    assert (args.run, args.out, args.records) == (root / "runs" / "latest", root / "infer" / "local", None)
    assert args.checkpoint == "best" and [form.name for form in args.formats] == ["pb"]
    with pytest.raises(SystemExit) as caught:
        freeze.main(["--checkpoint", "middle"])
    assert caught.value.code == 2
    with pytest.raises(SystemExit) as caught:
        freeze.main(["--formats", "pb,exe"])
    assert caught.value.code == 2


def test_a_frozen_model_becomes_other_formats_without_its_run(frozen_model, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--out", str(out), "--formats", "onnx,pb16,tflite", "--terms", "others"]
    assert freeze.main(["--model", str(frozen_model / "landmark.json"), *options]) == 0
    said = capsys.readouterr().out
    assert "onnxruntime: at most " in said and "on 64 pictures, NME unknown" in said
    assert sorted(os.listdir(out)) == ["landmark.json", "landmark.onnx", "landmark.pb", "landmark.tflite"]
    before, after = (json.loads((folder / "landmark.json").read_text()) for folder in (frozen_model, out))
    assert after["input"].pop("layout") == "NHWC" and after["terms"] == "others"
    assert after["file"] == "landmark.onnx" and after["formats"]["pb16"]["layout"] == "NCHW"
    files = ("file", "sha256", "format", "tolerance", "formats", "terms")
    assert all(after[key] == value for key, value in before.items() if key not in files)
    image, box = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8), [[50, 50, 150, 150]]
    expected = Landmarker(frozen_model / "landmark.pb").fit(image, box, 1)
    np.testing.assert_allclose(Landmarker(out / "landmark.onnx").fit(image, box, 1), expected, atol=0.002)
    np.testing.assert_allclose(Landmarker(out / "landmark.pb").fit(image, box, 1), expected, atol=0.2)


def test_half_precision_becomes_single_again_and_keeps_its_terms(trained, tmp_path):
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path / "half"), "--formats", "pb16"]) == 0
    half = tmp_path / "half" / "landmark.pb"
    assert (
        freeze.main(["--model", str(half), "--out", str(tmp_path / "out"), "--formats", "pb", "--name", "whole"]) == 0
    )
    contract = json.loads((tmp_path / "out" / "whole.json").read_text())
    assert contract["terms"] == freeze.TERMS and contract["tolerance"]["opencv"]["max"] <= 1e-5
    assert (tmp_path / "out" / "whole.pb").stat().st_size > 1.5 * half.stat().st_size


def test_int8_of_a_frozen_model_is_judged_on_records(frozen_model, record_set, tmp_path, capsys, monkeypatch):
    options = ("--model", frozen_model / "landmark.pb", "--out", tmp_path / "out", "--formats", "int8")
    assert "int8: found no --records, expected faces to calibrate" in refused(capsys, *options)
    lenient = replace(FORMATS["int8"], rise=9.0)  # a network as small as this one loses much
    monkeypatch.setitem(FORMATS, "int8", lenient)
    assert freeze.main([*map(str, options), "--records", str(record_set)]) == 0
    proof = json.loads((tmp_path / "out" / "landmark.json").read_text())["tolerance"]
    assert proof["nme_faces"] == RecordSet(record_set).count("test") and np.isfinite(proof["litert"]["nme_change"])


def test_what_cannot_be_converted_is_one_line(frozen_model, record_set, tmp_path, capsys):
    assert "absent.pb: no such model" in refused(capsys, "--model", tmp_path / "absent.pb", "--out", tmp_path / "out")
    foreign = shutil.copytree(frozen_model, tmp_path / "foreign")
    contract = json.loads((foreign / "landmark.json").read_text())
    (foreign / "landmark.json").write_text(json.dumps(contract | {"network": {"layers": 3}}))
    line = refused(capsys, "--model", foreign / "landmark.pb", "--out", tmp_path / "out")
    assert "landmark.json: found no network of this project" in line
    (foreign / "landmark.json").write_text(
        json.dumps(contract | {"points": contract["points"] | {"scheme": "kaggle15"}})
    )
    kaggle = ("--model", foreign / "landmark.pb", "--out", tmp_path / "out", "--records")
    assert "expected kaggle15, those of landmark.pb" in refused(capsys, *kaggle, record_set)
    assert sorted(os.listdir(tmp_path)) == ["foreign"]
    for options in (["--model", "a.pb"], ["--model", "a/landmark.pb", "--out", "a"]):
        with pytest.raises(SystemExit) as caught:
            freeze.main(options)
        assert caught.value.code == 2
    assert "--out: found the folder of --model, expected another one" in capsys.readouterr().err
