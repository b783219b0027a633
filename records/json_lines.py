"""On which line of a JSON text an entry stands, for errors that are found once the text is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_ENDS = {"{": "}", "[": "]"}


def line_of(text: str, entry: str) -> int:
    """The line, from 1, of an entry of sound JSON, `groups.eyes` or `flip[3]`; of what holds it where it is missing."""
    places = dict(_entries(text))
    held = [one for one in places if entry == one or entry.startswith((f"{one}.", f"{one}["))]
    return _line(text, places[max(held, key=len)]) if held else 1


def line_of_repeated(text: str) -> int:
    """The line of the first key that comes twice in one object of sound JSON; 1 where none does."""
    seen: set[str] = set()
    for entry, at in _entries(text):
        if entry in seen:
            return _line(text, at)
        seen.add(entry)
    return 1


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _entries(text: str, at: int | None = None, holder: str = "") -> Iterator[tuple[str, int]]:
    """All entries of what begins at an index, and those within them, with the indices of their values, in order."""
    for key, value in _members(text, _after_space(text, 0) if at is None else at):
        entry = f"{holder}[{key}]" if isinstance(key, int) else f"{holder}.{key}".removeprefix(".")
        yield entry, value
        yield from _entries(text, value, entry)


def _members(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """Keys, or places in a list, and the indices where their values begin; none of other values."""
    end, place = _ENDS.get(text[at]), 0
    at = _after_space(text, at + 1)
    while end and text[at] != end:
        key: str | int = place
        if end == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)  # behind the colon
        yield key, at
        _, at = _DECODER.raw_decode(text, at)
        at, place = _after_space(text, at), place + 1
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
