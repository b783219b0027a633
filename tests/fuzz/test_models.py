"""Damaged models and contracts never crash infer/run.py; and the harness that says so would notice."""

import os
import time

import numpy as np
import pytest

from tests.fuzz import models as fuzz_models
from tests.fuzz.models import DamagedModel, Files, cases, judged, run_all
from tests.helpers.tiny_model import write_model

COUNT = 200


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = write_model(tmp_path_factory.mktemp("model"))
    return Files(path.read_bytes(), path.with_suffix(".json").read_bytes())


def test_no_damage_crashes(model):
    rows, failures = run_all(cases(model, COUNT, np.random.default_rng(1)), COUNT, 2)
    assert failures == []
    total = sum((row for row in rows.values()), start=next(iter(rows.values())).__class__())
    assert total["refused"] > COUNT / 2 and total["run"] > 5 and total.total() == COUNT
    assert all(row["run"] == 0 for (kind, _), row in rows.items() if kind == "file")
    table = fuzz_models.table(rows).splitlines()
    assert len(table) == 3 + len(rows) and table[-1].startswith(f"| **all** |  | {COUNT} |")


def test_the_same_seed_damages_alike(model):
    first, again, other = (list(cases(model, 30, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert first == again != other and first[0].model == model
    assert sum(case.model != model for case in first) >= 28


def outcome_of_a_bad_program(case: DamagedModel) -> str:
    """What a program would do that crashes, hangs or raises: in a process of its own."""
    if case.damage == "abort":
        time.sleep(0.5)  # pebble calls a pool broken whose process dies before its task is noted
        os.abort()
    if case.damage == "raise":
        raise KeyError("two\nlines")
    return "run"


def test_crashes_and_exceptions_are_seen_and_cost_one_case(model):
    todo = [DamagedModel("x", name, model) for name in ("sound", "abort", "fine", "raise", "fine")]
    rows, failures = run_all(iter(todo), 4, 1, outcome_of_a_bad_program)
    assert failures == ["x, abort: ended its process (-6)", "x, raise: raised KeyError: 'two\\nlines'"]
    assert rows["x", "fine"]["run"] == 2 and rows["x", "abort"]["failed"] == 1


def test_what_the_program_says_is_judged(model):
    plain, mismatched = DamagedModel("file", "cut", model), DamagedModel("file", "cut", model, True)
    assert judged(plain, 2, "one line") == "refused" and judged(plain, 0, "") == "run"
    assert judged(mismatched, 2, "one line") == "refused"
    assert judged(mismatched, 0, "") == "a damaged file was taken"
    assert judged(plain, 2, "") == "0 lines: " and judged(plain, 2, "a\nb").startswith("2 lines: a")


def test_a_model_that_does_not_run_at_all_is_no_basis(model):
    broken = Files(model.file, b"{}")
    with pytest.raises(ValueError, match="the model without any damage: refused, expected it to run"):
        run_all(cases(broken, 5, np.random.default_rng(1)), 5, 1)
