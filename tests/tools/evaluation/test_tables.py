"""tools/evaluation/tables.py: every number against NumPy on the same answers."""

import numpy as np
import pytest

from tests.helpers.answers import FACES, made_up
from tools.evaluation import intervals, tables
from tools.evaluation.mean_face import MEAN_SHAPE

PARTS = {
    "all": range(14),
    "all, yaw 0-30": [0, 1, 2, 9],
    "all, yaw 30-60": [3, 4, 5, 10],
    "all, yaw 60-90": [6, 7, 8, 11],
    "a/x": range(12),
    "a/x, yaw 0-30": [0, 1, 2, 9],
    "a/x, yaw 30-60": [3, 4, 5, 10],
    "a/x, yaw 60-90": [6, 7, 8, 11],
    "b/y": [12, 13],
}


@pytest.fixture(scope="module")
def measured():
    return made_up()


@pytest.fixture(scope="module")
def every(measured):
    return tables.measures(measured, seed=5)


def nme(measured, answers, norm):
    """In %, face by face."""
    true = measured.true
    length = {
        "inter_ocular": np.linalg.norm(true[:, 36] - true[:, 45], axis=1),
        "inter_pupil": np.linalg.norm(true[:, 36:42].mean(axis=1) - true[:, 42:48].mean(axis=1), axis=1),
        "box": np.sqrt(np.prod(np.ptp(true, axis=1), axis=1)),
    }[norm]
    return 100 * np.linalg.norm(answers - true, axis=2).mean(axis=1) / length


def one_of(rows, **wanted):
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


@pytest.mark.parametrize("norm", ["inter_ocular", "inter_pupil", "box"])
def test_measures_restated(measured, every, norm):
    assert len(every) == 3 * 3 * 2 * 3 * len(PARTS)
    for part, indices in PARTS.items():
        indices = list(indices)
        for boxes in ("true", "shifted"):
            answers = measured.answers["other/second.onnx", boxes, 2]
            if boxes == "shifted":
                errors = np.mean([nme(measured, answers[:, draw], norm) for draw in range(3)], axis=0)[indices]
            else:
                errors = nme(measured, answers, norm)[indices]
            row = one_of(every, model="other/second.onnx", boxes=boxes, passes=2, norm=norm, **{"faces of": part})
            assert row["number"] == len(indices) and row["missed"] == 0
            assert row["mean"] == pytest.approx(errors.mean()) and row["median"] == pytest.approx(np.median(errors))
            assert row["auc 0.08"] == pytest.approx(100 * np.maximum(1 - errors / 8, 0).mean())
            assert row["auc 0.10"] == pytest.approx(100 * np.maximum(1 - errors / 10, 0).mean())
            assert row["failure 0.08"] == pytest.approx(100 * (errors > 8).mean())
            interval = intervals.interval(errors, measured.sources[indices], 5)
            assert (row["low"], row["high"]) == pytest.approx(interval, nan_ok=True)


def test_missed_faces_are_failures_and_have_no_mean(measured, every):
    errors = nme(measured, measured.answers["first.pb", "detector", 1], "box")
    row = one_of(every, model="first.pb", boxes="detector", passes=1, norm="box", **{"faces of": "all"})
    assert row["missed"] == 1 and row["mean"] == pytest.approx(np.nanmean(errors))
    assert row["failure 0.10"] == pytest.approx(100 / FACES)
    assert row["auc 0.10"] == pytest.approx(100 * np.nansum(1 - errors / 10) / FACES)


def test_groups_mae_and_mean_of_bins(measured, every):
    answers, true = measured.answers["first.pb", "true", 2], measured.true
    row = one_of(every, model="first.pb", boxes="true", passes=2, norm="box", **{"faces of": "all"})
    sizes = np.sqrt(np.prod(np.ptp(true, axis=1), axis=1))
    distances = 100 * np.linalg.norm(answers - true, axis=2) / sizes[:, None]
    ranges = {"jaw": (0, 17), "brows": (17, 27), "nose": (27, 36), "eyes": (36, 48), "mouth": (48, 68)}
    for name, (start, stop) in {**ranges, "without jaw": (17, 68)}.items():
        assert row["groups"][name] == pytest.approx(distances[:, start:stop].mean())
    assert row["mae"] == pytest.approx(np.abs(answers - true).mean())
    errors = distances.mean(axis=1)
    bins = [errors[list(PARTS[f"all, yaw {name}"])].mean() for name in ("0-30", "30-60", "60-90")]
    assert row["mean of yaw bins"] == pytest.approx(np.mean(bins)) and row["posed"] == 12


def test_boxes(measured):
    rows = tables.box_rows(measured)
    row = one_of(rows, model="first.pb", passes=1, **{"faces of": "a/x"})
    true = nme(measured, measured.answers["first.pb", "true", 1], "box")[:12]
    shifted = measured.answers["first.pb", "shifted", 1]
    shifted = np.mean([nme(measured, shifted[:, draw], "box") for draw in range(3)], axis=0)[:12]
    found = nme(measured, measured.answers["first.pb", "detector", 1], "box")[:12]
    assert (row["number"], row["missed"], row["invented"]) == (12, 1, 2)
    assert row["true"] == pytest.approx(true.mean()) and row["shifted"] == pytest.approx(shifted.mean())
    assert row["rise shifted"] == pytest.approx(shifted.mean() - true.mean())
    assert row["detector"] == pytest.approx(np.nanmean(found))
    assert row["rise detector"] == pytest.approx(np.nanmean(found - true))  # on the faces that were found


def test_differences_are_paired_and_against_the_first(measured):
    rows = tables.differences(measured, seed=5)
    pairs = {("other/second.onnx", "first.pb"), (MEAN_SHAPE, "first.pb")}
    assert {(row["model"], row["against"]) for row in rows} == pairs
    row = one_of(rows, model="other/second.onnx", norm="box", **{"faces of": "a/x"})
    both = [nme(measured, measured.answers[name, "true", 2], "box")[:12] for name in ("other/second.onnx", "first.pb")]
    assert row["mean"] == pytest.approx((both[0] - both[1]).mean())
    assert (row["low"], row["high"]) == pytest.approx(intervals.interval(both[0] - both[1], measured.sources[:12], 5))
    assert 0 < row["low"] < row["mean"] < row["high"]
