"""Pictures from files, with every guard in one place: a bad file is a one-line error, never a crash or half a picture.

OpenCV decodes, but it returns a whole array for a JPEG cut in the middle, and lets a small PNG cost gigabytes. So the
type, the size and the end of a file are read from its bytes first.
"""

from __future__ import annotations

import glob
import os
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
KINDS = "JPEG, PNG, BMP, WebP, TIFF or GIF"
PIXEL_LIMIT = 100_000_000
BYTE_LIMIT = 1 << 30
SCAN_LIMIT = 500  # a progressive JPEG has about 10 scans; thousands of empty ones decode for minutes
SCAN_PIXELS = 5_000_000_000  # scans times pixels, for the same reason: 100 megapixels in 490 scans took 7 s
CHUNK_LIMIT = 200_000

# in entropy-coded data 0xFF is followed by 0x00 (stuffing), 0xD0-0xD7 (restart) or 0xFF (fill); anything else ends it
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-15 without DHT, JPG, DAC


class UnknownKind(ValueError):
    """What was given is in none of the known formats."""


class TooLarge(ValueError):
    """A picture of more pixels than the limit."""


def read_picture(path: str | Path, upright: bool = True, limit: int = PIXEL_LIMIT) -> np.ndarray:
    """The picture of a file, uint8 [height, width, 3], BGR; 16-bit and grey ones converted, alpha dropped.

    upright: turned as its EXIF orientation says; False leaves the stored pixels alone (annotated sets). limit: pixels.
    Raises FileNotFoundError for a missing file; ValueError for whatever else cannot be read whole: a folder, no
    permission, an empty file, another format, more pixels than the limit (found before decoding), truncated, damaged.
    """
    path = Path(path)
    return decode_picture(_read_bytes(path), path, upright, limit)


def decode_picture(data: bytes, name: str | Path, upright: bool = True, limit: int = PIXEL_LIMIT) -> np.ndarray:
    """The picture of a file's bytes, as `read_picture`; `name` is what errors call it. Raises ValueError as that:
    UnknownKind for another format, TooLarge for more pixels than the limit."""
    width, height = _checked_size(name, data)
    if width < 1 or height < 1:
        raise ValueError(f"{name}: found {width}x{height} pixels, expected at least 1x1")
    if width * height > limit:
        raise TooLarge(f"{name}: found {width}x{height} pixels, expected at most {limit / 1e6:g} megapixels")
    image = _decode(data, upright)
    if image is None:
        raise ValueError(f"{name}: found a damaged picture, expected one that decodes")
    return image


def as_bgr(image: np.ndarray) -> np.ndarray:
    """The same picture as uint8 [height, width, 3], BGR; a BGR uint8 picture is returned as it is.

    Takes uint8 or uint16 (scaled by 255 / 65535) arrays [height, width] or [height, width, C], C = 1 grey, 3 BGR or
    4 BGRA (alpha dropped). Raises ValueError for anything else.
    """
    wanted = "expected a uint8 or uint16 array [height, width] or [height, width, 1, 3 or 4]"
    if not isinstance(image, np.ndarray):
        raise ValueError(f"picture: found {type(image).__name__}, {wanted}")
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"picture: found {image.dtype} {list(image.shape)}, {wanted}")
    if image.ndim not in (2, 3) or image.size == 0 or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ValueError(f"picture: found {image.dtype} {list(image.shape)}, {wanted}")
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(image if image.shape[2] == 3 else image[:, :, :3])


def list_pictures(
    paths: Iterable[str | Path], recursive: bool = False, suffixes: Sequence[str] = SUFFIXES
) -> list[tuple[Path, str]]:
    """The pictures that files, folders and glob patterns stand for: (path, name) in the order given, each file once.

    A folder (with all in it if `recursive`) and a pattern give their files of a known suffix, sorted; a file given by
    name is taken whatever its suffix, and a missing path is kept, for `read_picture` to name. The name is relative to
    the folder, or the bare file name; where two files would share one, it is the path as found. Names use forward
    slashes.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for given in paths:
        for path, name in _expand(Path(given), recursive, suffixes):
            found.setdefault(path.resolve(), (path, name))
    times = Counter(name for _, name in found.values())
    return [(path, name if times[name] == 1 else path.as_posix()) for path, name in found.values()]


def _expand(given: Path, recursive: bool, suffixes: Sequence[str]) -> list[tuple[Path, str]]:
    if given.is_dir():
        inside = sorted(_walk(given) if recursive else given.iterdir())
        return [(path, path.relative_to(given).as_posix()) for path in inside if _is_one(path, suffixes)]
    if given.exists() or not glob.has_magic(str(given)):
        return [(given, given.name)]
    matches = sorted(Path(match) for match in glob.glob(str(given), recursive=True))
    pictures = [(path, path.name) for path in matches if _is_one(path, suffixes)]
    return pictures or [(given, given.name)]


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, but none of a hidden one; links to folders are not followed, for they may go round."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in files)


def _is_one(path: Path, suffixes: Sequence[str]) -> bool:
    return path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError(f"{path}: found a folder, expected a picture")
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file, expected a picture")
    if not path.is_file():
        raise ValueError(f"{path}: found a device or pipe, expected a picture")
    try:
        if path.stat().st_size > BYTE_LIMIT:
            raise ValueError(f"{path}: found {path.stat().st_size} bytes, expected at most {BYTE_LIMIT}")
        return path.read_bytes()
    except PermissionError:
        raise ValueError(f"{path}: found no permission to read it, expected a readable picture") from None
    except OSError as error:
        raise ValueError(f"{path}: found that it cannot be read ({error.strerror}), expected a picture") from None


def _checked_size(path: str | Path, data: bytes) -> tuple[int, int]:
    """(width, height) from the file's own header, once its type is known and its end is there."""
    if not data:
        raise ValueError(f"{path}: found an empty file, expected a picture")
    reader = next((reader for start, reader in _READERS.items() if data.startswith(start)), None)
    if reader is None:
        raise UnknownKind(f"{path}: found {_foreign(data)}, expected {KINDS}")
    try:
        return reader(data)
    except (struct.error, IndexError):
        raise ValueError(f"{path}: found a truncated picture (its header is cut), expected a whole one") from None
    except ValueError as error:
        raise ValueError(f"{path}: found {error}, expected a whole picture") from None


def _foreign(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return f"a {data[8:12].decode('ascii', 'replace').strip()} file (HEIF, AVIF or video)"
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
    if data[8:12] != b"WEBP":
        raise ValueError("a RIFF file that is no WebP")
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


_READERS = {
    b"\xff\xd8\xff": _jpeg_size,
    b"\x89PNG\r\n\x1a\n": _png_size,
    b"BM": _bmp_size,
    b"RIFF": _webp_size,
    b"II*\0": _tiff_size,
    b"MM\0*": _tiff_size,
    b"II+\0": _tiff_size,
    b"MM\0+": _tiff_size,
    b"GIF87a": _gif_size,
    b"GIF89a": _gif_size,
}


def _decode(data: bytes, upright: bool) -> np.ndarray | None:
    # from memory: OpenCV's own file reading fails on non-ASCII paths of some systems
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    with quiet():
        try:
            return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error:
            return None


@contextmanager
def quiet():
    """Within it OpenCV logs nothing: what went wrong is said once, in our own words."""
    logging = getattr(cv2.utils, "logging", None)
    # one that is silent already is left alone, so that threads overlapping here never leave it silent for good
    if logging is None or logging.getLogLevel() == logging.LOG_LEVEL_SILENT:
        yield
        return
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
