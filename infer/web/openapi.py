"""The OpenAPI document, made from the constants that the routes go by; the tests hold the routes against it."""

from __future__ import annotations

from ..detect.own import FIRST
from ..files.headers import KINDS
from ..geometry.boxes import FARTHEST
from ..model.contract import Contract
from .body import FIELD
from .limits import PASSES, Limits
from .problems import MEDIA_TYPE
from .uploads import FORMATS

VERSION = "1"
PROBLEMS = {
    400: "The request is not as described here.",
    404: "There is no such route.",
    405: "The route has another method.",
    413: "The body, the picture's pixels, or the number of pictures or boxes is over the limit.",
    415: f"The content is none of {KINDS}, whatever its name or type says.",
    422: "The picture is damaged or cut, the boxes are no boxes, or there is no such face.",
    429: "This client sends more pictures than it may; Retry-After says when to come back.",
    503: "More pictures are waiting than there is room for; Retry-After says when to come back.",
}
LATER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}
NUMBER = {"type": "number"}
SHARE = NUMBER | {"minimum": 0, "maximum": 1}
PICTURE = {"type": "string", "format": "binary", "description": "a file; in a form with its name"}
BASE64 = {"type": "string", "contentEncoding": "base64", "description": "a file in base64, or a data: URL of it"}
OPTIONS_ANYWHERE = "Options stand in the query, the form or the JSON body; one that stands twice must be the same."
ANGLES = ("yaw", "pitch", "roll")
OPENINGS = ("left_eye", "right_eye", "mouth")


def document(contract: Contract, limits: Limits) -> dict:
    """The service as OpenAPI 3.1.0 has it, with this model's number of points and these limits."""
    points = contract.points
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "landmark68",
            "version": VERSION,
            "description": f"Finds faces in pictures and their {points.count} landmark points ({points.scheme}).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/api/v1/landmarks": {"post": _landmarks(contract, limits)},
            "/api/v1/landmarks/batch": {"post": _batch(limits)},
            "/api/v1/model": {"get": _get("model", "What model answers, and within which limits", _ref("Model"))},
            "/api/v1/openapi.json": {"get": _get("openapi", "This document", {"type": "object"})},
            "/healthz": {"get": _get("health", "That the service runs, and how much it has to do", _ref("Health"))},
            "/metrics": {"get": _metrics()},
        },
        "components": {"schemas": _schemas(contract)},
    }


def _landmarks(contract: Contract, limits: Limits) -> dict:
    options = _options(contract, limits)
    body = _bodies(PICTURE, BASE64, options)
    body["content"] |= {"image/*": {"schema": PICTURE}, "application/octet-stream": {"schema": PICTURE}}
    return {
        "operationId": "landmarks",
        "summary": "The faces of one picture",
        "description": f"{KINDS}, at most {limits.upload} bytes and {limits.pixels} pixels; pixels are those of the "
        f"upright picture (EXIF rotation applied), centres at whole numbers, from 0. {OPTIONS_ANYWHERE}",
        "parameters": _parameters(options),
        "requestBody": body,
        "responses": {"200": _found(), **_problems(400, 413, 415, 422, 429, 503)},
    }


def _options(contract: Contract, limits: Limits) -> dict[str, dict]:
    """The options of a picture by name: schemas with their descriptions."""
    name = f"({'|'.join(contract.points.groups)})"
    groups = {"type": "string", "pattern": f"^({name}(,{name})*)?$"}
    formats = {"type": "string", "enum": list(FORMATS), "default": "json"}
    boxes = (
        "landmark boxes x0, y0, x1, y1, tight around the points, at least 1 pixel wide and high, instead of detection"
    )
    return {
        "format": _about(formats, "of the answer; pts: of one face; png: drawn"),
        "passes": _passes(),
        "detect_size": _detect_size(limits),
        "face": _about(_whole(0, 10_000, 0), "of a .pts: which face, surest first"),
        "groups": _about(groups, "of a png: what is drawn, all by default"),
        "numbers": _about({"type": "boolean", "default": False}, "of a png: whether points have their numbers"),
        "errors": _about({"type": "boolean", "default": False}, "of a png: whether circles show the expected errors"),
        "boxes": _about(_boxes(limits), boxes),
    }


def _batch(limits: Limits) -> dict:
    several = {"type": "array", "minItems": 1, "maxItems": limits.pictures}
    boxes = {"type": "array", "items": _or_null(_boxes(limits)), "maxItems": limits.pictures}
    options = {
        "passes": _passes(),
        "detect_size": _detect_size(limits),
        "boxes": _about(boxes, "of each picture, or null for detection"),
    }
    return {
        "operationId": "batch",
        "summary": "The faces of several pictures, in order",
        "description": f"At most {limits.pictures} pictures and {limits.upload} bytes in all. A picture that cannot be "
        f"done has an error in its place. {OPTIONS_ANYWHERE}",
        "parameters": _parameters(options),
        "requestBody": _bodies(several | {"items": PICTURE}, several | {"items": BASE64}, options),
        "responses": {"200": _json("The faces of each", _ref("Batch")), **_problems(400, 413, 415, 422, 429, 503)},
    }


