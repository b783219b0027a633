"""Files that are written whole or not at all: under a temporary name beside their place, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PREFIX = ".part-"  # of temporary names; the suffix stays, because OpenCV chooses a format by it


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path for writers that want a name: what lies there takes the name `path` when the block ends well.

    When it does not, it is removed. The temporary path has the suffix of `path` and belongs to nobody else.
    """
    path = Path(path)
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file to write to that takes its name when the block ends well, and is gone when it does not."""
    with atomic_path(path) as temporary, temporary.open("xb") as file:
        yield file


def write_atomically(path: str | Path, data: bytes) -> None:
    """Writes bytes to a file; nobody ever sees half of it."""
    with atomic_file(path) as file:
        file.write(data)


def write_text_atomically(path: str | Path, text: str) -> None:
    """Writes text to a file, UTF-8, line ends as they are; nobody ever sees half of it."""
    write_atomically(path, text.encode())


def remove_leftovers(folder: str | Path) -> None:
    """Removes what killed writers left in a folder, for those who know that nobody is writing there now."""
    for path in Path(folder).glob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)
