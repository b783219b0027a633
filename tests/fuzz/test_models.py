"""Damaged models and contracts never crash infer/run.py; and the harness that says so would notice."""

import os
import time

import numpy as np
import pytest

from tests.fuzz.models import REFUSED, RUN, DamagedModel, Files, cases, detector_outcome, judged, run_all
from tests.helpers.tiny_detector import write_detector
from tests.helpers.tiny_model import write_model

COUNT = 200


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = write_model(tmp_path_factory.mktemp("model"))
    return Files(path.read_bytes(), path.with_suffix(".json").read_bytes())


def test_no_damage_crashes(model):
    tally = run_all(cases(model, COUNT, np.random.default_rng(1)), COUNT, 2)
    total = tally.sum()
    assert tally.failures == [] and total[REFUSED] > COUNT / 2 and total[RUN] > 5 and total.total() == COUNT
    assert tally.sum("file")[RUN] == 0
    assert f"| file | **all** | {COUNT // 5} | {COUNT // 5} | 0 | 0 |" in tally.table().splitlines()


def test_no_damage_to_a_detector_crashes(tmp_path):
    path = write_detector(tmp_path)
    files = Files(path.read_bytes(), path.with_suffix(".json").read_bytes())
    tally = run_all(cases(files, COUNT, np.random.default_rng(2)), COUNT, 2, detector_outcome)
    total = tally.sum()
    assert tally.failures == [] and total[REFUSED] > COUNT / 2 and total[RUN] > 5 and total.total() == COUNT


def outcome_of_a_bad_program(case: DamagedModel) -> str:
    """What a program would do that crashes, hangs or raises: in a process of its own."""
    if case.damage == "abort":
        time.sleep(0.5)  # pebble calls a pool broken whose process dies before its task is noted
        os.abort()
    if case.damage == "raise":
        raise KeyError("two\nlines")
    return RUN


def test_crashes_and_exceptions_are_seen_and_cost_one_case(model):
    todo = [DamagedModel("x", name, model) for name in ("sound", "abort", "fine", "raise", "fine")]
    tally = run_all(iter(todo), 4, 1, outcome_of_a_bad_program)
    assert tally.failures == ["x, abort: ended its process (-6)", "x, raise: raised KeyError: 'two\\nlines'"]
    assert tally.rows["x", "fine"][RUN] == 2 and tally.report() == 1


def test_what_the_program_says_is_judged(model):
    plain, mismatched = DamagedModel("file", "cut", model), DamagedModel("file", "cut", model, True)
    assert judged(plain, 2, "one line") == judged(mismatched, 2, "one line") == REFUSED and judged(plain, 0, "") == RUN
    assert judged(mismatched, 0, "") == "a damaged file was taken"
    assert judged(plain, 2, "") == "0 lines: " and judged(plain, 2, "a\nb").startswith("2 lines: a")
