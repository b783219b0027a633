"""Damaged uploads never bring the service down; and the harness that says so would notice."""

import json

import numpy as np
import pytest

from tests.fuzz import service as fuzz_service
from tests.fuzz.service import cases, form_of, judged, run

pytest.importorskip("flask", reason="no Flask (the extra web)")
COUNT = 200


def test_no_upload_brings_the_service_down():
    rows, failures, peak = run(COUNT, 1, ("--pixels", "4", "--workers", "2"))
    assert failures == []
    total = sum(rows.values(), start=next(iter(rows.values())).__class__())
    assert total.total() == COUNT and total["points"] > 10 and total["refused"] > COUNT / 3
    assert rows["picture", "empty"]["points"] == rows["picture", "picture bomb"]["points"] == 0
    assert peak < 1 << 30
    table = fuzz_service.table(rows).splitlines()
    assert len(table) == 3 + len(rows) and table[-1].startswith(f"| **all** |  | {COUNT} |")


def test_the_same_seed_damages_alike():
    first, again, other = (list(cases(30, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert first == again != other
    assert {case.kind for case in first} == {"picture", "form"}
    assert form_of(b"\xff").count(b"--edge") == 2


def test_a_dead_service_is_noticed(monkeypatch):
    def dies(port, body, kind):
        raise ConnectionRefusedError("gone")

    monkeypatch.setattr(fuzz_service, "ask", dies)
    case = next(cases(1, np.random.default_rng(1)))
    assert fuzz_service.outcome(1, case) == "no answer (ConnectionRefusedError: gone)"


@pytest.mark.parametrize(
    "status, kind, body, expected",
    [
        (200, "application/json", {"images": [{"faces": []}]}, "points"),
        (200, "text/html", {"images": [{"faces": []}]}, "status 200, found "),
        (200, "application/json", {"images": []}, "status 200, found "),
        (422, "application/problem+json", {"status": 422, "detail": "cut"}, "refused"),
        (422, "application/json", {"status": 422, "detail": "cut"}, "status 422: cut"),
        (422, "application/problem+json", {"status": 400, "detail": "cut"}, "status 422: cut"),
        (422, "application/problem+json", {"status": 422, "detail": "a\nb"}, "status 422: a"),
        (500, "application/problem+json", {"status": 500, "detail": "fault"}, "status 500: fault"),
    ],
)
def test_answers_are_judged(status, kind, body, expected):
    found = judged(status, kind, json.dumps(body).encode())
    assert found == expected or (found.startswith(expected) and expected not in ("points", "refused"))
    assert judged(502, "text/html", b"<h1>").startswith("status 502, found b'<h1>'")
