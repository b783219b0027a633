"""What is asked of pictures: boxes and options, from the parts of a request. Nothing of it touches a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..detect.own import FIRST
from ..geometry.boxes import FARTHEST
from .body import FIELD, Parts
from .limits import PASSES, Limits
from .problems import Problem

FORMATS = ("json", "csv", "pts", "png")
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Upload:
    """A picture as it came: its name (for answers only), its file's bytes, and landmark boxes float64 [N, 4], pixels,
    or None for detection."""

    name: str
    data: bytes
    boxes: np.ndarray | None = None


@dataclass(frozen=True)
class AnswerOptions:
    """What is wanted of a picture: one of FORMATS; passes of the network, None for what fits; detect_size: longest side
    of the detector's closest look, None for the service's; of a drawn picture the point groups that
    show (None: all), the points' numbers and circles of their errors; of a `.pts` which face, from 0."""

    format: str = "json"
    passes: int | None = None
    groups: tuple[str, ...] | None = None
    numbers: bool = False
    face: int = 0
    detect_size: int | None = None
    errors: bool = False


def one_upload(parts: Parts, limits: Limits) -> Upload:
    """The one picture of a request. Raises Problem where it is empty, and for boxes that are none."""
    ((name, data),) = parts.pictures
    if not data:
        raise Problem(400, f"found nothing in the body or its field {FIELD}, expected a picture")
    return Upload(name, data, parse_boxes(parts.options.get("boxes"), limits))


def all_uploads(parts: Parts, limits: Limits) -> list[Upload]:
    """The pictures of a batch, in order; an empty one is an error of that picture alone. Raises Problem."""
    boxes = parse_box_lists(parts.options.get("boxes"), len(parts.pictures), limits)
    return [Upload(name, data, own) for (name, data), own in zip(parts.pictures, boxes, strict=True)]


def read_options(given: Mapping[str, str], groups: Mapping[str, list[int]], limits: Limits) -> AnswerOptions:
    """The options by name; groups: of the model's points. Raises Problem."""
    chosen = given.get("groups")
    return AnswerOptions(
        _choice("format", given.get("format", "json"), FORMATS),
        read_passes(given),
        None if chosen is None else tuple(_choice("groups", name, groups) for name in chosen.split(",") if name),
        _truth("numbers", given),
        _whole("face", given.get("face", "0"), 0, 10_000),
        read_detect_size(given, limits),
        _truth("errors", given),
    )


def read_passes(given: Mapping[str, str]) -> int | None:
    """How many passes of the network are asked for, None where it is not said. Raises Problem."""
    return _whole("passes", given["passes"], *PASSES) if "passes" in given else None


def read_detect_size(given: Mapping[str, str], limits: Limits) -> int | None:
    """How closely the detector is asked to look, pixels, None where it is not said. Raises Problem."""
    return _whole("detect_size", given["detect_size"], FIRST, limits.detect_size) if "detect_size" in given else None


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


def _truth(key: str, given: Mapping[str, str]) -> bool:
    return TRUTHS[_choice(key, given.get(key, "false").lower(), TRUTHS)]


def _whole(key: str, text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1
    if not least <= number <= most:
        raise Problem(400, f"{key}: found {text[:40]!r}, expected a whole number from {least} to {most}")
    return number
