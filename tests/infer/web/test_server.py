"""The service behind its real server: HTTP as it is, limits before the application, the end."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import waitress.buffers

from infer.web.limits import Limits
from infer.web.server import Server
from tests.helpers.web_service import drawn, running, serving

LANDMARKS = "/api/v1/landmarks"
HEADER_LIMIT = 1 << 18  # bytes, waitress' own
LIMITS = Limits(upload=300_000, rate=0)


@pytest.fixture(scope="module")
def address():
    with running(2, LIMITS) as url:
        yield urlsplit(url).netloc


def ask(address: str, method: str, path: str, body=None, headers=None, **kw) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, body, headers or {}, **kw)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def send(address: str, data: bytes) -> bytes:
    """What comes back for bytes that may be no HTTP."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_picture_there_and_points_back_in_whole_bodies_and_in_chunks(address):
    data, box = drawn(3)
    path = f"{LANDMARKS}?boxes={json.dumps([box.tolist()]).replace(' ', '')}"
    whole = ask(address, "POST", path, data)
    chunked = ask(address, "POST", path, iter([data[:1000], data[1000:]]), encode_chunked=True)
    assert whole[0] == chunked[0] == 200 and whole[2] == chunked[2]
    assert len(json.loads(whole[2])["images"][0]["faces"][0]["points"]) == 68
    assert whole[1]["Server"] == "landmark68" and whole[1]["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers, body", [({}, bytes(LIMITS.upload + 1)), ({"Content-Length": str(5 * LIMITS.upload)}, None)]
)
def test_too_large_a_body_is_413_told_as_a_problem(address, headers, body):
    status, headers, body = ask(address, "POST", LANDMARKS, body, headers)
    assert status == 413 and headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413 and headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_what_is_no_http_is_told_as_a_problem(address):
    head, _, body = send(address, b"GET / HTTP/1.1\r\nContent-Length: five\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in head
    assert json.loads(body)["title"] == "Bad Request"
    # not a byte more than it reads, for what is left unread resets the connection
    head, _, body = send(address, b"GET / HTTP/1.1\r\nX: ".ljust(HEADER_LIMIT, b"a")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 431 ") and json.loads(body)["status"] == 431
    assert ask(address, "GET", "/healthz")[0] == 200


def test_many_at_once_get_answers_or_503_and_afterwards_all_is_well():
    limits = Limits(pictures=1, queue=1, rate=0)
    data, box = drawn(4)
    path = f"{LANDMARKS}?boxes={json.dumps([box.tolist()] * 16).replace(' ', '')}"
    with running(1, limits) as url, ThreadPoolExecutor(12) as pool:
        address = urlsplit(url).netloc
        together = threading.Barrier(12)

        def one(_):
            together.wait(30)
            return ask(address, "POST", path, data)

        answers = list(pool.map(one, range(12)))
        found = {status for status, _, _ in answers}
        assert found == {200, 503}
        assert all(headers["Retry-After"] == "1" for status, headers, _ in answers if status == 503)
        assert len({body for status, _, body in answers if status == 200}) == 1
        assert ask(address, "POST", path, data)[0] == ask(address, "GET", "/")[0] == 200


def test_no_picture_goes_through_a_file(monkeypatch):
    files, own = [], waitress.buffers.TempfileBasedBuffer

    def file(*args):
        files.append(args)
        return own(*args)

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "image/png")])
        return [environ["wsgi.input"].read() * 40]

    monkeypatch.setattr(waitress.buffers, "TempfileBasedBuffer", file)
    picture = bytes(range(256)) * (LIMITS.upload // 256)
    with serving(application, LIMITS) as address:
        assert ask(address, "POST", "/", picture)[2] == picture * 40  # 12 MB
    assert files == []


def test_an_application_that_fails_is_told_as_a_problem(caplog):
    def application(environ, start_response):
        raise RuntimeError("mine")

    with serving(application, LIMITS) as address:
        status, headers, body = ask(address, "GET", "/")
    assert status == 500 and headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["detail"] == "found a fault of the service itself, expected none; its log says more"
    assert "mine" in caplog.text


def test_clients_are_told_apart_behind_a_proxy_that_is_believed():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [environ["REMOTE_ADDR"].encode()]

    for proxy, expected in ((None, b"127.0.0.1"), ("127.0.0.1", b"10.9.8.7")):
        with serving(application, LIMITS, 1, proxy) as address:
            assert ask(address, "GET", "/", headers={"X-Forwarded-For": "10.9.8.7"})[2] == expected


def test_what_is_asked_is_still_answered_when_the_end_is_told():
    begun, go = threading.Event(), threading.Event()

    def slow(environ, start_response):
        begun.set()
        assert go.wait(20)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"late" * 100_000]

    server = Server(slow, "127.0.0.1", 0, LIMITS, 1)
    thread = threading.Thread(target=server.run)
    thread.start()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, f"127.0.0.1:{server.port}", "GET", "/")
        assert begun.wait(20)
        server.stop()
        go.set()
        assert answer.result(20)[2] == b"late" * 100_000
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_it_may_be_told_to_stop_when_it_has_stopped():
    server = Server(lambda *_: [], "127.0.0.1", 0, LIMITS, 1)
    server.stop()
    server.run()
    server.stop()
    assert server._told.is_set()
