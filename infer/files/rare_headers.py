"""Size from the header of the rarer kinds of pictures. That their end is there OpenCV checks by itself, unlike JPEG's.

A reader takes the file's bytes and gives (width, height); it raises ValueError with what was found, or IndexError or
struct.error where the header is cut.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

CHANNELS = 4  # of a JPEG 2000: it may say 16,384, each of which would be decoded

_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_NETPBM = re.compile(rb"P[1-6]" + _SPACE + rb"(\d{1,9})" + _SPACE + rb"(\d{1,9})\s")
_PAM = re.compile(rb"^(WIDTH|HEIGHT)\s+(\d{1,9})\s*$", re.MULTILINE)
_RADIANCE = re.compile(rb"^-Y (\d{1,9}) \+X (\d{1,9})$", re.MULTILINE)
_TEXT = 1 << 16  # bytes in which headers made of text end


def avif_size(data: bytes) -> tuple[int, int]:
    """The largest of the sizes that the file's items have: of the picture, its parts and thumbnails.

    ISO/IEC 23008-12, 6.5.3. What the AV1 data itself holds may be larger; libavif takes no more than 16384x16384.
    """
    sizes = [struct.unpack_from(">II", body, 4) for kind, body in _item_properties(data) if kind == b"ispe"]
    if not sizes:
        raise ValueError("an AVIF without a size")
    return max(sizes, key=lambda size: size[0] * size[1])


def avif_turn(data: bytes) -> tuple[int, int | None]:
    """How an AVIF is to be turned before it is looked at, which OpenCV leaves alone: quarter turns against the clock,
    and then the axis of a mirror, 0 top for bottom, 1 left for right, or None (ISO/IEC 23008-12, 6.5.10 and 6.5.12)."""
    turns, axis = 0, None
    for kind, body in _item_properties(data):
        if kind == b"irot" and body:
            turns = body[0] & 3
        if kind == b"imir" and body:
            axis = body[0] & 1
    return turns, axis


def jp2_size(data: bytes) -> tuple[int, int]:
    """Of the code stream, which is what is decoded (ISO/IEC 15444-1, A.5.1)."""
    if data[:4] == b"\xff\x4f\xff\x51":
        stream = memoryview(data)
    else:
        stream = next((body for kind, body in _boxes(memoryview(data)) if kind == b"jp2c"), memoryview(b""))
    if bytes(stream[:4]) != b"\xff\x4f\xff\x51":
        raise ValueError("a JPEG 2000 without a picture")
    right, bottom, left, top = struct.unpack_from(">IIII", stream, 8)
    (channels,) = struct.unpack_from(">H", stream, 40)
    if channels > CHANNELS:
        raise ValueError(f"a JPEG 2000 of {channels} channels")
    return max(0, right - left), max(0, bottom - top)


def netpbm_size(data: bytes) -> tuple[int, int]:
    """PBM, PGM, PPM, and PAM, whose lines have names. (Of PFM nobody says which value is white.)"""
    head = data[:_TEXT]
    if head.startswith(b"P7"):
        named = dict(_PAM.findall(head.partition(b"ENDHDR")[0]))
        found = [named[name] for name in (b"WIDTH", b"HEIGHT") if name in named]
    else:
        match = _NETPBM.match(head)
        found = list(match.groups()) if match else []
    if len(found) < 2:
        raise ValueError("a Netpbm file without a size")
    return int(found[0]), int(found[1])


def radiance_size(data: bytes) -> tuple[int, int]:
    match = _RADIANCE.search(data[:_TEXT])
    if match is None:
        raise ValueError("a Radiance file without a size that OpenCV reads")
    return int(match[2]), int(match[1])


def sun_size(data: bytes) -> tuple[int, int]:
    return struct.unpack_from(">II", data, 4)


def _item_properties(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The properties in meta/iprp/ipco of a HEIF file: their kinds and bodies."""
    inside = memoryview(data)
    for name, skipped in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0)):  # a meta box begins with its version
        inside = next((body[skipped:] for kind, body in _boxes(inside) if kind == name), memoryview(b""))
    yield from _boxes(inside)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes one after the other: their kinds and bodies (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = len(data) if size == 0 else at + size
        if end < start:
            raise ValueError("a box of less than nothing")
        yield kind, data[start:end]
        at = end
