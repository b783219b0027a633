import hashlib
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from export import freeze, parity
from export.frozen import Run
from infer.contract import read_contract
from net.batches import RecordSet


@pytest.fixture(scope="module")
def frozen_model(trained, tmp_path_factory):
    """The folder of a frozen model, and what freezing printed."""
    out = tmp_path_factory.mktemp("frozen") / "model"
    assert freeze.main(["--run", str(trained), "--out", str(out), "--terms", "for tests only"]) == 0
    return out


def refused(capsys, *argv) -> str:
    assert freeze.main([str(arg) for arg in argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("freeze: ")
    return lines[0]


def test_the_written_model_answers_like_the_checkpoint_on_real_records(frozen_model, trained, record_set):
    images, labels = parity.faces(RecordSet(record_set))
    contract = read_contract(frozen_model / "landmark.pb")
    net = cv2.dnn.readNetFromTensorflow(str(contract.model))
    answers = []
    for image in images:  # one by one, as inference does it
        net.setInput(image.transpose(2, 0, 1)[None], contract.input_name)
        answers.append(net.forward(contract.output_name)[0].copy())
    np.testing.assert_allclose(answers, Run(trained, "best").answer(images), atol=1e-5)
    assert np.asarray(answers).shape == labels.shape


def test_model_and_contract_belong_together(frozen_model, trained):
    assert sorted(os.listdir(frozen_model)) == ["landmark.json", "landmark.pb"]
    raw = json.loads((frozen_model / "landmark.json").read_text())
    assert raw["sha256"] == hashlib.sha256((frozen_model / "landmark.pb").read_bytes()).hexdigest()
    assert raw["terms"] == "for tests only"
    assert raw["trained_on"]["step"] == Run(trained, "best").step
    assert raw["tolerance"]["limit"] == 1e-5
    assert 0 <= raw["tolerance"]["tensorflow"] <= 1e-5 and 0 < raw["tolerance"]["opencv"] <= 1e-5


def test_the_same_run_gives_the_same_model_over_an_older_one(frozen_model, trained, tmp_path, capsys):
    (tmp_path / "landmark.pb").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    assert freeze.main(["--run", str(trained), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "landmark.pb").read_bytes() == (frozen_model / "landmark.pb").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["landmark.json", "landmark.pb", "notes.txt"]
    printed = capsys.readouterr().out
    assert "opencv: at most " in printed and "tensorflow: at most " in printed and "written: " in printed


def test_over_the_tolerance_nothing_is_left_behind(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(parity.RUNTIMES, "opencv", lambda model, images: np.zeros((len(images), 136), np.float32))
    line = refused(capsys, "--run", trained, "--out", tmp_path / "out")
    assert "landmark.pb: opencv is " in line and "expected at most 1e-05" in line
    assert os.listdir(tmp_path) == []


def test_over_the_tolerance_an_older_model_stays(trained, frozen_model, tmp_path, capsys, monkeypatch):
    out = shutil.copytree(frozen_model, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(freeze, "TOLERANCE", -1.0)
    assert "opencv is " in refused(capsys, "--run", trained, "--out", out, "--checkpoint", "last")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


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
    assert args.checkpoint == "best" and freeze.TOLERANCE == 1e-5
    with pytest.raises(SystemExit) as caught:
        freeze.main(["--checkpoint", "middle"])
    assert caught.value.code == 2
