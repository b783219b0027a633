"""What a request holds: pictures as bytes, boxes, options. Nothing of it touches a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from flask import Request

from ..geometry.boxes import FARTHEST
from .limits import NAME_LENGTH, PASSES, Limits
from .problems import Problem

FIELD = "image"
FORMATS = ("json", "csv", "pts", "png")
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class MemoryRequest(Request):
    """A request whose uploads stay in memory, where werkzeug would write larger ones to a temporary file."""

    def _get_file_stream(self, *args, **kwargs) -> BytesIO:
        return BytesIO()


@dataclass(frozen=True)
class Upload:
    """A picture as it came: its name (for answers only), its file's bytes, and landmark boxes float64 [N, 4], pixels,
    or None for detection."""

    name: str
    data: bytes
    boxes: np.ndarray | None = None


@dataclass(frozen=True)
class AnswerOptions:
    """What is wanted of a picture: one of FORMATS; passes of the network; of a drawn picture the point groups that
    show (None: all) and the points' numbers; of a `.pts` which face, from 0."""

    format: str = "json"
    passes: int = 2
    groups: tuple[str, ...] | None = None
    numbers: bool = False
    face: int = 0


def read_upload(request: Request, limits: Limits) -> Upload:
    """The one picture of a request: the multipart field `image`, or the raw body. Raises Problem."""
    _check_coding(request)
    if not is_multipart(request):
        # not request.form: a body that curl calls a form by default is a picture all the same
        data = request.get_data(cache=False)
        return Upload(FIELD, _filled(data, "the body"), parse_boxes(request.args.get("boxes"), limits))
    (file,) = _files(request, 1)
    boxes = request.form.get("boxes", request.args.get("boxes"))
    return Upload(safe_name(file.filename), _filled(file.read(), f"the field {FIELD}"), parse_boxes(boxes, limits))


def read_uploads(request: Request, limits: Limits) -> list[Upload]:
    """The pictures of a batch, in order: all multipart fields `image`. Raises Problem."""
    _check_coding(request)
    if not is_multipart(request):
        raise Problem(415, f"found a body of {request.mimetype or 'no type'}, expected multipart/form-data")
    files = _files(request, limits.pictures)
    boxes = parse_box_lists(request.form.get("boxes"), len(files), limits)
    # an empty one is an error of that picture alone
    return [Upload(safe_name(file.filename), file.read(), own) for file, own in zip(files, boxes, strict=True)]


def read_options(request: Request, groups: dict[str, list[int]]) -> AnswerOptions:
    """The options of a request's query; groups: of the model's points. Raises Problem."""
    given = request.args
    chosen = given.get("groups")
    return AnswerOptions(
        _choice("format", given.get("format", "json"), FORMATS),
        read_passes(request),
        None if chosen is None else tuple(_choice("groups", name, groups) for name in chosen.split(",") if name),
        TRUTHS[_choice("numbers", given.get("numbers", "false"), TRUTHS)],
        _whole("face", given.get("face", "0"), 0, 10_000),
    )


def read_passes(request: Request) -> int:
    """How many passes of the network a request's query asks for. Raises Problem."""
    return _whole("passes", request.args.get("passes", "2"), *PASSES)


def parse_boxes(text: str | None, limits: Limits) -> np.ndarray | None:
    """Landmark boxes, float64 [N, 4], from JSON [[x0, y0, x1, y1], ...]; None for None. Raises Problem."""
    return None if text is None else _boxes(_json(text), limits)


def parse_box_lists(text: str | None, count: int, limits: Limits) -> list[np.ndarray | None]:
    """As many lists of boxes as there are pictures, from JSON; null, or no text: none for that one. Raises Problem."""
    if text is None:
        return [None] * count
    lists = _json(text)
    if not isinstance(lists, list) or len(lists) != count:
        found = f"{len(lists)} lists" if isinstance(lists, list) else type(lists).__name__
        raise Problem(422, f"boxes: found {found}, expected a list or null for each of {count} pictures")
    return [None if boxes is None else _boxes(boxes, limits) for boxes in lists]


def safe_name(name: str | None) -> str:
    """A client's file name as answers repeat it: no folders, nothing that cannot be shown, not long, not empty."""
    plain = PurePosixPath((name or "").replace("\\", "/")).name
    plain = "".join(letter for letter in plain if letter.isprintable())
    return plain[-NAME_LENGTH:] or FIELD


def is_multipart(request: Request) -> bool:
    """Whether the body is a form with files."""
    return request.mimetype == "multipart/form-data"


def _files(request: Request, most: int) -> list:
    files = request.files.getlist(FIELD)
    if not files:
        found = ", ".join(map(str, [*request.files, *request.form][:5])) or "nothing"  # a part may have no name
        raise Problem(400, f"found the fields {found[:200]}, expected a file in the field {FIELD}")
    if len(files) > most:
        raise Problem(413, f"found {len(files)} pictures, expected at most {most}")
    return files


def _filled(data: bytes, where: str) -> bytes:
    if not data:
        raise Problem(400, f"found nothing in {where}, expected a picture")
    return data


def _check_coding(request: Request) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise Problem(415, f"found a body coded as {coding[:40]}, expected a plain one")


def _json(text: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Problem(400, f"boxes: found {text[:40]!r}, expected JSON [[x0, y0, x1, y1], ...]") from None


def _boxes(value, limits: Limits) -> np.ndarray:
    if not isinstance(value, list) or not all(_is_box(box) for box in value):
        raise Problem(422, "boxes: found something else, expected [[x0, y0, x1, y1], ...] with x0 < x1 and y0 < y1")
    if len(value) > limits.boxes:
        raise Problem(413, f"boxes: found {len(value)}, expected at most {limits.boxes}")
    return np.array(value, np.float64).reshape(-1, 4)


def _is_box(box) -> bool:
    if not isinstance(box, list) or len(box) != 4:
        return False
    if not all(type(number) in (int, float) and abs(number) <= FARTHEST for number in box):
        return False  # NaN is no number that is small enough, and true is none at all
    x0, y0, x1, y1 = box
    return x1 - x0 >= 1 and y1 - y0 >= 1


def _choice(key: str, value: str, choices) -> str:
    if value not in choices:
        raise Problem(400, f"{key}: found {value[:40]!r}, expected one of {', '.join(choices)}")
    return value


def _whole(key: str, text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1
    if not least <= number <= most:
        raise Problem(400, f"{key}: found {text[:40]!r}, expected a whole number from {least} to {most}")
    return number
