import numpy as np
import pytest

from net.landmarks import evaluation as module
from net.landmarks.evaluation import LandmarkEvaluation, fit_of, nme_table
from records import metrics
from records.drawing import draw_answer
from records.landmarks import IBUG_68
from tests.helpers.network_answers import network_answers
from tests.records.test_metrics import by_hand


def test_errors_are_those_of_the_metrics_in_all_by_subset_and_by_yaw():
    found = network_answers()
    true, predicted = (found[key].reshape(-1, 68, 2).astype(float) for key in ("label", "predicted"))
    each = [by_hand(p, t, np.hypot(*(t[36] - t[45]))) for p, t in zip(predicted, true, strict=True)]
    boxed = [by_hand(p, t, np.sqrt(np.prod(np.ptp(t, axis=0)))) for p, t in zip(predicted, true, strict=True)]
    groups = {"": slice(None), "/set/AFW": slice(0, None, 2), "/set/HELEN": slice(1, None, 2)}
    groups |= {f"/set/AFW/{metrics.YAW_BINS[0]}": [0, 4], f"/set/AFW/{metrics.YAW_BINS[2]}": [2]}
    expected = {
        f"{name}{group}": np.mean(np.array(errors)[chosen])
        for name, errors in (("nme", each), ("nme_box", boxed))
        for group, chosen in groups.items()
    }
    assert nme_table(found, IBUG_68) == pytest.approx(expected, rel=1e-5)
    found["label"][1::2] = np.nan  # errors that no face has are left out
    assert set(nme_table(found, IBUG_68)) == {name for name in expected if "HELEN" not in name}


def test_loss_and_mae_over_the_known_coordinates():
    found = network_answers()
    found["label"][0, :10] = np.nan
    off = np.abs(found["predicted"].astype(float) - found["label"])
    assert fit_of(found) == pytest.approx({"loss": 3.5, "mae": 128 * off[np.isfinite(off)].mean()}, rel=1e-5)


def test_a_test_finds_errors_fit_and_pictures(monkeypatch):
    found = network_answers()
    monkeypatch.setattr(module, "run_through", lambda *args: found)
    tested = LandmarkEvaluation(None, {}, None, "validation", IBUG_68).run(None)
    assert tested.measures == nme_table(found, IBUG_68) and tested.others == fit_of(found)
    said = [f"{100 * tested.measures[name]:.2f} %" for name in ("nme", "nme_box")]
    assert tested.words == f"validation NME {said[0]} (box {said[1]})"
    assert len(tested.pictures) == 5
    np.testing.assert_array_equal(
        tested.pictures[4], draw_answer(*(found[key][4] for key in ("image", "label", "predicted")))
    )
    found["label"][:, 72:74] = np.nan  # no eye is known
    tested = LandmarkEvaluation(None, {}, None, "test", IBUG_68).run(None)
    assert tested.words == f"test NME by box {100 * tested.measures['nme_box']:.2f} %"
