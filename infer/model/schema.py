"""The form of a contract: its keys, their types and sizes. What they mean together, `contract.py` checks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

SHOWN = 40  # characters of a wrong value that an error shows
LARGEST = 2048  # pixels along an edge of the network's input
NCHW, NHWC = "NCHW", "NHWC"  # layouts of an input
MOST = 10_000  # points; entries of a list


@dataclass(frozen=True)
class Value:
    """A value of a type. fits: whether it is one; wanted: what an error says is expected."""

    fits: Callable[[object], bool]
    wanted: str


@dataclass(frozen=True)
class Each:
    """An object with any keys, whose values have one form."""

    form: Form


Form: TypeAlias = "Value | Each | dict[str, Form]"  # of a dict, each key's


def _is_whole(value: object, most: int = 1 << 53) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -most <= value <= most


def _is_number(value: object) -> bool:
    return (isinstance(value, float) and abs(value) < 1e15) or _is_whole(value)  # nan is not less


def _is_fraction(value: object) -> bool:
    return isinstance(value, float | int) and 0 <= value < 1


def _is_list(value: object, of: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and len(value) <= MOST and all(map(of, value))


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) < 200 and value.isprintable() and value == Path(value).name


TEXT = Value(lambda value: isinstance(value, str), "text")
FILE = Value(_is_file_name, "a file's name without folder")
DIGEST = Value(lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value)), "64 hex digits")
WHOLE = Value(_is_whole, "a whole number")
COUNT = Value(lambda value: _is_whole(value, MOST), f"a whole number up to {MOST}")
EDGE = Value(lambda value: _is_whole(value, LARGEST), f"a whole number up to {LARGEST}")
NUMBER = Value(_is_number, "a number")
FRACTION = Value(_is_fraction, "a number from 0 to under 1")
NUMBERS = Value(lambda value: _is_number(value) or _is_list(value, _is_number), "a number or a list of numbers")
NUMBER_LIST = Value(lambda value: _is_list(value, _is_number), "a list of numbers")
INDICES = Value(lambda value: _is_list(value, _is_whole), "a list of whole numbers")
NAMES = Value(lambda value: _is_list(value, lambda name: isinstance(name, str)), "a list of texts")
CHAINS = Value(lambda value: _is_list(value, INDICES.fits), "a list of lists of whole numbers")
BATCH = Value(lambda value: value is None or _is_whole(value), "a whole number or null")
OBJECT = Value(lambda value: isinstance(value, dict), "an object")

TRAINED_ON: dict[str, Form] = {
    "points?": TEXT,
    "faces?": Each(Each(WHOLE)),
    "step?": WHOLE,
    "split?": {"test_fraction": FRACTION, "rule": WHOLE},
    "fold?": TEXT,
}
FORMATS = Each({"file": FILE, "sha256": DIGEST, "bytes?": WHOLE, "layout?": TEXT, "tolerance?": OBJECT})

CONTRACT: dict[str, Form] = {  # a key that ends with ? may be left out
    "file": FILE,
    "sha256": DIGEST,
    "format?": TEXT,
    "input": {
        "name": TEXT,
        "size": EDGE,
        "channels": COUNT,
        "order": TEXT,
        "layout?": TEXT,
        "range?": NUMBERS,
        "mean?": NUMBERS,
        "std?": NUMBERS,
        "batch?": BATCH,
    },
    "crop": {"margin": NUMBER, "shift?": NUMBERS, "points?": {"margin": NUMBER, "shift": NUMBERS}},
    "output": {"name": TEXT, "layout?": TEXT, "unit?": TEXT, "offset?": NUMBER},
    "points": {
        "scheme": TEXT,
        "count": COUNT,
        "groups": Each(INDICES),
        "lines": Each(CHAINS),
        "left_eye": INDICES,
        "right_eye": INDICES,
        "flip": INDICES,
        "corners?": INDICES,
        "made_of?": Each(CHAINS),
        "makes?": Each(CHAINS),
        "names?": NAMES,
    },
    "spread?": {
        "name": TEXT,
        "unit": TEXT,
        "curve?": {"spread": NUMBER_LIST, "error": NUMBER_LIST},
        "points?": NUMBER_LIST,
    },
    "trained_on?": TRAINED_ON,
    "tolerance?": OBJECT,
    "formats?": FORMATS,
    "parameters?": WHOLE,
    "multiply_adds?": WHOLE,
    "network?": OBJECT,
    "terms?": TEXT,
}


def check(value: object, form: Form = CONTRACT, where: str = "contract") -> None:
    """Raises ValueError for the first value that has not the form: where it is, what was found, what is expected.

    form: a Value, an Each, or a dict of key -> form; where: the value's place, keys joined by dots.
    """
    if isinstance(form, Value):
        if not form.fits(value):
            raise ValueError(f"{where} is {_shown(value)}, expected {form.wanted}")
        return
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {_shown(value)}, expected {OBJECT.wanted}")
    entries: dict[str, Form] = dict.fromkeys(value, form.form) if isinstance(form, Each) else form
    for key, inner in entries.items():
        name = key.removesuffix("?") if isinstance(form, dict) else key
        if name in value:
            check(value[name], inner, name if where == "contract" else f"{where}.{name}")
        elif name == key:
            raise ValueError(f"{where} lacks or misspells {name!r}, expected the keys of a version 1 contract")


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
