"""Protocol buffers written by hand, so that tests make models without the packages that usually write them."""

from __future__ import annotations


def field(number: int, content: int | bytes) -> bytes:
    """A field: a varint, or bytes with their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as the 64 bits of their two's complement."""
    number &= 2**64 - 1
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])
