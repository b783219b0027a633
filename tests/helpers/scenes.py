"""Pictures with faces, and files of each format of scenes that say where these are."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from tests.helpers.annotated import write_picture

BOX, OTHER = [40.5, 30.0, 90.25, 95.0], [100.0, 20.0, 130.0, 61.0]
FIVE = [50.0, 45.0, 78.0, 47.0, 63.0, 60.0, 53.0, 75.0, 74.0, 77.0]
IGNORE = [3.0, 4.0, 20.0, 25.0]


def face(box=BOX, five=FIVE, by="me") -> dict:
    return {"box": box, "five": five, "by": by}


def line(file: str = "a.png", *faces: dict, ignore=(IGNORE,), **more) -> str:
    return json.dumps({"file": file, "faces": faces, "ignore": ignore, **more})


def write_labels(folder: Path, *lines: str, pictures=("a.png",)) -> Path:
    """A labels.jsonl of these lines, with the pictures beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        write_picture(folder / picture)
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "labels.jsonl"


def write_many(folder: Path, count: int, seed: int = 3) -> Path:
    """A labels.jsonl of so many pictures, 60 wide and 40 high, all different, each with a bright patch for a face."""
    rng, lines = np.random.default_rng(seed), []
    folder.mkdir(parents=True)
    for number in range(count):
        x, y = rng.integers(4, 20, 2)
        picture = rng.integers(0, 60, (40, 60, 3)).astype(np.uint8)
        picture[y : y + 15, x : x + 12] = 200
        cv2.imwrite(str(folder / f"p{number}.png"), picture)
        box = [float(x), float(y), float(x + 11), float(y + 14)]
        five = (np.array([[3, 4], [8, 4], [5, 7], [3, 10], [8, 10]]) + (x, y)).ravel().tolist()
        lines.append(line(f"p{number}.png", face(box, five), ignore=[]))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder / "labels.jsonl"


def voc_object(name: str, corners, more: str = "") -> str:
    box = "".join(
        f"<{key}>{value}</{key}>" for key, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return f"<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object>"


def voc(*objects: str, file: str = "<filename>a.png</filename>") -> str:
    return f"<annotation>{file}{''.join(objects)}</annotation>"
