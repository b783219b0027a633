"""Folders of pictures, each with its annotation beside it: which of their files are pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from infer.files.kinds import SUFFIXES

_RANK = {suffix: index for index, suffix in enumerate(SUFFIXES)}


def pictures_of(files: Iterable[Path]) -> dict[Path, Path]:
    """The pictures among the files, by their path without suffix, sorted; of `a.jpg` and `a.png` the first one."""
    found: dict[Path, Path] = {}
    for path in sorted(files, key=lambda path: (path.with_suffix(""), _rank(path), path)):
        if _rank(path) < len(_RANK):
            found.setdefault(path.with_suffix(""), path)
    return found


def has_pair(folder: Path) -> bool:
    """Whether a picture lies directly in the folder with its `.mat`; opens no file."""
    return any(_rank(path) < len(_RANK) and path.with_suffix(".mat").is_file() for path in folder.iterdir())


def _rank(path: Path) -> int:
    return _RANK.get(path.suffix.lower(), len(_RANK))
