"""Errors as the service answers them: RFC 9457 problem details, one line of text in `detail`."""

from __future__ import annotations

import json
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"
FAULT = "found a fault of the service itself, expected none; its log says more"


class Problem(Exception):
    """A request that gets no answer but this: status, detail (one line: what was found, what was expected), and, for
    those who had better come back later, after how many seconds."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None):
        super().__init__(detail)
        self.status, self.detail, self.retry_after = status, " ".join(detail.split()), retry_after

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        later = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return {"Content-Type": MEDIA_TYPE, **later}


def problem_details(status: int, detail: str) -> dict:
    """The members of RFC 9457, section 3.1; the type is "about:blank", for the status says what kind it is."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def problem_body(status: int, detail: str) -> bytes:
    """The same as JSON."""
    return json.dumps(problem_details(status, detail)).encode()
