"""Reader of WIDER FACE's lists, `wider_face_train_bbx_gt.txt` (Yang et al., "WIDER FACE", CVPR 2016).

    0--Parade/0_Parade_marchingband_1_849.jpg
    1
    449 330 122 149 0 0 0 0 0 0

A picture, how many rows follow (of none there is one of zeros), and a row a face: left, top, width and height of the
whole face, then blur, expression, illumination, invalid, occlusion and pose, which may be missing. Landmark boxes
follow as `whole_face` has them; invalid faces are ignored. Pictures lie beside the list, in `images` there, or in
`WIDER_train/images` or `WIDER_val/images` beside it or beside its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from infer.faces.whole_face import landmark_boxes
from tools.read.listing import picture_named
from tools.read.scene import SceneListing, SceneMarks, unknown_five

BY = "box"  # who says so: hands, of the whole face
EMPTY = "boxes without width or height, left out"

_INVALID = 7  # place in a row
_HEAD = 4096  # bytes to tell the format by


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        lines = stream.read(_HEAD).decode("utf-8", "replace").splitlines()
    return len(lines) > 1 and "." in lines[0] and lines[1].strip().isdecimal()


def parse(file: Path) -> Iterator[tuple[Path, SceneMarks]]:
    """The pictures of a list with what it says of them, in its order. Raises ValueError, which names the line."""
    lines = file.read_text(encoding="utf-8-sig", errors="surrogateescape").split("\n")
    folders = _folders(file)
    at = 0
    while at < len(lines):
        name, at = lines[at].strip(), at + 1
        if not name:
            continue
        count = lines[at].strip() if at < len(lines) else "the end"
        if not count.isdecimal():
            raise ValueError(f"{file} line {at + 1}: found {count[:40]!r}, expected how many faces {name[:80]} has")
        rows = [
            _row(line, f"{file} line {at + 2 + index}") for index, line in enumerate(_rows(lines, at + 1, int(count)))
        ]
        at += 1 + len(rows)
        yield picture_named(name, *folders), _marks(rows, name)


def _folders(file: Path) -> list[Path]:
    """Where the pictures of a list may lie."""
    parts = [
        around / part / "images"
        for around in (file.parent, file.parent.parent)
        for part in ("WIDER_train", "WIDER_val")
    ]
    return [file.parent, file.parent / "images", *parts]


def _rows(lines: list[str], start: int, count: int) -> list[str]:
    """The rows of a picture, from a line on; of none the row of zeros, where it is there."""
    if count == 0 and start < len(lines) and set(lines[start].split()) == {"0"}:
        count = 1
    return lines[start : start + count]


def _row(line: str, place: str) -> list[float]:
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError:
        numbers = []
    if len(numbers) < 4:
        raise ValueError(f"{place}: found {line[:40]!r}, expected numbers: left, top, width and height of a face ...")
    return numbers


def _marks(rows: list[list[float]], name: str) -> SceneMarks:
    corners = np.array([row[:4] for row in rows], np.float64).reshape(-1, 4)
    whole = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1)
    sound = (corners[:, 2:] > 0).all(axis=1)
    invalid = np.array([len(row) > _INVALID and row[_INVALID] != 0 for row in rows], bool)
    box = landmark_boxes(whole[sound & ~invalid])
    empty = (~sound & corners.any(axis=1)).sum()
    remarks = ((EMPTY, f"{name}: {empty}"),) if empty else ()
    return SceneMarks(box, unknown_five(len(box)), (BY,) * len(box), whole[sound & invalid], remarks=remarks)


_WANTED = "a picture, how many faces it has, and a row for each"
READER = SceneListing("wider", ".txt", _begins_right, parse, "a list of WIDER FACE", _WANTED)
