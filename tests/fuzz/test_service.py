"""Damaged uploads never bring the service down; and the harness that says so would notice."""

import json

import numpy as np
import pytest

from tests.fuzz import service as fuzz_service
from tests.fuzz.service import POINTS, REFUSAL, cases, judged, run

pytest.importorskip("flask", reason="no Flask (the extra web)")
COUNT = 120


def test_no_upload_brings_the_service_down():
    tally, peak = run(COUNT, 1, ("--pixels", "4", "--workers", "2"))
    total = tally.sum()
    assert tally.failures == [] and total.total() == COUNT and total[POINTS] > 10 and total[REFUSAL] > COUNT / 3
    assert tally.rows["picture", "empty"][POINTS] == tally.rows["picture", "picture bomb"][POINTS] == 0
    assert peak < 1 << 30


def test_a_dead_service_is_noticed(monkeypatch):
    def dies(port, body, kind):
        raise ConnectionRefusedError("gone")

    monkeypatch.setattr(fuzz_service, "ask", dies)
    case = next(cases(1, np.random.default_rng(1)))
    assert fuzz_service.outcome(1, case) == "no answer (ConnectionRefusedError: gone)"


JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.mark.parametrize(
    "status, kind, body, expected",
    [
        (200, JSON, {"images": [{"faces": []}]}, POINTS),
        (200, "text/html", {"images": [{"faces": []}]}, "status 200, found "),
        (200, JSON, {"images": []}, "status 200, found "),
        (422, PROBLEM, {"status": 422, "detail": "cut"}, REFUSAL),
        (422, JSON, {"status": 422, "detail": "cut"}, "status 422: cut"),
        (422, PROBLEM, {"status": 400, "detail": "cut"}, "status 422: cut"),
        (422, PROBLEM, {"status": 422, "detail": "a\nb"}, "status 422: a"),
        (500, PROBLEM, {"status": 500, "detail": "fault"}, "status 500: fault"),
    ],
)
def test_answers_are_judged(status, kind, body, expected):
    assert judged(status, kind, json.dumps(body).encode()).startswith(expected)
