"""What leaves the program and the boxes that come in: JSON, pictures, CSV. Files are written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

BOX_COLUMNS = ["file", "x0", "y0", "x1", "y1"]
WRITABLE = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
OWN_NAMES = ("points.json", "contact_sheet.jpg")
DECIMALS = 2  # of a pixel: finer than any model here, and half the file


def write_atomically(path: str | Path, data: bytes) -> None:
    """Writes a file under a temporary name beside its place, then renames it: nobody ever sees half of it."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_picture(path: str | Path, image: np.ndarray, quality: int = 92) -> None:
    """Writes a picture uint8 [height, width, 3] BGR in the format of the path's suffix, atomically.

    Raises ValueError for a suffix that is none of `WRITABLE`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise ValueError(f"{path}: found suffix {suffix!r}, expected one of {', '.join(WRITABLE)}")
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix in (".jpg", ".jpeg") else []
    write_atomically(path, cv2.imencode(suffix, image, settings)[1].tobytes())


def picture_entry(name: str, shape: Sequence[int], faces: Iterable) -> dict:
    """What the JSON says of one picture: file, width, height, and each face's box and points in pixels.

    shape: [height, width, ...] of the picture as it was searched (upright); faces: with `box` [4] and `points` [K, 2].
    """
    return {
        "file": name,
        "width": int(shape[1]),
        "height": int(shape[0]),
        "faces": [{"box": _rounded(face.box), "points": _rounded(face.points)} for face in faces],
    }


def write_json(path: str | Path, entries: Sequence[dict]) -> None:
    """Writes {"images": [entry, ...]}, one picture a line, UTF-8, atomically."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, allow_nan=False) for entry in entries)
    write_atomically(path, f'{{"images": [\n{lines}\n]}}\n'.encode())


def read_boxes(path: str | Path) -> dict[str, np.ndarray]:
    """Landmark boxes from a CSV with the columns file, x0, y0, x1, y1 (pixels, a row per face): name -> float64 [N, 4].

    The first line may be the header. Raises FileNotFoundError or ValueError, which names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected a CSV of boxes")
    boxes: dict[str, list[list[float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            for row in rows:
                if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == BOX_COLUMNS):
                    continue
                boxes.setdefault(row[0].strip(), []).append(_box(row, f"{path} line {rows.line_num}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: found no CSV text ({error}), expected columns {','.join(BOX_COLUMNS)}") from None
    return {name: np.array(rows) for name, rows in boxes.items()}


def drawn_names(names: Sequence[str]) -> list[str]:
    """File names for the drawn pictures of inputs with those names: in the same order, no two alike, no folder in them.

    The name itself where it can be written, `.png` added where it cannot; `-2`, `-3` ... before the suffix where it is
    taken. Upper and lower case count as alike, because some file systems think so.
    """
    taken, answer = {name.casefold() for name in OWN_NAMES}, []
    for name in names:
        plain = PurePosixPath(name).name
        if PurePosixPath(plain).suffix.lower() not in WRITABLE:
            plain += ".png"
        stem, suffix = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
        number = 1
        while plain.casefold() in taken:
            number += 1
            plain = f"{stem}-{number}{suffix}"
        taken.add(plain.casefold())
        answer.append(plain)
    return answer


def _box(row: list[str], where: str) -> list[float]:
    if len(row) != len(BOX_COLUMNS):
        raise ValueError(f"{where}: found {len(row)} columns, expected {','.join(BOX_COLUMNS)}")
    try:
        x0, y0, x1, y1 = (float(cell) for cell in row[1:])
    except ValueError:
        raise ValueError(f"{where}: found {','.join(row[1:])}, expected four numbers x0,y0,x1,y1") from None
    if not (np.isfinite([x0, y0, x1, y1]).all() and x0 < x1 and y0 < y1):
        raise ValueError(f"{where}: found {','.join(row[1:])}, expected x0 < x1 and y0 < y1")
    return [x0, y0, x1, y1]


def _rounded(values) -> list:
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()


def _umask() -> int:
    # there is no way to read it but to set it
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
