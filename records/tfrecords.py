"""TFRecord, the file format of shards, written and read without TensorFlow, whose import takes seconds.

A record is its length, uint64, and its bytes, each with its masked CRC-32C behind it, uint32, all little-endian; as in
TensorFlow's `lib/io/record_writer.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import google_crc32c

LENGTH, CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
MASK = 0xA282EAD8  # added to a turned checksum, so that one of bytes that hold checksums is none of these


def write_records(path: Path, records: Iterable[bytes]) -> int:
    """Writes a file of these records; how many they are. Raises OSError for a disk that takes no more."""
    count = 0
    with open(path, "wb") as file:
        for record in records:
            length = LENGTH.pack(len(record))
            file.write(b"".join((length, _checksum(length), record, _checksum(record))))
            count += 1
    return count


def read_records(path: str | Path) -> Iterator[bytes]:
    """The records of a file, in their order.

    Raises ValueError where one is damaged, which names the file and says how many sound ones came before, and OSError
    for a file that cannot be read. One that was cut between two records looks sound: the manifest knows better.
    """
    with open(path, "rb") as file:
        left, count = Path(path).stat().st_size, 0
        while left:
            record = _next_record(file, left)
            if record is None:
                raise ValueError(f"{path}: found a damaged record after {count} sound ones, expected sound ones alone")
            yield record
            left -= LENGTH.size + len(record) + 2 * CHECKSUM.size
            count += 1


def _next_record(file: BinaryIO, left: int) -> bytes | None:
    """The next record of a file with so many bytes left; None where it is damaged."""
    length = _checked(file, LENGTH.size)
    size = LENGTH.unpack(length)[0] if length is not None else left
    return _checked(file, size) if LENGTH.size + size + 2 * CHECKSUM.size <= left else None


def _checked(file: BinaryIO, size: int) -> bytes | None:
    """The next bytes of a file; None where their checksum, which follows them, is not theirs."""
    data = file.read(size)
    return data if file.read(CHECKSUM.size) == _checksum(data) else None


def _checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return CHECKSUM.pack(((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF)
