"""A set of records made from another: its training records rewritten one by one, its test records as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from infer.jobs.progress import Progress
from records import record, shards
from records.landmarks import scheme_of
from records.runtime import tf
from records.split import SPLITS
from tools.make.parts import Partial
from tools.make.preview import preview

# a serialised training record and its set's manifest -> the serialised records in its place
Rewriter = Callable[[bytes, dict], Iterable[bytes]]


def rewrite(folder: Path, out: Path, overwrite: bool, rewriter: Rewriter, times: int, notes: dict) -> dict:
    """Writes the new set beside its place and moves it there; returns its manifest.

    times: how many records the rewriter gives for one; notes: go into the manifest. Raises ValueError where something
    lies at `out` that may not be replaced or a shard is damaged, and what `records.shards.read_manifest` and the
    rewriter raise; then nothing is left behind.
    """
    _check_place(out, overwrite, folder)
    manifest, partial = shards.read_manifest(folder), Partial(out)
    try:
        partial.start()
        manifest = _write_set(folder, partial.set, manifest, rewriter, times, notes)
        partial.publish()
    finally:
        partial.remove()
    return manifest


def opened(serialised: bytes, manifest: dict) -> tuple[dict, np.ndarray]:
    """The parsed values of a record and its picture with its context, uint8 [edge, edge, 3] RGB."""
    count = scheme_of(manifest["scheme"]).count
    found = {name: value.numpy() for name, value in record.parse(serialised, count).items()}
    return found, record.decode_image(found["image"], manifest["encoding"], manifest["context"]).numpy()


def _check_place(out: Path, overwrite: bool, folder: Path) -> None:
    """Raises ValueError for a place that holds something, unless it is another set that may be overwritten."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite or not (out / shards.MANIFEST).is_file() or out.resolve() == folder.resolve():
        raise ValueError(
            f"{out}: found an existing folder, expected none (--overwrite replaces another set of records)"
        )


def _write_set(folder: Path, out: Path, manifest: dict, rewriter: Rewriter, times: int, notes: dict) -> dict:
    """Writes shards, manifest and preview; the new manifest."""
    manifest = {**manifest, "splits": _write_shards(folder, out, manifest, rewriter, times), **notes}
    manifest["subsets"] = {
        name: {**counts, "train": counts["train"] * times} for name, counts in manifest["subsets"].items()
    }
    shards.write_manifest(out, manifest)
    preview(out, out / "preview.jpg")
    return manifest


def _write_shards(folder: Path, out: Path, manifest: dict, rewriter: Rewriter, times: int) -> dict:
    """Writes every shard; the manifest's `splits`."""
    splits = {}
    total = sum(shards.count_of(manifest, split) * (times if split == "train" else 1) for split in SPLITS)
    with Progress(total, "faces") as progress:

        def written(file: str, split: str) -> Iterator[bytes]:
            for serialised in _records_of(file):
                for one in rewriter(serialised, manifest) if split == "train" else (serialised,):
                    progress.step()
                    yield one

        for split in SPLITS:
            files = shards.shard_files(folder, manifest, split)
            entries = [shards.write_shard(out / Path(file).name, written(file, split)) for file in files]
            splits[split] = {"records": sum(entry["records"] for entry in entries), "shards": entries}
    return splits


def _records_of(file: str) -> Iterator[bytes]:
    """The serialised records of a shard. Raises ValueError naming it where it is damaged."""
    try:
        for tensor in tf.data.TFRecordDataset(file):
            yield tensor.numpy()
    except tf.errors.OpError as error:
        raise ValueError(f"{file}: damaged ({error.message.splitlines()[0]}), expected whole records") from None
