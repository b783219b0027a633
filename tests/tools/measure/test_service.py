"""The load test counts what it should: answers, refusals, lost connections, memory; and its table."""

import os
import threading
from collections import Counter

import pytest

from tests.helpers.web_service import PHOTO
from tools.measure import service
from tools.measure.service import Load, put_load, table

pytest.importorskip("waitress", reason="no waitress (the extra web)")


def serve(answers: list, seen: list):
    """A server that gives each of the answers (status, headers) in turn, then the last one."""
    from infer.web.limits import Limits
    from infer.web.server import Server

    lock = threading.Lock()

    def application(environ, start_response):
        body = environ["wsgi.input"].read()
        with lock:
            seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
            status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        start_response(status, headers)
        return [b"{}"]

    return Server(application, "127.0.0.1", 0, Limits(), 4)


def test_answers_refusals_and_lost_connections_are_counted():
    seen = []
    later = ("503 Service Unavailable", [("Retry-After", "0.01")])
    server = serve([("200 OK", []), later, later, ("500 Internal Server Error", []), ("200 OK", [])], seen)
    thread = threading.Thread(target=server.run)
    thread.start()
    load = put_load(os.getpid(), server.port, [b"a", b"bc"], 3, 2.0)
    server.stop()
    thread.join(20)
    assert load.others == {"503": 2, "500": 1} and len(load.seconds) == len(seen) - 3 > 1
    assert set(seen) == {("POST", "/api/v1/landmarks", body) for body in (b"a", b"bc")}
    assert load.passed >= 2.0 and min(load.seconds) > 0
    gone = put_load(os.getpid(), server.port, [b"a"], 1, 0.05)
    assert gone.seconds == [] and set(gone.others) == {"ConnectionRefusedError"}


def test_the_table_has_the_ratio_the_percentiles_and_what_went_wrong(monkeypatch):
    monkeypatch.setattr(service, "cores", lambda: 2)
    load = Load([0.1] * 98 + [0.2, 0.9], Counter({"503": 3}), 20.0, 200_000_000, 210_400_000)
    lines = table(6.25, load, 32).splitlines()
    assert lines[2] == "| bare landmarker, a thread on every core | 6.2 | 1 | 320 | | | |"
    assert lines[3] == "| service, 32 clients, 20 s | 5.0 | 0.80 | 100 | 207 | 3 503 | 200 → 210 |"


def test_the_bare_landmarker_and_a_real_service_do_pictures():
    picture = PHOTO.read_bytes()
    assert service.bare_rate([picture], 0.1) > 0
    with service.service(("--workers", "1")) as (process, port):
        load = put_load(process.pid, port, [picture], 2, 0.3)
    assert len(load.seconds) >= 2 and not load.others and load.last > 0
    assert process.returncode == 0  # it ends well when it is told to
