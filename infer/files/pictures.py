"""Pictures from files, with every guard in one place: a bad file is a one-line error, never a crash or half a picture.

OpenCV decodes, but it returns a whole array for a JPEG cut in the middle, and lets a small PNG cost gigabytes. So the
type, the size and the end of a file are read from its bytes first, by `headers.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from .atomic import write_atomically
from .headers import checked_size
from .kinds import NAMES, kind_of
from .rare_headers import avif_turn

WRITABLE = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
PIXEL_LIMIT = 100_000_000
BYTE_LIMIT = 1 << 30


class TooLarge(ValueError):
    """A picture of more pixels than the limit."""


def read_picture(path: str | Path, upright: bool = True, limit: int = PIXEL_LIMIT) -> np.ndarray:
    """The picture of a file, uint8 [height, width, 3], BGR; 16-bit and grey ones converted, alpha dropped.

    upright: turned as its EXIF orientation says; False leaves the stored pixels alone (annotated sets). limit: pixels.
    Raises FileNotFoundError for a missing file; ValueError for whatever else cannot be read whole: a folder, no
    permission, an empty file, another format, more pixels than the limit (found before decoding), truncated, damaged.
    """
    path = Path(path)
    return decode_picture(read_bytes(path), path, upright, limit)


def decode_picture(
    data: bytes,
    name: str | Path,
    upright: bool = True,
    limit: int = PIXEL_LIMIT,
    kinds: Collection[str] = tuple(NAMES),
) -> np.ndarray:
    """The picture of a file's bytes, as `read_picture`; `name` is what errors call it, kinds: those that are taken.
    Raises ValueError as that: UnknownKind for another format, TooLarge for more pixels than the limit."""
    width, height = checked_size(name, data, kinds)
    if width < 1 or height < 1:
        raise ValueError(f"{name}: found {width}x{height} pixels, expected at least 1x1")
    if width * height > limit:
        raise TooLarge(f"{name}: found {width}x{height} pixels, expected at most {limit / 1e6:g} megapixels")
    image = decoded(data, upright)
    if image is None:
        raise ValueError(f"{name}: found a damaged picture, expected one that decodes")
    return image


def write_picture(path: str | Path, image: np.ndarray, quality: int = 92) -> None:
    """Writes a picture uint8 [height, width, 3] BGR in the format of the path's suffix, atomically.

    Raises ValueError for a suffix that is none of `WRITABLE`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise ValueError(f"{path}: found suffix {suffix!r}, expected one of {', '.join(WRITABLE)}")
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix in (".jpg", ".jpeg") else []
    write_atomically(path, cv2.imencode(suffix, image, settings)[1].tobytes())


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


def read_bytes(path: Path) -> bytes:
    """What a picture's file holds. Raises as `read_picture` does."""
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


def decoded(data: bytes, upright: bool = True, flags: int = cv2.IMREAD_COLOR) -> np.ndarray | None:
    """The picture of bytes that have been looked at, uint8 [height, width, 3] BGR; None where OpenCV cannot.

    flags: how much of it, IMREAD_COLOR or one of IMREAD_REDUCED_COLOR_2, _4, _8.
    """
    turns, axis = avif_turn(data) if kind_of(data) == ".avif" else (0, None)
    turned_here = bool(turns) or axis is not None  # these come before what EXIF says, ISO/IEC 23008-12, 6.5.10
    if not upright or turned_here:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    with quiet():
        try:
            # from memory: OpenCV's own file reading fails on non-ASCII paths of some systems
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error:
            return None
    if image is None or not upright or not turned_here:
        return image
    image = np.rot90(image, turns)
    return np.ascontiguousarray(image if axis is None else np.flip(image, axis))


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