def _bodies(pictures: dict, encoded: dict, options: dict[str, dict]) -> dict:
    """A form, or JSON, of pictures and options."""
    form, members = ({FIELD: some, **options} for some in (pictures, encoded))
    encoding = {"boxes": {"contentType": "application/json"}}
    content = {
        "multipart/form-data": {"schema": _object(form, FIELD), "encoding": encoding},
        "application/json": {"schema": _object(members, FIELD)},
    }
    return {"required": True, "content": content}


def _parameters(options: dict[str, dict]) -> list[dict]:
    """The options as a query has them; lists are JSON there."""
    return [_parameter(name, dict(schema)) for name, schema in options.items()]


def _parameter(name: str, schema: dict) -> dict:
    about = {"name": name, "in": "query", "description": schema.pop("description")}
    if schema["type"] == "array":
        return about | {"content": {"application/json": {"schema": schema}}}
    return about | {"schema": schema}


def _passes() -> dict:
    about = "of the network, each cropped around the points of the one before; if not given as many as fit the boxes"
    return _about(_between(*PASSES), about)


def _detect_size(limits: Limits) -> dict:
    about = "pixels of the longest side of the detector's closest look; if not given the most"
    return _about(_between(FIRST, limits.detect_size), about)


def _about(schema: dict, description: str) -> dict:
    return schema | {"description": description}


def _whole(least: int, most: int, default: int) -> dict:
    return _between(least, most) | {"default": default}


def _between(least: int, most: int) -> dict:
    return {"type": "integer", "minimum": least, "maximum": most}


def _boxes(limits: Limits) -> dict:
    corner = {"type": "number", "minimum": -FARTHEST, "maximum": FARTHEST}
    return {"type": "array", "maxItems": limits.boxes, "items": _list_of(corner, 4)}


def _found() -> dict:
    answer = _json("The faces", _ref("Images"))
    answer["content"] |= {
        "text/csv": {"schema": {"type": "string"}},
        "text/plain": {"schema": {"type": "string"}},
        "image/png": {"schema": {"type": "string"}},
    }
    timing = {"description": "milliseconds by step, and their sum", "schema": {"type": "string"}}
    return answer | {"headers": {"Server-Timing": timing}}


def _get(name: str, summary: str, schema: dict) -> dict:
    return {"operationId": name, "summary": summary, "responses": {"200": _json(summary, schema)}}


def _metrics() -> dict:
    text = {"text/plain": {"schema": {"type": "string"}}}
    summary = "Counters for Prometheus"
    return {
        "operationId": "metrics",
        "summary": summary,
        "responses": {"200": {"description": summary, "content": text}},
    }


def _json(description: str, schema: dict) -> dict:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problems(*statuses: int) -> dict:
    content = {MEDIA_TYPE: {"schema": _ref("Problem")}}
    return {
        str(status): {"description": PROBLEMS[status], "content": content}
        | ({"headers": LATER} if status in (429, 503) else {})
        for status in statuses
    }


def _ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(contract: Contract) -> dict:
    face = {
        "box": _list_of(NUMBER, 4) | {"description": "x0, y0, x1, y1, tight around the points"},
        "points": _list_of(_list_of(NUMBER, 2), contract.points.count) | {"description": "x, y"},
        "errors": _or_null(_list_of(NUMBER | {"minimum": 0}, contract.points.count))
        | {"description": "of each point the expected error in pixels; null where the model does not say"},
        "sure": _or_null(SHARE)
        | {"description": "how sure the points are as a whole; null where the model does not say"},
        "score": SHARE | {"description": "how surely it is a face, where it was found"},
        "pose": _or_null(_object(dict.fromkeys(ANGLES, NUMBER), *ANGLES))
        | {"description": "degrees; yaw > 0: nose to the picture's left, pitch > 0: up, roll > 0: clockwise"},
        "open": _object(dict.fromkeys(OPENINGS, {"type": ["number", "null"]}), *OPENINGS),
    }
    size = {"type": "integer", "minimum": 1}
    name = {"type": "string", "minLength": 1}
    entry = {"file": name, "width": size, "height": size, "faces": {"type": "array", "items": _ref("Face")}}
    status = {"type": "integer", "minimum": 400, "maximum": 599}
    text = {"type": "string"}
    problem = {"type": text, "title": text, "status": status, "detail": text}
    count = {"type": "integer", "minimum": 0}
    either = {"anyOf": [_ref("Image"), _ref("Failed")]}
    return {
        "Face": _object(face, "box", "points", "errors", "sure"),
        "Image": _object(entry, *entry),
        "Images": _object({"images": {**_list_of(_ref("Image"), 1)}}, "images"),
        "Failed": _object({"file": name, "error": _ref("Problem")}, "file", "error"),
        "Batch": _object({"images": {"type": "array", "items": either}}, "images"),
        "Problem": _object(problem, *problem),
        "Model": _object(dict.fromkeys(("contract", "colours", "limits"), {"type": "object"}), "contract", "limits"),
        "Health": _object(dict(status={"const": "ok"}, workers=count, pending=count, room=count), "status"),
    }


def _object(properties: dict, *required: str) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _or_null(schema: dict) -> dict:
    return {"anyOf": [schema, {"type": "null"}]}


def _list_of(items: dict, count: int) -> dict:
    return {"type": "array", "items": items, "minItems": count, "maxItems": count}
