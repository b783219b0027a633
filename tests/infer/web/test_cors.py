"""infer/web/cors.py: pages of origins that are named may ask, all others not; nothing without --cors."""

import pytest

from infer.web.cors import checked_origin
from tests.helpers.web_service import application, drawn

LANDMARKS, OURS = "/api/v1/landmarks", "https://example.org"
GRANTED = {"Access-Control-Allow-Origin": OURS, "Access-Control-Expose-Headers": "Server-Timing, Retry-After"}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "OPTIONS, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}


@pytest.mark.parametrize(
    "allowed, path, origin, granted, varies",
    [
        ((), LANDMARKS, OURS, False, False),
        ((OURS,), LANDMARKS, OURS, True, True),
        ((OURS,), LANDMARKS, "https://evil.example", False, True),
        ((OURS,), LANDMARKS, None, False, True),
        ((OURS,), "/", OURS, False, False),
        (("*",), LANDMARKS, OURS, True, True),
        (("*",), LANDMARKS, None, False, True),
    ],
)
def test_a_page_of_a_named_origin_may_ask_and_read(allowed, path, origin, granted, varies):
    given = {"Origin": origin} if origin else {}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    with application(origins=allowed) as app:
        client = app.test_client()
        before = client.options(path, headers=given | asked)
        data = {"data": drawn(1)[0], "query_string": {"boxes": "[]"}} if path == LANDMARKS else {}
        answers = [client.open(path, method="POST" if data else "GET", headers=given, **data)]
        answers += [client.post(path, headers=given)] if data else []  # an error can be read as well
    assert before.status_code == answers[0].status_code == 200
    for response, wanted in [(before, GRANTED | PREFLIGHT), *((answer, GRANTED) for answer in answers)]:
        found = {key: value for key, value in response.headers.items() if key.startswith("Access-Control")}
        if "Access-Control-Allow-Methods" in found:
            found["Access-Control-Allow-Methods"] = ", ".join(sorted(found["Access-Control-Allow-Methods"].split(", ")))
        assert found == (wanted if granted else {})
        assert ("Origin" in response.headers.get("Vary", "")) == varies


@pytest.mark.parametrize(
    "text, origin",
    [
        ("*", "*"),
        ("https://Example.org/", OURS),
        ("https://example.org:443", OURS),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("example.org", None),
        ("https://example.org/page", None),
        ("https://example.org?x", None),
        ("https://me@example.org", None),
        ("http://example.org:x", None),
        ("file:///x", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_origin_is_as_browsers_send_it(text, origin):
    if origin:
        assert checked_origin(text) == origin
    else:
        with pytest.raises(ValueError, match="--cors: found .* expected an origin, such as https://example.org"):
            checked_origin(text)
