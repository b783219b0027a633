"""Shards of a set of records, `train-00000-of-00007.tfrecords` ...: writing them, checking them by the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from infer.files.atomic import atomic_path
from records.manifest import MANIFEST, Manifest, SetManifest, Shard
from records.tfrecords import read_records, write_records

Kind = TypeVar("Kind", bound=SetManifest)


def shard_name(split: str, index: int, count: int) -> str:
    """File name of a shard, in the way of TensorFlow's own sharded files."""
    return f"{split}-{index:05d}-of-{count:05d}.tfrecords"


def write_shard(path: Path, serialised: Iterable[bytes]) -> Shard:
    """Writes one shard and returns its entry of the manifest.

    The file appears under its name only when it is whole. An exception from the iterable leaves nothing behind; a disk
    that takes no more is an OSError.
    """
    try:
        with atomic_path(path) as partial:
            count = write_records(partial, serialised)
            return Shard(path.name, count, partial.stat().st_size, _sha256(partial))
    except OSError as error:
        if error.errno is None or error.filename is not None:  # it says what it is of
            raise
        raise OSError(f"{path}: {error.strerror}") from None


def checked_manifest(folder: str | Path) -> Manifest:
    """The manifest of a set of face records, checked and with errors as `checked_set` has them."""
    return checked_set(folder, Manifest)


def checked_set(folder: str | Path, kind: type[Kind]) -> Kind:
    """The manifest of a set of records of a kind, after the cheap part of the audit: all shards, in their sizes.

    Raises what the kind's `read` raises, and ValueError naming the first shard that is missing or has another size.
    """
    manifest = kind.read(folder)
    for shard in manifest.all_shards:
        fault = _cheap_fault(Path(folder), shard)
        if fault:
            raise ValueError(fault)
    return manifest


def audit(folder: str | Path, kind: type[SetManifest] = Manifest) -> list[str]:
    """What is wrong with a set of records, one line each, after reading every shard; empty for a sound set.

    Checks presence, size, SHA-256, the checksum of every record and their number. Raises as the kind's
    `read` does.
    """
    folder = Path(folder)
    shards = kind.read(folder).all_shards
    faults = [fault for shard in shards if (fault := _fault_of(folder, shard))]
    known = {shard.file for shard in shards}
    strays = sorted(path.name for path in folder.glob("*.tfrecords") if path.name not in known)
    return faults + [f"{folder / name}: not in {MANIFEST}" for name in strays]


def _fault_of(folder: Path, shard: Shard) -> str | None:
    fault = _cheap_fault(folder, shard)
    if fault:
        return fault
    file = folder / shard.file
    try:
        count = sum(1 for _ in read_records(file))
    except ValueError as error:
        return str(error)
    except OSError:
        return f"{file}: found that it cannot be read, expected {shard.records} records"
    if count != shard.records:
        return f"{file}: found {count} records, expected {shard.records}"
    if _sha256(file) != shard.sha256:
        return f"{file}: SHA-256 is not that of {MANIFEST}"
    return None


def _cheap_fault(folder: Path, shard: Shard) -> str | None:
    file = folder / shard.file
    if not file.is_file():
        return f"{file}: missing, expected {shard.records} records"
    if file.stat().st_size != shard.bytes:
        return f"{file}: found {file.stat().st_size} bytes, expected {shard.bytes}: cut or damaged"
    return None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
