"""Reader of WFLW's lists (Wu et al., "Look at Boundary", CVPR 2018): a line a face, several faces a picture.

    x0 y0 ... x97 y97 x_min y_min x_max y_max pose expression illumination make-up occlusion blur 37--Soccer/a.jpg

98 points, the box that a detector had, six attributes 0 or 1, and the picture. The lists in `list_98pt_test`, one of
each attribute, have neither box nor attributes. Box and attributes are not read: all points are known, and a record has
no place for the others. Pictures lie in the folder `WFLW_images` beside the list, or up to two folders further up, or
are relative to the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infer.files.tables import lines_of, open_text
from records.landmarks import SCHEMES
from tools.read.face import AnnotatedFace, Item
from tools.read.listing import Entry, ListingFormat, picture_named
from tools.read.marks import Marks, face_of

FORMAT = "wflw"
WFLW_98 = SCHEMES["wflw98"]
# the authors don't say; those who publish numbers on it (mmpose, PFLD) use the coordinates as indices of pixels
ORIGIN = 0.0
COORDINATES = 2 * WFLW_98.count
PICTURES = "WFLW_images"

_WORDS = (COORDINATES + 1, COORDINATES + 4 + 6 + 1)  # without and with box and attributes
_ABOVE = 3  # folders from the list's on: WFLW_annotations/list_98pt_rect_attr_train_test/list.txt
_HEAD = 1 << 14  # bytes to tell the format by; a line has 3 kilobytes


def matches(path: Path) -> bool:
    """Whether it is a text file, or a folder of such, whose first line has as many words as one of WFLW's."""
    return bool(_LISTING.files(path))


def find(path: Path, dataset: str) -> list[Item]:
    """The faces of a list, or of all in a folder, sorted by key.

    Raises FileNotFoundError for a missing file, ValueError for one without faces, or with a line beyond all measure.
    """
    return _LISTING.find(path, dataset)


def read(item: Item, points_key: str = "pts_2d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    return face_of(item, item.data)


def _begins_right(file: Path) -> bool:
    with file.open("rb") as stream:
        words = stream.read(_HEAD).lstrip(b"\xef\xbb\xbf \r\n").split(b"\n")[0].split()
    return len(words) in _WORDS


def parse(file: Path) -> list[Entry]:
    """The faces of a list, (picture, marks) each, in its order; an odd line with its fault. Raises ValueError."""
    parents = file.absolute().parents[:_ABOVE][::-1]  # a missing picture is said to be where WFLW has it
    folders = [*(folder / PICTURES for folder in parents), file.parent]
    with open_text(file) as stream:
        lines = enumerate(lines_of(stream, file), start=1)
        return [_entry(line.split(), folders, f"{file.name} line {number}") for number, line in lines if line.strip()]


def _entry(words: list[str], folders: Sequence[Path], place: str) -> Entry:
    picture = picture_named(words[-1], *folders)
    try:
        if len(words) not in _WORDS:
            raise ValueError(f"{len(words)} words, expected {' or '.join(map(str, _WORDS))}")
        points = np.array(words[:COORDINATES], np.float64).reshape(-1, 2) - ORIGIN
        return picture, Marks(points, scheme=WFLW_98)
    except ValueError as error:
        fault = "unreadable annotation", f"{place}: found {error}"
        return picture, Marks(np.full((WFLW_98.count, 2), np.nan), None, fault, WFLW_98)


_WANTED = f"lines of {_WORDS[1]} words, 98 points first"
_LISTING = ListingFormat(FORMAT, ".txt", _begins_right, parse, "a list of WFLW", _WANTED)
