"""Reader of labels.jsonl, this project's own format of scenes: a line a picture.

    {"file": "a.jpg", "width": 640, "height": 480,
     "faces": [{"box": [x0, y0, x1, y1], "five": [x, y, ... of eyes, nose tip, corners of the mouth], "by": "me"}],
     "ignore": [[x0, y0, x1, y1]]}

Pixels, centres at whole numbers; boxes are tight around the 68 landmark points (brows to chin), and may reach beyond
the picture. `five` is null or missing where unknown: the subject's right ones, left in an upright picture, come first.
What is to be ignored counts neither as a face nor as background. `file` is relative to the list. `width`, `height`,
`by` and `ignore` may be missing; where the size is named, all counts in a picture of that size.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tools.read.listing import picture_named
from tools.read.marks import size_of
from tools.read.scene import FIVE, SceneListing, SceneMarks

BY = "unknown"  # who says so where a line does not tell

_HEAD = 4096  # bytes to tell the format by


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") and b'"file"' in head


def parse(file: Path) -> list[tuple[Path, SceneMarks]]:
    """The pictures of a list with what it says of them, in its order; an odd line with its fault. Raises ValueError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: found bytes that are no UTF-8 ({error.reason}), expected lines of JSON") from None
    lines = enumerate(text.split("\n"), start=1)
    return [_entry(line, file, number) for number, line in lines if line.strip()]


def _entry(line: str, file: Path, number: int) -> tuple[Path, SceneMarks]:
    picture = file.parent / f"line {number}"
    try:
        document = json.loads(line)
        name = document["file"]
        if not isinstance(name, str) or not name:
            raise ValueError(f"file {name!r}, expected a picture")
        picture = picture_named(name, file.parent)
        return picture, _marks(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"no {error}" if isinstance(error, KeyError) else str(error)
        message = f"{file.name} line {number}: found {found}, expected a picture with its faces"
        return picture, SceneMarks(fault=("unreadable annotation", message))


def _marks(document: dict) -> SceneMarks:
    """Raises ValueError, KeyError, TypeError or AttributeError."""
    faces = document["faces"]
    return SceneMarks(
        box=_rows([face["box"] for face in faces], 4),
        five=_rows([face.get("five") or [np.nan] * 2 * FIVE for face in faces], 2 * FIVE).reshape(-1, FIVE, 2),
        by=tuple(str(face.get("by", BY)) for face in faces),
        ignore=_rows(document.get("ignore") or [], 4),
        size=size_of(document.get("width"), document.get("height")),
    )


def _rows(rows: list, count: int) -> np.ndarray:
    """Rows of so many numbers, float64 [N, count]. Raises ValueError."""
    wrong = [row for row in rows if not isinstance(row, list) or len(row) != count]
    if wrong:
        raise ValueError(f"{json.dumps(wrong[0])[:60]}, expected {count} numbers")
    return np.array(rows, np.float64).reshape(-1, count)


_WANTED = 'lines {"file": ..., "faces": [...]}'
READER = SceneListing("labels", ".jsonl", _begins_right, parse, "a list of pictures with their faces", _WANTED)
