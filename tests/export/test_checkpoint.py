"""export/checkpoint.py: a run's checkpoint becomes a graph of constants that answers alike."""

import json
import shutil

import numpy as np
import pytest

from export.checkpoint import DetectorCheckpoint, LandmarkCheckpoint, frozen_graph
from export.graphs import constants_of
from net.data.selection import Fold
from net.detector.kind import DETECTOR_RUNS, THRESHOLD
from net.run.folder import Best
from records.landmarks import IBUG_68
from records.runtime import v1
from tests.conftest import STEPS
from tests.helpers.detector_runs import STEP, make_detector_run
from tests.helpers.events import write_scalars

TINY = np.finfo(np.float32).tiny


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the run that may be changed."""
    return shutil.copytree(trained, tmp_path / "copy")


def change(run, part, **values):
    """Changes a part of a run's settings."""
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(settings | {part: settings[part] | values}))


def test_a_run_tells_its_network_records_and_step(trained, record_set, checkpoint):
    last, note = LandmarkCheckpoint(trained, "last"), json.loads((trained / "best" / "nme.json").read_text())
    assert (last.step, checkpoint.step) == (STEPS, note["step"])
    assert (checkpoint.recorded_nme(), last.recorded_nme()) == (note["nme_box"], None)
    assert (last.shape.width, last.shape.head, last.shape.points) == (8, "integral", 68)
    assert last.record_set().folder == record_set and last.scheme is IBUG_68


def test_the_threshold_of_a_detector_is_that_of_the_weights_taken(tmp_path):
    run = make_detector_run(tmp_path / "run", last=11, **{THRESHOLD: 0.25})
    measured = {STEP: 0.375, 9: 0.5, 11: 0.625}
    write_scalars(run.path, {step: {f"test/{THRESHOLD}": value} for step, value in measured.items()})
    best, last = (DetectorCheckpoint(run.path, which) for which in ("best", "last"))
    assert (best.step, best.measured_threshold()) == (STEP, 0.25)  # as its note says
    assert (last.step, last.measured_threshold()) == (11, 0.625)
    write_scalars(run.path, {13: {f"test/{THRESHOLD}": 0.75}}, ".later")
    assert last.measured_threshold() == 0.625
    run.write_best(Best(9, {THRESHOLD: 0.125}), DETECTOR_RUNS)  # a kill came between a best checkpoint and its note
    assert best.measured_threshold() == 0.375


def test_the_frozen_graph_holds_constants_and_folded_convolutions_alone(graph):
    nodes = {node.name: node for node in graph.node}
    kinds = {node.op for node in graph.node}
    assert not any("BatchNorm" in kind or "Variable" in kind or "Assign" in kind or "Random" in kind for kind in kinds)
    assert [node.name for node in graph.node if node.op == "Placeholder"] == ["image"]
    assert [dim.size for dim in nodes["image"].attr["shape"].shape.dim] == [-1, 128, 128, 3]
    assert nodes["landmarks"].op == "Reshape"  # OpenCV loses the name of other last ops
    assert all(np.isfinite(value).all() for value in constants_of(graph).values() if value.dtype == np.float32)


def test_no_subnormal_of_the_weights_is_left(checkpoint):
    def faint(session):
        checkpoint.load(session)
        (kernel,) = [value for value in v1.global_variables() if value.op.name == "senet/integral/heat/weights"]
        kernel.load(np.full(kernel.shape, TINY / 8, np.float32), session)

    values = constants_of(frozen_graph(checkpoint.shape, faint))
    for name, value in values.items():
        if value.dtype == np.float32:
            assert not ((value != 0) & (np.abs(value) < TINY)).any(), name
    assert any(value.shape == (1, 1, 8, 68) and not value.any() for value in values.values())


def test_missing_runs_and_checkpoints_are_said(copy, tmp_path):
    change(copy, "options", fold="1/3")
    assert LandmarkCheckpoint(copy).record_set().fold == Fold(1, 3)
    shutil.rmtree(copy / "best")
    assert LandmarkCheckpoint(copy, "best").step == STEPS  # the last, where there is no best one
    with pytest.raises(FileNotFoundError, match="absent: found no settings.json"):
        LandmarkCheckpoint(tmp_path / "absent")
    (copy / "checkpoint").unlink()
    for which in ("best", "last"):
        with pytest.raises(FileNotFoundError, match="found no checkpoint"):
            LandmarkCheckpoint(copy, which)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"depth": 2}, r"senet/stage1/block2/\S+ is None, expected \["),
        ({"decoder": 16}, r"senet/integral/top/weights is \[1, 1, 64, 8\], expected \[1, 1, 64, 16\]"),
        ({}, r"can't be loaded \(.*\), expected a sound checkpoint$"),  # damaged
    ],
)
def test_a_checkpoint_of_another_network_or_damaged_is_one_line(copy, changes, wanted):
    change(copy, "network", **changes)
    if not changes:
        (file,) = (copy / "best").glob("*.data*")
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 255  # within some variable's values
        file.write_bytes(data)
    with pytest.raises(ValueError, match=rf"ckpt-\d+: {wanted}"):
        other = LandmarkCheckpoint(copy)
        frozen_graph(other.shape, other.load)
