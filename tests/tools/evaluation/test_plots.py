"""tools/evaluation/plots.py: what is drawn, read back from the figures."""

import numpy as np
import pytest

from records import metrics
from tests.helpers.answers import FACES, made_up
from tools.evaluation import plots, tables
from tools.evaluation.mean_face import MEAN_SHAPE

NAMES = {"first.pb": "first", "other/second.onnx": "second", MEAN_SHAPE: MEAN_SHAPE}


@pytest.fixture(scope="module")
def measured():
    return made_up()


@pytest.fixture(scope="module")
def every(measured):
    return tables.measures(measured)


def lines_by_label(axes):
    return {
        line.get_label(): np.array(line.get_xydata()) for line in axes.lines if not line.get_label().startswith("_")
    }


def test_no_pose_no_yaw_and_no_draws_no_shift(tmp_path):
    measured = made_up(posed=False, detector=False, draws=0)
    names = plots.write_plots(measured, tables.measures(measured), tmp_path)
    assert names == ["ced.png", "points.png", "worst-first.png", "worst-second.png"]


def test_curves(measured):
    left, right = plots.plot_ced(measured, NAMES).axes
    for axes, norm in ((left, "inter_ocular"), (right, "box")):
        lines = {label.rpartition(":")[0]: (label, line) for label, line in lines_by_label(axes).items()}
        assert len(lines) == 6
        label, line = lines["first, detector boxes"]
        errors = measured.errors("first.pb", "detector", 2, norm)
        np.testing.assert_allclose(line[:, 1], [100 * (100 * errors <= x).mean() for x in line[:, 0]])
        assert line[-1, 1] == pytest.approx(100 * (FACES - 1) / FACES)  # one was missed
        assert label.endswith(f": {100 * metrics.auc(errors, 0.08):.1f} %")


def test_error_against_shift(measured):
    left, right = plots.plot_shift(measured, NAMES).axes
    assert set(lines_by_label(left)) == {
        f"{name}, {text}" for name in ("first", "second") for text in ("1 pass", "2 passes")
    }
    line = lines_by_label(right)["second, 1 pass"]
    errors = 100 * measured.errors_of_draws("other/second.onnx", 1, "box")
    scales = measured.moves[..., 2]
    edges = np.linspace(0.85, 1.2, 6)
    for x, y in line:
        inside = np.abs(scales - x) <= (edges[1] - edges[0]) / 2
        assert y == pytest.approx(errors[inside].mean())


def test_short_names_tell_models_apart():
    models = ("a/one/landmark.pb", "a/two/landmark.pb", "b/peer.onnx")
    assert list(plots.short_names(models).values()) == ["one/landmark", "two/landmark", "b/peer"]
    assert list(plots.short_names(("x/y.pb", MEAN_SHAPE)).values()) == ["y", MEAN_SHAPE]
    assert list(plots.short_names(("y.pb", "y.onnx")).values()) == ["y.pb", "y.onnx"]
    assert plots.file_name("two/land mark") == "two-land-mark"
