"""The REST routes. What they take and answer is described in `openapi.py`."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from ..draw import colours_of
from ..files.points import json_line
from . import metrics
from .answers import TYPES, json_body
from .body import BATCH_OPTIONS, OPTIONS, read_parts
from .openapi import document
from .problems import Problem, problem_details
from .service import Service, the_service
from .uploads import AnswerOptions, all_uploads, one_upload, read_detect_size, read_options, read_passes

api = Blueprint("api", __name__)


@api.post("/api/v1/landmarks")
def landmarks() -> Response:
    """The faces of one picture."""
    service = the_service()
    service.admit(request.remote_addr)
    parts = read_parts(request, OPTIONS, 1)
    options = read_options(parts.options, service.contract.points.groups, service.limits)
    (found,) = service.find([one_upload(parts, service.limits)], options)
    if isinstance(found, Problem):
        raise found
    headers = {"Content-Type": TYPES[options.format], "Server-Timing": server_timing(found.times)}
    return Response(found.body, headers=headers)


@api.post("/api/v1/landmarks/batch")
def batch() -> Response:
    """The faces of several pictures; one that cannot be done does not stand in the way of the others."""
    service = the_service()
    parts = read_parts(request, BATCH_OPTIONS, service.limits.pictures, raw=False)
    options = AnswerOptions(
        passes=read_passes(parts.options), detect_size=read_detect_size(parts.options, service.limits)
    )
    uploads = all_uploads(parts, service.limits)
    service.admit(request.remote_addr, len(uploads))
    found = service.find(uploads, options)
    entries = [
        {"file": upload.name, "error": problem_details(one.status, one.detail)}
        if isinstance(one, Problem)
        else one.entry
        for upload, one in zip(uploads, found, strict=True)
    ]
    return Response(json_body(entries), content_type=TYPES["json"])


@api.get("/api/v1/model")
def model() -> Response:
    """What model answers, and within which limits."""
    service = the_service()
    return Response(json_line(model_entry(service)), content_type=TYPES["json"])


@api.get("/api/v1/openapi.json")
def openapi() -> Response:
    """The description of all this."""
    service = the_service()
    return Response(json.dumps(document(service.contract, service.limits), indent=1), content_type=TYPES["json"])


@api.get("/healthz")
def healthz() -> Response:
    """That the service runs, and how much it has to do."""
    workers = the_service().workers
    state = {"status": "ok", "workers": workers.count, "pending": workers.pending, "room": workers.room}
    return Response(json.dumps(state), content_type=TYPES["json"])


@api.get("/metrics")
def prometheus() -> Response:
    """For Prometheus."""
    return Response(the_service().metrics.text(), content_type=metrics.TYPE)


def model_entry(service: Service) -> dict:
    """The model's contract, the colours that its groups are drawn in, and the service's limits."""
    contract, limits = service.contract, service.limits
    colours = {name: f"#{r:02x}{g:02x}{b:02x}" for name, (b, g, r) in colours_of(contract.points.groups).items()}
    most = {
        "bytes": limits.upload,
        "pixels": limits.pixels,
        "boxes": limits.boxes,
        "pictures": limits.pictures,
        "detect_size": limits.detect_size,
    }
    return {"contract": contract.raw, "colours": colours, "limits": most | {"rate": limits.rate}}


def server_timing(times: dict[str, float]) -> str:
    """The header Server-Timing (W3C): milliseconds by step, and their sum."""
    steps = times | {"total": sum(times.values())}
    return ", ".join(f"{step};dur={value:.1f}" for step, value in steps.items())
