"""A request taken apart: pictures as bytes, and its options as text, wherever they stand: query, form or JSON."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from flask import Request
from werkzeug.formparser import FormDataParser

from .limits import NAME_LENGTH
from .problems import Problem

FIELD = "image"
JSON_TYPES = {
    "format": str,
    "passes": int,
    "detect_size": int,
    "boxes": list,
    "groups": str,
    "numbers": bool,
    "errors": bool,
    "face": int,
}
IN_WORDS = {str: "text", int: "a whole number", list: "a list", bool: "true or false"}
OPTIONS = tuple(JSON_TYPES)
BATCH_OPTIONS = ("passes", "detect_size", "boxes")
DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
URL_SAFE = str.maketrans("-_", "+/")  # the other alphabet of base64
SHOWN = 40  # letters of what was sent that an error repeats


class LoudFormParser(FormDataParser):
    """Raises where a form cannot be read; werkzeug would take it for an empty one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.silent = False


class MemoryRequest(Request):
    """A request whose uploads stay in memory, where werkzeug would write larger ones to a temporary file."""

    form_data_parser_class = LoudFormParser

    def _get_file_stream(self, *args, **kwargs) -> BytesIO:
        return BytesIO()


@dataclass(frozen=True)
class Parts:
    """pictures: (name as answers repeat it, the file's bytes) in order; options: text by name."""

    pictures: list[tuple[str, bytes]]
    options: dict[str, str]


Given = list[tuple[str, str]]  # options and their texts, one of them perhaps several times


def read_parts(request: Request, known: Sequence[str], most: int, raw: bool = True) -> Parts:
    """The pictures, 1 to `most`, and the options of a request; known: the options' names; raw: whether the body may be
    the picture itself.

    Raises Problem for a body that cannot be read, a picture in another field than `image`, an option that is not
    known, one with two values, and too many pictures.
    """
    _check_coding(request)
    query = _known("query", list(request.args.items(multi=True)), known)
    if request.mimetype == "multipart/form-data":
        pictures, given = _read_form(request, known)
    else:
        pictures, given = _read_body(request, known, raw)
    if len(pictures) > most:
        raise Problem(413, f"found {len(pictures)} pictures, expected at most {most}")
    return Parts(pictures, _merged(query + given))


def safe_name(name: str | None) -> str:
    """A client's file name as answers repeat it: no folders, nothing that cannot be shown, not long, not empty."""
    plain = PurePosixPath((name or "").replace("\\", "/")).name
    plain = "".join(letter for letter in plain if letter.isprintable())
    return plain[-NAME_LENGTH:] or FIELD


def _check_coding(request: Request) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise Problem(415, f"found a body coded as {coding[:SHOWN]}, expected a plain one")


def _read_form(request: Request, known: Sequence[str]) -> tuple[list[tuple[str, bytes]], Given]:
    try:
        form, files = request.form, request.files
    except UnicodeDecodeError as error:
        line = repr(bytes(error.object))[2:-1]
        raise Problem(400, f"found a file's name that is no UTF-8 ({line[:200]}), expected UTF-8 or no name") from None
    except ValueError as error:
        raise Problem(400, f"found a form that cannot be read ({error}), expected multipart/form-data") from None
    _known("files of the form", [(key, "") for key in files], [FIELD])
    if FIELD in form:
        found = form[FIELD][:SHOWN]
        raise Problem(400, f"{FIELD}: found the text {found!r}, expected a file (curl -F {FIELD}=@photo.jpg)")
    given = _known("form", list(form.items(multi=True)), known)
    if not files:
        raise Problem(400, f"found a form without a file, expected one in the field {FIELD}")
    return [(safe_name(file.filename), file.read()) for file in files.getlist(FIELD)], given


def _read_body(request: Request, known: Sequence[str], raw: bool) -> tuple[list[tuple[str, bytes]], Given]:
    # not request.form: a body that curl calls a form by default is a picture all the same
    data, kind = request.get_data(cache=False), request.mimetype
    if kind == "application/json" or kind.endswith("+json") or data.lstrip()[:1] == b"{":
        return _read_json(data, known)
    if kind == "application/x-www-form-urlencoded" and data.startswith(f"{FIELD}=".encode()):
        raise Problem(400, f"found a form without files, expected one with (curl -F {FIELD}=@photo.jpg)")
    if not raw:
        raise Problem(415, f"found a body of {kind or 'no type'}, expected multipart/form-data or application/json")
    return [(FIELD, data)], []


def _read_json(data: bytes, known: Sequence[str]) -> tuple[list[tuple[str, bytes]], Given]:
    wanted = f'expected JSON {{"{FIELD}": "... in base64"}}'
    try:
        members = json.loads(data, object_pairs_hook=tuple)  # pairs, so that what is there twice shows
    except (ValueError, RecursionError):
        raise Problem(400, f"the body: found {data[:SHOWN]!r}, {wanted}") from None
    if not isinstance(members, tuple) or FIELD not in dict(members):
        raise Problem(400, f"the body: found no {FIELD}, {wanted}")
    texts = [value for key, value in members if key == FIELD]
    if len(texts) > 1:
        raise Problem(400, f"{FIELD}: found it {len(texts)} times, expected it once; several are a list")
    texts = texts[0] if isinstance(texts[0], list) else texts
    given = _known("JSON", [(key, value) for key, value in members if key != FIELD], known)
    return [(FIELD, _from_base64(text)) for text in texts], [(key, _text_of(key, value)) for key, value in given]


def _from_base64(text: object) -> bytes:
    if not isinstance(text, str):
        raise Problem(400, f"{FIELD}: found {json.dumps(text)[:SHOWN]}, expected text, a picture in base64")
    plain = "".join(DATA_URL.sub("", text, count=1).split()).translate(URL_SAFE)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, f"{FIELD}: found {text[:SHOWN]!r}, expected a picture in base64") from None


def _text_of(key: str, value: object) -> str:
    """An option of a JSON body as it would stand in a query."""
    if type(value) is not JSON_TYPES[key]:
        raise Problem(400, f"{key}: found {json.dumps(value)[:SHOWN]}, expected {IN_WORDS[JSON_TYPES[key]]}")
    return value if isinstance(value, str) else json.dumps(value)


def _known(place: str, given: list[tuple], known: Sequence[str]) -> list[tuple]:
    """The same. Raises Problem for a name that is not known."""
    for key, _ in given:
        if key not in known:  # a part of a form may have no name
            raise Problem(400, f"{place}: found {str(key)[:SHOWN]!r}, expected no other than {', '.join(known)}")
    return given


def _merged(given: Given) -> dict[str, str]:
    options: dict[str, str] = {}
    for key, text in given:
        if options.setdefault(key, text) != text:
            found = f"{options[key][:SHOWN]!r} and {text[:SHOWN]!r}"
            raise Problem(400, f"{key}: found {found}, expected one value")
    return options
