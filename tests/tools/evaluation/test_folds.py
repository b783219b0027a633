"""tools/evaluation/folds.py: which runs make a cross-validation, and what their numbers add up to."""

import math

import numpy as np
import pytest

from records.split import fold_of
from tests.helpers.drawn import draw_set
from tests.helpers.tiny_onnx import write_fold_run
from tools.evaluation import folds
from tools.evaluation.answers import EvaluationSettings
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.tables import ACCURACY_KEYS
from tools.read import formats


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "MODEL", "peer.onnx")
    for index in range(3):
        write_fold_run(
            tmp_path / "runs" / f"{index}",
            f"{index}/3",
            convert=lambda p, i=index: p.reshape(*p.shape[:-2], -1) + 0.01 * i,
        )
    return tmp_path / "runs"


def test_what_is_no_cross_validation(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: found no run in it"):
        folds.find_runs(tmp_path / "empty")
    for fold, wanted in (
        ("3/3", "more: fold: found 3/3, expected"),
        (None, "more: fold: found 'None', expected i/k"),
        ("1/3", "found folds 0/3, 1/3, 1/3, 2/3, expected each fold of one k once"),
    ):
        write_fold_run(runs / "more", fold)
        with pytest.raises(ValueError, match=wanted):
            folds.find_runs(runs)
    (runs / "more" / "settings.json").write_text("[")
    with pytest.raises(ValueError, match=r"settings\.json: found JSONDecodeError"):
        folds.find_runs(runs)


def test_each_run_is_measured_on_its_own_sources(runs, tmp_path):
    items = formats.find(draw_set(tmp_path / "tiny", sources=10, views=1), "tiny")
    rows, skipped = folds.measure_runs(folds.find_runs(runs), items, EvaluationSettings())
    assert skipped == []
    for index in range(3):
        chosen = [row for row in rows if row["fold"] == f"{index}/3" and row["faces of"] == "all"]
        assert [row["model"] for row in chosen] == [folds.NETWORK, MEAN_SHAPE]
        assert {row["number"] for row in chosen} == {sum(fold_of(item.source, 3) == index for item in items)}
    errors = [row["box, 1 pass"] for row in rows if row["model"] == folds.NETWORK and row["faces of"] == "all"]
    assert len(set(errors)) == 3

    found = folds.find_runs(runs)
    inside = [item for item in items if fold_of(item.source, 3) == 0]
    with pytest.raises(ValueError, match=f"fold 1/3: found none of {len(inside)} faces in it"):
        folds.measure_runs(found, inside, EvaluationSettings())
    (found[0].folder / "peer.onnx").unlink()
    with pytest.raises(FileNotFoundError, match=r"peer\.onnx: no such model"):
        folds.measure_runs(found, items, EvaluationSettings())


def row(fold, part, number, error, other=math.nan):
    measures = dict.fromkeys(ACCURACY_KEYS, math.nan) | {"box, 1 pass": error, "box, 2 pass": other}
    return {"fold": fold, "model": "network", "faces of": part, "number": number, **measures}


def test_sums_are_mean_and_deviation_of_the_sample():
    rows = [
        row("0/3", "all", 10, 2.0),
        row("1/3", "all", 12, 3.0, 5.0),
        row("2/3", "all", 11, 7.0),
        row("0/3", "a/x", 4, 1.0),
    ]
    first, second = folds.sum_up(rows)
    assert (first["model"], first["faces of"], first["folds"], first["number"]) == ("network", "all", 3, 33)
    assert first["box, 1 pass"] == pytest.approx({"mean": 4.0, "deviation": np.std([2, 3, 7], ddof=1)})
    assert first["box, 2 pass"]["mean"] == 5 and math.isnan(first["box, 2 pass"]["deviation"])
    assert second["folds"] == 1 and second["box, 1 pass"]["mean"] == 1
    assert math.isnan(second["box, 2 pass"]["mean"])
    assert "| network | all | 3 | 33 | 4.00 ± 2.65 | 5.00 |" in folds.markdown(rows, [first, second])
