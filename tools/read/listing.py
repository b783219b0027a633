"""Formats in which one file lists many faces: which files are such, and the items of the faces in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records.split import source_of_picture
from tools.read.face import Item
from tools.read.marks import Marks, subset_of

_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")  # as infer.files.console.speakable has it

Entry = tuple[Path, Marks]  # a picture, and what the file says of one face in it


def picture_named(name: str, *folders: Path) -> Path:
    """The picture of that name in the first folder that has it; without one, where the first folder would have it.

    Backslashes part folders, as Windows writes them, unless a file has them in its name. A name that this project wrote
    with escaped bytes (`caf\\xe9.jpg`) stands for those bytes.
    """
    slashed = name.replace("\\", "/")
    names = dict.fromkeys((name, slashed, _ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), name)))
    places = [folder / one for one in names for folder in folders]
    try:
        return next((place for place in places if place.is_file()), folders[0] / slashed)
    except OSError:  # a name longer than the system allows
        return folders[0] / slashed


@dataclass(frozen=True)
class ListingFormat:
    """A format of such files.

    suffix: of their names, in small letters; begins_right: whether a file starts as one; parse: its faces, in its
    order, or ValueError; file, faces: what errors call a file, and what they miss where it lists no face.
    """

    format: str
    suffix: str
    begins_right: Callable[[Path], bool]
    parse: Callable[[Path], Iterable[tuple[Path, Any]]]  # an Entry each, or what another kind of items has for marks
    file: str
    faces: str

    def files(self, path: Path) -> list[Path]:
        """The files of this format: the path itself, or those directly in that folder, sorted."""
        path = Path(path)
        candidates = sorted(path.iterdir()) if path.is_dir() else [path]
        return [file for file in candidates if self._fits(file)]

    def _fits(self, file: Path) -> bool:
        return file.suffix.lower() == self.suffix and file.is_file() and self.begins_right(file)

    def find(self, path: Path, dataset: str) -> list[Item]:
        """The faces of a file, or of all in a folder, sorted by key.

        Raises FileNotFoundError for a missing path, ValueError where no face is listed, and what `parse` raises.
        """
        path = Path(path)
        if not path.exists():
            raise FileNotFoundError(f"{path}: found no such file, expected {self.file}")
        files = self.files(path) if path.is_dir() else [path]
        items = [item for file, entries in self.entries_of(files) for item in self.items(file, entries, dataset)]
        if not items:
            raise ValueError(f"{path}: found no face, expected {self.faces}")
        return sorted(items, key=lambda item: item.key)

    def entries_of(self, files: Sequence[Path]) -> Iterable[tuple[Path, Iterable[tuple[Path, Any]]]]:
        """Each file with what it lists; for formats in which all files of a set are wanted to read one."""
        return ((file, self.parse(file)) for file in files)

    def items(self, file: Path, entries: Iterable[tuple[Path, Any]], dataset: str) -> list[Item]:
        """The items of the faces that a file lists, in its order.

        Subset: the picture's folder, seen from the file's; name: the picture's stem and the face's number, from 1.
        """
        items = []
        numbers: Counter[tuple[str, str]] = Counter()
        for picture, marks in entries:
            subset, source = subset_of(picture, file.parent), marks.source or source_of_picture(picture)
            numbers[subset, picture.stem] += 1
            name = f"{picture.stem}#{numbers[subset, picture.stem]}"
            items.append(Item(dataset, subset, name, source, picture, file, False, self.format, marks.scheme, marks))
        return items
