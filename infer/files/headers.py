"""A picture's type and size from the bytes of its file, before anything decodes them, and whether its end is there."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Collection
from pathlib import Path

from . import rare_headers
from .kinds import COMMON, NAMES, decodes, kind_of, names_of

KINDS = names_of(COMMON)
SCAN_LIMIT = 500  # a progressive JPEG has about 10 scans; thousands of empty ones decode for minutes
SCAN_PIXELS = 5_000_000_000  # scans times pixels, for the same reason: 100 megapixels in 490 scans took 7 s
CHUNK_LIMIT = 200_000

# in entropy-coded data 0xFF is followed by 0x00 (stuffing), 0xD0-0xD7 (restart) or 0xFF (fill); anything else ends it
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-15 without DHT, JPG, DAC


class UnknownKind(ValueError):
    """What was given is in none of the known formats."""


def checked_size(path: str | Path, data: bytes, kinds: Collection[str] = tuple(NAMES)) -> tuple[int, int]:
    """(width, height) from the file's own header, once its type is known and its end is there.

    path: what errors call the file; kinds: those that are taken. Raises UnknownKind for another format, ValueError for
    an empty, cut or damaged file and for a JPEG whose many scans would decode for minutes.
    """
    if not data:
        raise ValueError(f"{path}: found an empty file, expected a picture")
    kind = kind_of(data)
    if kind is None or kind not in kinds:
        raise UnknownKind(f"{path}: found {_foreign(data, kind)}, expected {names_of(kinds)}")
    if not decodes(kind):
        raise UnknownKind(f"{path}: found a {NAMES[kind]} picture, expected one that this OpenCV was built for")
    try:
        return _READERS[kind](data)
    except (struct.error, IndexError):
        raise ValueError(f"{path}: found a truncated picture (its header is cut), expected a whole one") from None
    except ValueError as error:
        raise ValueError(f"{path}: found {error}, expected a whole picture") from None


def _foreign(data: bytes, kind: str | None) -> str:
    if kind:
        return f"a {NAMES[kind]} picture"
    if data[4:8] == b"ftyp":
        return f"a {data[8:12].decode('ascii', 'replace').strip()} file (HEIF or video)"
    return "no picture that it knows"


# One reader per format: (width, height), or ValueError with what was found, or IndexError / struct.error when cut.


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walks the segments to the end marker; embedded thumbnails lie inside segments and are stepped over."""
    size, scans, at = None, 0, 2
    while True:
        at = _next_marker(data, at)
        marker = data[at + 1]
        if marker == 0xD9:
            break
        at += 2
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue  # these stand alone
        (length,) = struct.unpack_from(">H", data, at)
        if marker in _FRAMES and size is None:
            size = struct.unpack_from(">HH", data, at + 3)[::-1]
        at += length
        if marker == 0xDA:
            scans += 1
            if scans > SCAN_LIMIT:
                raise ValueError(f"a JPEG of more than {SCAN_LIMIT} scans")
    if size is None or not scans:
        raise ValueError("a JPEG without a picture")
    if scans * size[0] * size[1] > SCAN_PIXELS:
        raise ValueError(f"a JPEG of {size[0]} x {size[1]} pixels in {scans} scans")
    return size


def jpeg_orientation(data: bytes) -> int:
    """What EXIF says of how a JPEG is to be turned, 1 to 8; 1 (not at all) where it says nothing."""
    at = 2
    try:
        while data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
            (length,) = struct.unpack_from(">H", data, at + 2)
            if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
                return _exif_orientation(data[at + 10 : at + 2 + length])
            at += 2 + length
    except (struct.error, IndexError):
        pass
    return 1


def _exif_orientation(tiff: bytes) -> int:
    order = "<" if tiff[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", tiff, entry)[0] == 0x112:
            (value,) = struct.unpack_from(order + "H", tiff, entry + 8)
            return value if 1 <= value <= 8 else 1
    return 1


def _next_marker(data: bytes, at: int) -> int:
    match = _MARKER.search(data, at)
    if match is None:
        raise ValueError("a truncated JPEG (no end marker)")
    return match.start()


def _png_size(data: bytes) -> tuple[int, int]:
    """Walks the chunks to IEND with their checksums: libpng would print its own words about a wrong one."""
    size, at = None, 8
    for _ in range(CHUNK_LIMIT):
        if at + 12 > len(data):
            raise ValueError("a truncated PNG (no IEND chunk)")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a truncated PNG (no IEND chunk)")
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ValueError(f"a damaged PNG (checksum of its {kind.decode('ascii', 'replace')} chunk)")
        if kind == b"IHDR" and size is not None:
            raise ValueError("a PNG with two headers")
        if kind == b"IHDR":
            size = struct.unpack_from(">II", data, at + 8)
        if kind == b"IEND":
            break
        at = end
    if size is None:
        raise ValueError("a PNG without a header")
    return size


def _bmp_size(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _webp_size(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise ValueError("a truncated WebP")
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("a WebP without a picture")


def _tiff_size(data: bytes) -> tuple[int, int]:
    """Width and height of the first directory (tags 256, 257), classic TIFF and BigTIFF, either byte order.

    Of a tag that is there twice libtiff takes the first; 8 bytes are no value in a classic TIFF, but its place.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    at, step = at + (8 if big else 2), 20 if big else 12
    size = {}
    for entry in range(at, at + min(count, 1000) * step, step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257) and tag not in size:
            form = {1: "B", 3: "H", 4: "I", 16: "Q" if big else None}.get(kind)
            if form is None:
                raise ValueError(f"a TIFF whose size is of type {kind}")
            (size[tag],) = struct.unpack_from(order + form, data, entry + (12 if big else 8))
    if len(size) < 2:
        raise ValueError("a TIFF without a size")
    return size[256], size[257]


def _gif_size(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", data, 6)


_READERS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    ".jpg": _jpeg_size,
    ".png": _png_size,
    ".bmp": _bmp_size,
    ".webp": _webp_size,
    ".tif": _tiff_size,
    ".gif": _gif_size,
    ".avif": rare_headers.avif_size,
    ".jp2": rare_headers.jp2_size,
    ".ppm": rare_headers.netpbm_size,
    ".hdr": rare_headers.radiance_size,
    ".ras": rare_headers.sun_size,
}
