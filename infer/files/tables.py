"""CSV files as text, also out of a zip: lines of bounded length, so that no damaged file fills the memory."""

from __future__ import annotations

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LINE_LIMIT = 1 << 17  # characters; what has no line ends must not be read into memory whole
BYTES = 1 << 30  # unpacked, four times the largest file of Kaggle's facial-keypoints-detection

# what zipfile raises for damage, a password (RuntimeError) and a compression it does not know
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, csv.Error, OSError, EOFError, RuntimeError)


@contextmanager
def open_table(file: Path, member: str) -> Iterator[TextIO]:
    """A CSV as text, out of its zip where it is in one; nothing is unpacked to the disk or held whole.

    member: name of the CSV in a zip that holds several. Raises ValueError for a zip without it or beyond `BYTES`, and
    what `DAMAGE` holds for a damaged one.
    """
    file = Path(file)
    if file.suffix.lower() != ".zip":
        with open_text(file) as stream:
            yield stream
        return
    with zipfile.ZipFile(file) as archive, archive.open(_member(archive, file, member)) as inside:
        yield io.TextIOWrapper(inside, encoding="utf-8-sig", errors="replace", newline="")


def _member(archive: zipfile.ZipFile, file: Path, member: str) -> zipfile.ZipInfo:
    """The CSV of that name, or the only one."""
    found = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
    named = [info for info in found if Path(info.filename).name == member] or found
    if len(named) != 1:
        raise ValueError(f"{file}: found {len(named)} CSV files in it, expected one, {member}")
    if named[0].file_size > BYTES:  # zipfile never reads beyond the size that the archive states
        raise ValueError(f"{file}: {named[0].filename} unpacks to {named[0].file_size} bytes, expected at most {BYTES}")
    return named[0]


def open_text(file: Path) -> TextIO:
    """The file as text; bytes that are no UTF-8 are kept as in file names (PEP 383), which they may be."""
    return Path(file).open(newline="", encoding="utf-8-sig", errors="surrogateescape")


def header_of(stream: TextIO) -> list[str]:
    """The names of the columns, stripped, in small letters; reads one line."""
    return [name.lower() for name in columns_of(stream)]


def columns_of(stream: TextIO) -> list[str]:
    """The names of the columns, stripped; reads one line."""
    return [name.strip() for name in next(csv.reader([stream.readline(LINE_LIMIT)]), [])]


def lines_of(stream: TextIO, place: Path) -> Iterator[str]:
    """The lines of a text, each of bounded length. Raises ValueError for a longer one."""
    while line := stream.readline(LINE_LIMIT):
        if len(line) == LINE_LIMIT:
            raise ValueError(f"{place}: found a line of {LINE_LIMIT} characters or more, expected shorter ones")
        yield line


def rows_of(stream: TextIO, place: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows under a header that was read, each with its line in the file, without empty ones.

    Raises ValueError for what is no CSV, and as `lines_of`.
    """
    rows = csv.reader(lines_of(stream, place))
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num + 1, row
    except csv.Error as error:
        raise ValueError(f"{place} line {rows.line_num + 1}: found {error}, expected CSV") from None
