"""What leaves the program and the boxes that come in: JSON, pictures, CSV. Files are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from ..faces.pose import SCHEME, head_pose, openness
from .atomic import atomic_file, write_atomically

BOX_COLUMNS = ["file", "x0", "y0", "x1", "y1"]
WRITABLE = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
OWN_NAMES = ("points.json", "contact_sheet.jpg")
DECIMALS = 2  # of a pixel: finer than any model here, and half the file


def write_picture(path: str | Path, image: np.ndarray, quality: int = 92) -> None:
    """Writes a picture uint8 [height, width, 3] BGR in the format of the path's suffix, atomically.

    Raises ValueError for a suffix that is none of `WRITABLE`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise ValueError(f"{path}: found suffix {suffix!r}, expected one of {', '.join(WRITABLE)}")
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix in (".jpg", ".jpeg") else []
    write_atomically(path, cv2.imencode(suffix, image, settings)[1].tobytes())


def picture_entry(name: str, shape: Sequence[int], faces: Iterable, scheme: str = "") -> dict:
    """What the JSON says of one picture: file, width, height, faces as `face_entry` has them.

    shape: [height, width, ...] of the picture as it was searched (upright); scheme: of the points.
    """
    entries = [face_entry(face, scheme) for face in faces]
    return {"file": name, "width": int(shape[1]), "height": int(shape[0]), "faces": entries}


def face_entry(face, scheme: str = "") -> dict:
    """What the JSON says of one face: box [4] and points [K, 2] in pixels, and what is known besides.

    id where it is tracked; score, 0 to 1, where it was found; of the 68 points pose (yaw, pitch, roll in degrees) and
    open (left_eye, right_eye, mouth: heights over widths), null where they cannot be told.
    """
    entry = {"id": face.id} if getattr(face, "id", None) is not None else {}
    entry |= {"box": _rounded(face.box), "points": _rounded(face.points)}
    if getattr(face, "score", None) is not None:
        entry["score"] = round(float(face.score), 4)
    if scheme == SCHEME:
        pose = head_pose(face.points)
        entry["pose"] = pose and {key: round(value, 1) for key, value in asdict(pose).items()}
        entry["open"] = {key: _number(value) for key, value in asdict(openness(face.points)).items()}
    return entry


def json_line(entry: dict) -> str:
    """An entry as one line of JSON. Raises ValueError for values that JSON has no word for (NaN)."""
    return json.dumps(entry, ensure_ascii=False, allow_nan=False)


def write_json(path: str | Path, entries: Iterable[dict]) -> None:
    """Writes {"images": [entry, ...]}, one picture a line, UTF-8, atomically; holds one entry at a time."""
    with atomic_file(path) as file:
        file.write(b'{"images": [\n')
        for index, entry in enumerate(entries):
            file.write((",\n" if index else "").encode() + json_line(entry).encode())
        file.write(b"\n]}\n")


def write_csv(path: str | Path, entries: Iterable[dict], count: int) -> None:
    """Writes a row per face, atomically: file, x0, y0, x1, y1, ... of `count` points."""
    with atomic_file(path) as file:
        file.writelines(csv_lines(entries, count))


def csv_lines(entries: Iterable[dict], count: int) -> Iterator[bytes]:
    """The lines of `write_csv`, the header first."""
    yield csv_line(["file", *(f"{axis}{index}" for index in range(count) for axis in "xy")])
    for entry in entries:
        for face in entry["faces"]:
            yield csv_line([entry["file"], *(value for point in face["points"] for value in point)])


def csv_line(cells: Sequence) -> bytes:
    """One row of a CSV file, UTF-8, quoted where it has to be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def pts_text(points: np.ndarray) -> str:
    """iBUG's `.pts` of points [K, 2] in pixels: there the first pixel is (1, 1).

    Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013.
    """
    lines = "\n".join(f"{x:.3f} {y:.3f}" for x, y in np.asarray(points, np.float64) + 1)
    return f"version: 1\nn_points: {len(points)}\n{{\n{lines}\n}}\n"


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


def drawn_names(names: Sequence[str], writable: Sequence[str] = WRITABLE, other: str = ".png") -> list[str]:
    """File names for the drawn pictures of inputs with those names: in the same order, no two alike, no folder in them.

    The name itself where its suffix is `writable`, the suffix `other` added where it is not; `-2`, `-3` ... before the
    suffix where it is taken. Upper and lower case count as alike, because some file systems think so.
    """
    taken, numbers, answer = {name.casefold() for name in OWN_NAMES}, {}, []
    for name in names:
        plain = PurePosixPath(name).name
        if PurePosixPath(plain).suffix.lower() not in writable:
            plain += other
        first, stem, suffix = plain.casefold(), PurePosixPath(plain).stem, PurePosixPath(plain).suffix
        while plain.casefold() in taken:
            numbers[first] = numbers.get(first, 1) + 1
            plain = f"{stem}-{numbers[first]}{suffix}"
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


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def _rounded(values) -> list:
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()
