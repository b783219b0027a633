"""The Flask application: routes, errors, headers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from flask import Flask, Response, current_app, g, render_template, request
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError
from werkzeug.wrappers import Response as WerkzeugResponse

from .api import api
from .body import MemoryRequest
from .cors import cors_headers
from .limits import Limits
from .pages import pages
from .problems import FAULT, MEDIA_TYPE, Problem, problem_body
from .service import KEY, Service, the_service
from .workers import Workers

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # of browsers older than frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
ORIGINS = "LANDMARK68_ORIGINS"  # key of the configuration
FORM_FIELD = 100_000  # bytes of a field that is no file: more than the boxes of a batch need


def create_app(
    workers: Workers, limits: Limits, hosts: Sequence[str] | None = None, origins: Sequence[str] = ()
) -> Flask:
    """The application, a WSGI callable.

    hosts: names that requests may call this host by, so that no page of somebody else's reaches a service on loopback
    through a name of its own (DNS rebinding); None for any. origins: of pages that may ask the routes under /api/, as
    `checked_origin` gives them.
    """
    app = Flask(__name__)
    app.request_class = MemoryRequest
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=limits.upload,
        MAX_FORM_MEMORY_SIZE=FORM_FIELD,
        MAX_FORM_PARTS=2 * limits.pictures + 8,
        TRUSTED_HOSTS=None if hosts is None else list(hosts),
    )
    Bootstrap5(app)
    app.extensions[KEY] = Service(workers, limits)
    app.config[ORIGINS] = tuple(origins)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Problem, _answer_problem)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unforeseen)
    return app


def _begin() -> None:
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    """Adds the headers and counts the request."""
    response.headers.update(HEADERS)
    allowed = current_app.config[ORIGINS]
    response.headers.update(cors_headers(allowed, request, response.headers.get("Allow", "")))
    if request.endpoint not in ("static", "bootstrap.static"):
        response.headers["Cache-Control"] = "no-store"
    metrics, endpoint = the_service().metrics, request.endpoint or "none"
    method = request.method if request.endpoint else "any"  # made-up methods would make up counters
    metrics.requests.labels(endpoint, method, response.status_code).inc()
    if "began" in g:
        metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.began)
    return response


def _answer_problem(problem: Problem) -> Response:
    if _wants_page():
        page = render_template("error.html", status=problem.status, detail=problem.detail)
        return Response(page, problem.status, content_type="text/html; charset=utf-8")
    return Response(problem_body(problem.status, problem.detail), problem.status, problem.headers)


def _answer_http(error: HTTPException) -> WerkzeugResponse:
    """Werkzeug's own errors in our form; what they say of the request is kept, their headers (Allow) too."""
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = _answer_problem(Problem(error.code, _detail(error)))
    answer.headers.extend((key, value) for key, value in error.get_headers() if key.lower() != "content-type")
    return answer


def _detail(error: HTTPException) -> str:
    if isinstance(error, RequestEntityTooLarge):
        limit = the_service().limits.upload / 1e6
        return f"found too large a body, or a form of too many parts, expected at most {limit:g} MB"
    return error.description or error.name


def _answer_unforeseen(error: Exception) -> Response:
    """A fault of ours: the log has it, the client hears no more than that."""
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    return _answer_problem(Problem(500, FAULT))


def _wants_page() -> bool:
    """Whether a person is looking: then errors are pages. Under a name that is not this host's there are none."""
    if isinstance(request.routing_exception, SecurityError):
        return False
    accepted = request.accept_mimetypes
    return not request.path.startswith("/api/") and accepted["text/html"] > accepted[MEDIA_TYPE]
