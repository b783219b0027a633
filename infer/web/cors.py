"""Pages of other origins that may ask this service: CORS, as the Fetch standard has it; none unless named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask import Request  # not at run time: the options are read without the framework too

ANY = "*"
PREFIX = "/api/"  # the pages are for no other page
PORTS = {"http": 80, "https": 443}  # that browsers leave out
REMEMBERED = 600  # seconds that a browser need not ask again


def checked_origin(text: str) -> str:
    """The origin as browsers send it, or `*`. Raises ValueError for a host alone or a page's address."""
    if text == ANY:
        return text
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
        raise ValueError(f"--cors: found {text!r}, expected an origin, such as https://example.org, or {ANY}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, PORTS[parts.scheme]) else "")


def cors_headers(allowed: Sequence[str], request: Request, methods: str) -> dict[str, str]:
    """The headers that let a page of an allowed origin read the answer, or make the request that it asks about first.

    allowed: as `checked_origin` gives them; methods: that the route knows, where the request is OPTIONS.
    """
    if not allowed or not request.path.startswith(PREFIX):
        return {}
    origin = request.headers.get("Origin", "")
    headers = {"Vary": "Origin"}
    if origin not in allowed and (ANY not in allowed or not origin):
        return headers
    headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Server-Timing, Retry-After"}
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        headers["Access-Control-Allow-Methods"] = methods
        headers["Access-Control-Allow-Headers"] = "Content-Type"
        headers["Access-Control-Max-Age"] = str(REMEMBERED)
    return headers
