"""Protocol buffers as far as it takes to look at a network's file: the fields of a message, and texts.

The wire format is that of the Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
EMPTY = memoryview(b"")


def fields_of(data: memoryview | int) -> Iterator[tuple[int, memoryview | int]]:
    """(field number, content) of a message: bytes, or a number. Raises ValueError where it is cut or malformed."""
    if isinstance(data, int):
        raise ValueError("a number in place of a message")
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError("no protocol buffer")
        if at + size > len(data):
            raise ValueError("a message that is cut")
        yield tag >> 3, data[at : at + size]
        at += size


def numbers_of(value: memoryview | int) -> list[int]:
    """Whole numbers of a repeated field: one, or several packed. Raises ValueError where they are cut."""
    numbers, at = [value] if isinstance(value, int) else [], 0
    while not isinstance(value, int) and at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """(value, place behind it) of the number that begins there."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("a message that is cut")
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
    raise ValueError("no protocol buffer")


def text_of(value: memoryview | int) -> str:
    """Bytes as text, "" for a number. Raises ValueError where they are none."""
    try:
        return "" if isinstance(value, int) else bytes(value).decode()
    except UnicodeDecodeError:
        raise ValueError("a name that is no text") from None
