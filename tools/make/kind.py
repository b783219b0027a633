"""What sets of faces and sets of scenes do each in its own way; all else of making a set is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records.manifest import SetManifest
from tools.read.face import Item


@dataclass(frozen=True)
class SetKind:
    """A kind of sets.

    thing: what an item is called; manifest: of such sets; fields: what it has besides those of all kinds, by the
    settings; encode: the bytes of a record, of what was made of an item; words: the same for a reader; preview: writes
    contact sheet number ... (from 0) of a set's folder to a path; report: writes the page of a set into its folder.
    """

    thing: str
    manifest: type[SetManifest]
    fields: Callable[[Any], dict[str, Any]]
    encode: Callable[[Item, Any], bytes]
    words: Callable[[Any], str]
    preview: Callable[[Path, Path, int], None]
    report: Callable[[Path], Path]
