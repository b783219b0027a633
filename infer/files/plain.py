"""Paths that OpenCV can take: one whose bytes are no UTF-8 would end the interpreter, and no word said."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .console import speakable


@contextmanager
def plain_path(path: str | Path) -> Iterator[str]:
    """A path that leads to the same file, to read or to write, while the block lasts; where OpenCV can take it, itself.

    Otherwise a link in a temporary folder, with the suffix of `path`.
    """
    text = str(path)
    if speakable(text) == text:
        yield text
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"file{speakable(Path(path).suffix)}"
        link.symlink_to(Path(path).absolute())
        yield str(link)
