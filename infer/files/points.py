"""Points as they leave the program: JSON, CSV and iBUG's .pts. Files are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..faces.face import Face, TrackedFace
from ..faces.pose import head_pose, openness, points_68
from ..faces.schemes import Means
from .atomic import atomic_file

DECIMALS = 2  # of a pixel: finer than any model here, and half the file


def picture_entry(name: str, shape: Sequence[int], faces: Iterable[Face], whole: Means = ()) -> dict:
    """What the JSON says of one picture: file, width, height, faces as `face_entry` has them.

    shape: [height, width, ...] of the picture as it was searched (upright); whole: as of `face_entry`.
    """
    entries = [face_entry(face, whole) for face in faces]
    return {"file": name, "width": int(shape[1]), "height": int(shape[0]), "faces": entries}


def face_entry(face: Face, whole: Means = ()) -> dict:
    """What the JSON says of one face: box [4] and points [K, 2] in pixels, and what is known besides.

    errors: expected of each point [K], pixels, and sure, 0 to 1, null where the model does not say; id where it is
    tracked; score, 0 to 1, where it was found; of points that hold the 68 pose (yaw, pitch, roll in degrees) and open
    (left_eye, right_eye, mouth: heights over widths), null where they cannot be told. whole: as of
    `infer.faces.pose.points_68`.
    """
    entry: dict = {"id": face.id} if isinstance(face, TrackedFace) else {}
    entry |= {"box": _rounded(face.box), "points": _rounded(face.points)}
    entry["errors"] = None if face.errors is None else _rounded(face.errors)
    entry["sure"] = None if face.sure is None else round(float(face.sure), 4)
    if face.score is not None:
        entry["score"] = round(float(face.score), 4)
    all_68 = points_68(face.points, whole)
    if all_68 is not None:
        pose = head_pose(all_68)
        entry["pose"] = pose and {key: round(value, 1) for key, value in asdict(pose).items()}
        entry["open"] = {key: _number(value) for key, value in asdict(openness(all_68)).items()}
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


def write_csv(path: str | Path, entries: Iterable[dict], count: int, errors: bool = False) -> None:
    """Writes a row per face, atomically: file, x0, y0, x1, y1, ... of `count` points, then error0, error1, ... if
    asked for, pixels, empty where they are not known."""
    with atomic_file(path) as file:
        file.writelines(csv_lines(entries, count, errors))


def csv_lines(entries: Iterable[dict], count: int, errors: bool = False) -> Iterator[bytes]:
    """The lines of `write_csv`, the header first."""
    # after the points: who counts columns still finds these
    names = [f"error{index}" for index in range(count)] if errors else []
    yield csv_line(["file", *(f"{axis}{index}" for index in range(count) for axis in "xy"), *names])
    for entry in entries:
        for face in entry["faces"]:
            places = [value for point in face["points"] for value in point]
            off = (face.get("errors") or [""] * count) if errors else []  # entries of an earlier run may lack them
            yield csv_line([entry["file"], *places, *off])


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


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def _rounded(values) -> list:
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()
