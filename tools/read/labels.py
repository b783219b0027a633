"""Readers of labels.jsonl, this project's own format of scenes, a line a picture: of these, and of faces for landmarks.

    {"file": "a.jpg", "width": 640, "height": 480,
     "faces": [{"box": [x0, y0, x1, y1], "five": [x, y, ... of eyes, nose tip, corners of the mouth], "by": "me"}],
     "ignore": [[x0, y0, x1, y1]]}

Pixels, centres at whole numbers; boxes are tight around the 68 landmark points (brows to chin), and may reach beyond
the picture. `five` is null or missing where unknown: the subject's right ones, left in an upright picture, come first.
What is to be ignored counts neither as a face nor as background. `file` is relative to the list. `width`, `height`,
`by` and `ignore` may be missing; where the size is named, all counts in a picture of that size.

Of its faces those are landmarks whose five points people have set: `by` begins with "human". What a detector found is
no truth to learn points from.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from records.landmarks import SCHEMES
from tools.read.face import AnnotatedFace, Item
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import Marks, face_of, size_of
from tools.read.scene import FIVE, SceneListing, SceneMarks

FORMAT = "labels"
ORIGIN = 0.0  # this project's own format: as its outputs
BY = "unknown"  # who says so where a line does not tell
HUMAN = "human"  # how `by` begins of a face whose points people have set
MTFL_5 = SCHEMES["mtfl5"]

_HEAD = 4096  # bytes to tell the format by


def matches(path: Path) -> bool:
    """Whether it is a list of pictures with their faces, or a folder of such; opens their beginnings alone."""
    return READER.matches(path)


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a list, or of all in a folder, whose points people have set, sorted by key.

    Raises FileNotFoundError for a missing file, ValueError for one that is no UTF-8 or has no such face.
    """
    return _FACES.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


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


def parse_faces(file: Path) -> list[Entry]:
    """The faces of a list whose points people have set, in its order; an odd line with its fault. Raises ValueError."""
    return [(picture, marks) for picture, scene in parse(file) for marks in _by_people(scene)]


def _by_people(scene: SceneMarks) -> list[Marks]:
    if scene.fault:
        return [Marks(np.full((FIVE, 2), np.nan), None, scene.fault, MTFL_5)]
    faces = zip(scene.five, scene.box, scene.by, strict=True)
    return [Marks(five, box, scheme=MTFL_5, size=scene.size) for five, box, by in faces if by.startswith(HUMAN)]


_WANTED = 'lines {"file": ..., "faces": [...]}'
READER = SceneListing(FORMAT, ".jsonl", _begins_right, parse, "a list of pictures with their faces", _WANTED)
_FACES = ListingFormat(FORMAT, ".jsonl", _begins_right, parse_faces, READER.file, f'faces with "by": "{HUMAN}..."')
