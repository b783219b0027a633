"""Pictures from files, with every guard in one place: a bad file is a one-line error, never a crash or half a picture.

OpenCV decodes, but it returns a whole array for a JPEG cut in the middle, and lets a small PNG cost gigabytes. So the
type, the size and the end of a file are read from its bytes first, by `headers.py`.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from .atomic import write_atomically
from .headers import checked_size

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")
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
    return decode_picture(_read_bytes(path), path, upright, limit)


def decode_picture(data: bytes, name: str | Path, upright: bool = True, limit: int = PIXEL_LIMIT) -> np.ndarray:
    """The picture of a file's bytes, as `read_picture`; `name` is what errors call it. Raises ValueError as that:
    UnknownKind for another format, TooLarge for more pixels than the limit."""
    width, height = checked_size(name, data)
    if width < 1 or height < 1:
        raise ValueError(f"{name}: found {width}x{height} pixels, expected at least 1x1")
    if width * height > limit:
        raise TooLarge(f"{name}: found {width}x{height} pixels, expected at most {limit / 1e6:g} megapixels")
    image = _decode(data, upright)
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
