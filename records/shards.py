"""Sets of records on disk: writing shards, the manifest, and checking one against the other.

A set is a folder with `train-00000-of-00007.tfrecords` ..., `test-...` and `manifest.json`. A TFRecord file that ends
at a record's boundary, or is empty, reads without any error, so what should be there stands in the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from infer.files.atomic import atomic_path, write_text_atomically
from records.landmarks import scheme_of
from records.record import ENCODINGS
from records.runtime import tf
from records.split import SPLITS

MANIFEST = "manifest.json"
VERSION = 1


def shard_name(split: str, index: int, count: int) -> str:
    """File name of a shard, in the way of TensorFlow's own sharded files."""
    return f"{split}-{index:05d}-of-{count:05d}.tfrecords"


def write_shard(path: Path, serialised: Iterable[bytes]) -> dict:
    """Writes one shard and returns its manifest entry: {file, records, bytes, sha256}.

    The file appears under its name only when it is whole. An exception from the iterable leaves nothing behind; a disk
    that takes no more is an OSError.
    """
    try:
        with atomic_path(path) as partial:
            count = _write_records(partial, serialised)
            return {"file": path.name, "records": count, "bytes": partial.stat().st_size, "sha256": _sha256(partial)}
    except tf.errors.OpError as error:  # TensorFlow's own kind, which no caller expects of a file
        raise OSError(f"{path}: {error.message}") from None


def _write_records(path: Path, serialised: Iterable[bytes]) -> int:
    count = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in serialised:
            writer.write(record)
            count += 1
    return count


def write_manifest(folder: Path, manifest: dict) -> None:
    """Writes `manifest.json`, whole or not at all."""
    write_text_atomically(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def read_manifest(folder: str | Path) -> dict:
    """The manifest of a set of records, after the cheap part of the audit: every shard is there with its size in bytes.

    Raises what `load_manifest` raises, and ValueError naming the first shard that is missing or has another size.
    """
    manifest = load_manifest(folder)
    for entry in entries_of(manifest):
        fault = _cheap_fault(Path(folder), entry)
        if fault:
            raise ValueError(fault)
    return manifest


def load_manifest(folder: str | Path) -> dict:
    """The manifest of a set of records, its keys checked.

    Raises FileNotFoundError without a manifest, ValueError for a damaged one or one of another kind.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: found no {MANIFEST}, expected a set made by tools/make_records.py")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        known = manifest["version"] == VERSION and manifest["encoding"] in ENCODINGS and scheme_of(manifest["scheme"])
        _expect(manifest, "context", "margin", "points", "subsets")
        for entry in entries_of(manifest):
            _expect(entry, "file", "records", "bytes")
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: is damaged or of another kind ({error!r}), expected version {VERSION}") from None
    if not known:
        raise ValueError(
            f"{path}: version {manifest['version']}, encoding {manifest['encoding']}, expected {VERSION}, {ENCODINGS}"
        )
    return manifest


def entries_of(manifest: dict) -> list[dict]:
    """The manifest's entries of all shards."""
    return [entry for split in SPLITS for entry in manifest["splits"][split]["shards"]]


def shard_files(folder: str | Path, manifest: dict, split: str) -> list[str]:
    """Paths of a split's shards that hold records, in order."""
    return [str(Path(folder) / shard["file"]) for shard in manifest["splits"][split]["shards"] if shard["records"]]


def count_of(manifest: dict, split: str) -> int:
    """How many records a split holds."""
    return sum(shard["records"] for shard in manifest["splits"][split]["shards"])


def _expect(entry: dict, *keys: str) -> None:
    missing = [key for key in keys if key not in entry]
    if missing:
        raise KeyError(missing[0])


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def audit(folder: str | Path) -> list[str]:
    """What is wrong with a set of records, one line each, after reading every shard; empty for a sound set.

    Checks presence, size, SHA-256, the checksum of every record and their number. Raises as `load_manifest` does.
    """
    folder = Path(folder)
    manifest = load_manifest(folder)
    entries = entries_of(manifest)
    faults = [fault for entry in entries if (fault := _fault_of(folder, entry))]
    known = {entry["file"] for entry in entries}
    strays = sorted(path.name for path in folder.glob("*.tfrecords") if path.name not in known)
    return faults + [f"{folder / name}: not in {MANIFEST}" for name in strays]


def _fault_of(folder: Path, entry: dict) -> str | None:
    fault = _cheap_fault(folder, entry)
    if fault:
        return fault
    file = folder / entry["file"]
    try:
        count = sum(1 for _ in tf.data.TFRecordDataset(str(file)))
    except tf.errors.DataLossError as error:
        return f"{file}: damaged ({error.message.splitlines()[0]})"
    if count != entry["records"]:
        return f"{file}: found {count} records, expected {entry['records']}"
    if _sha256(file) != entry["sha256"]:
        return f"{file}: SHA-256 is not that of {MANIFEST}"
    return None


def _cheap_fault(folder: Path, entry: dict) -> str | None:
    file = folder / entry["file"]
    if not file.is_file():
        return f"{file}: missing, expected {entry['records']} records"
    if file.stat().st_size != entry["bytes"]:
        return f"{file}: found {file.stat().st_size} bytes, expected {entry['bytes']}: cut or damaged"
    return None
