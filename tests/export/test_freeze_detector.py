"""export/freeze.py on a detector: a run becomes detector.pb, which inference reads, a model becomes other formats."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from export import freeze
from export.decision import Decision
from export.graphs import read_graph
from export.summary import SIDE, summarise
from infer.detect.own import OwnDetector
from infer.model.detector_contract import read_detector_contract
from infer.model.trained_on import SplitRule
from net.detector.kind import THRESHOLD
from net.detector.shape import LEVELS, DetectorShape
from records.split import RULE
from tests.export.test_freeze import names_in, refused
from tests.helpers.detector_runs import SHAPE, STEP, SUBSETS, make_detector_run
from tests.helpers.events import write_scalars
from tests.helpers.runtimes import answers_changed
from tests.helpers.tiny_detector import write_detector


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_detector_run(tmp_path_factory.mktemp("runs") / "detector", **{THRESHOLD: 0.375}).path


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("frozen") / "model"
    assert freeze.main(["--run", str(run), "--out", str(out), "--formats", "pb,onnx"]) == 0
    return out / "detector.pb"


def test_model_and_contract_belong_together(model):
    assert names_in(model.parent) == ["detector.json", "detector.onnx", "detector.pb"]
    contract, summary = read_detector_contract(model), summarise(read_graph(model))
    assert (contract.levels, contract.multiple, contract.layout) == (LEVELS, 32, "NCHW")
    assert (contract.threshold, contract.overlap) == (0.375, 0.4)
    assert contract.trained_on.faces == SUBSETS and contract.trained_on.step == STEP
    assert contract.trained_on.split == SplitRule(0.2, RULE)
    raw = contract.raw
    assert DetectorShape.from_settings(raw["network"]) == SHAPE and "300-W is for research" in raw["terms"]
    assert (raw["parameters"], raw["multiply_adds"]) == (summary.parameters, summary.multiply_adds)
    assert summary.side == SIDE and raw["tolerance"]["sizes"] == [[96, 160], [256, 448], [320, 320]]
    assert 0 < raw["tolerance"]["opencv"]["max"] <= raw["tolerance"]["limit"]["max"]
    assert read_detector_contract(model.with_suffix(".onnx")).layout == "NHWC"


def test_inference_reads_it_in_both_formats(model):
    image = np.random.default_rng(2).integers(0, 256, (90, 150, 3), np.uint8)
    first, second = (OwnDetector(file).find(image) for file in (model, model.with_suffix(".onnx")))
    assert len(first.scores) > 1 and first.scores.min() >= 0.375
    for found, other in ((first.scores, second.scores), (first.oriented, second.oriented), (first.five, second.five)):
        np.testing.assert_allclose(found, other, atol=0.01)


def test_threshold_and_overlap_are_asked_for_measured_or_usual():
    assert Decision(0.25).completed(0.375) == {"threshold": 0.25, "overlap": 0.4}
    assert Decision(overlap=0.3).completed(0.375) == {"threshold": 0.375, "overlap": 0.3}
    for unknown in (None, 0.001, float("nan"), float("inf")):
        assert Decision().completed(unknown) == {"threshold": 0.5, "overlap": 0.4}
    assert Decision().given() == {}
    assert Decision(close="a.pb").completed(0.375) == {"threshold": 0.375, "overlap": 0.4, "close": "a.pb"}
    with pytest.raises(ValueError, match=r"close: found other/a\.pb, expected the name of a file"):
        Decision(close="other/a.pb")
    for wrong in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match=f"overlap: found {wrong}, expected 0.01 to 1"):
            Decision(0.5, wrong)


def test_the_last_weights_have_their_own_threshold_or_a_line_says_that_there_is_none(tmp_path, capsys):
    run, out = make_detector_run(tmp_path / "run", last=9, **{THRESHOLD: 0.375}), tmp_path / "out"
    call = ["--run", str(run), "--out", str(out), "--checkpoint", "last"]
    assert freeze.main(call) == 0 and read_detector_contract(out / "detector.pb").threshold == 0.5
    assert "threshold: 0.5, for training measured none for the weights of step 9" in capsys.readouterr().out
    assert freeze.main([*call, "--threshold", "0.25"]) == 0 and "threshold:" not in capsys.readouterr().out
    write_scalars(run.path, {9: {f"test/{THRESHOLD}": 0.625}})
    assert freeze.main(call) == 0 and "threshold:" not in capsys.readouterr().out
    assert read_detector_contract(out / "detector.pb").threshold == 0.625


def test_a_frozen_detector_becomes_other_formats_without_its_run(model, tmp_path, capsys):
    options = f"--model {model} --out {tmp_path / 'out'} --formats tflite,pb16 --terms others --overlap 0.6"
    assert freeze.main(options.split()) == 0
    said = capsys.readouterr().out
    assert "litert: at most " in said and "of a field's unit" in said and "160x96, 448x256, 320x320" in said
    assert names_in(tmp_path / "out") == ["detector.json", "detector.pb", "detector.tflite"]
    before, after = (json.loads((folder / "detector.json").read_text()) for folder in (model.parent, tmp_path / "out"))
    assert after["input"].pop("layout") == "NHWC" and (after["terms"], after["overlap"]) == ("others", 0.6)
    files = ("file", "sha256", "format", "tolerance", "formats", "terms", "overlap")
    assert all(after[key] == value for key, value in before.items() if key not in files)


def test_a_network_for_closer_looks_is_named_and_must_be_there(run, model, tmp_path, capsys):
    out, close = tmp_path / "out", ("--close", "other.pb")
    assert "other.pb: no such model" in refused(capsys, "--run", run, "--out", out, *close)
    assert freeze.main(["--model", str(model), "--out", str(out), "--name", "other", "--threshold", "0.7"]) == 0
    assert freeze.main(["--run", str(run), "--out", str(out), *close]) == 0
    contract = read_detector_contract(out / "detector.pb")
    assert contract.close == out / "other.pb" and contract.threshold == 0.375
    assert OwnDetector(out / "detector.pb").files == (out / "detector.pb", out / "other.pb")
    assert "names other.pb itself" in refused(
        capsys, "--run", run, "--out", out, "--close", "detector.pb", "--name", "a"
    )
    assert "is written anew" in refused(capsys, "--run", run, "--out", out, *close, "--name", "other")
    capsys.readouterr()
    copy = ["--model", str(out / "detector.pb"), "--out", str(tmp_path / "copy")]
    assert freeze.main(copy) == 0 and "other.pb is left out" in capsys.readouterr().out
    assert read_detector_contract(tmp_path / "copy" / "detector.pb").close is None


def test_closer_looks_want_a_network_that_runs_and_stays(run, tmp_path, capsys):
    call = ("--run", run, "--out", tmp_path)
    write_detector(tmp_path, "broken", outputs=[{"name": "none", "stride": 8, "unit": 16}])
    assert "broken.pb: found no graph that OpenCV" in refused(capsys, *call, "--close", "broken.pb")
    half = shutil.copy(write_detector(tmp_path, "mine"), tmp_path / "mine.float16.pb")
    formats = {"pb16": {"file": half.name, "sha256": hashlib.sha256(half.read_bytes()).hexdigest()}}
    write_detector(tmp_path, "mine", formats=formats)  # they go when it is written anew
    assert "is written anew" in refused(capsys, *call, "--close", half.name, "--name", "mine")


def test_over_the_tolerance_an_older_model_stays(run, model, tmp_path, capsys, monkeypatch):
    answers_changed(monkeypatch, "opencv", np.zeros_like)
    out = shutil.copytree(model.parent, tmp_path / "out")
    line = refused(capsys, "--run", run, "--out", out, code=1)
    assert "removed: pb: detector.pb: opencv is " in line and "of a field's unit" in line
    assert all((out / path.name).read_bytes() == path.read_bytes() for path in model.parent.iterdir())


def test_options_of_the_other_kind_of_network_are_refused(run, trained, model, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    assert "--records: found a detector" in refused(capsys, "--run", run, *out, "--records", tmp_path)
    assert "found int8, expected of a detector" in refused(capsys, "--model", model, *out, "--formats", "pb,int8")
    assert "expected a detector" in refused(capsys, "--run", trained, *out, "--threshold", 0.5)
    assert "absent: found no settings.json" in refused(capsys, "--run", tmp_path / "absent", *out)
    assert names_in(tmp_path) == []
