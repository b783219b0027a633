"""A set of records made from another: its training records rewritten one by one, its test records as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from infer.jobs.progress import Progress
from records import record
from records.manifest import MANIFEST, Manifest, Shard
from records.runtime import tf
from records.shards import checked_manifest, write_shard
from records.split import SPLITS
from tools.make.parts import Partial
from tools.make.preview import preview

# a serialised training record and its set's manifest -> the serialised records in its place
Rewriter = Callable[[bytes, Manifest], Iterable[bytes]]


def rewrite(folder: Path, out: Path, overwrite: bool, rewriter: Rewriter, times: int, notes: dict) -> Manifest:
    """Writes the new set beside its place and moves it there; returns its manifest.

    times: how many records the rewriter gives for one; notes: go into the manifest. Raises ValueError where something
    lies at `out` that may not be replaced or a shard is damaged, and what `records.shards.checked_manifest` and the
    rewriter raise; then nothing is left behind.
    """
    _check_place(out, overwrite, folder)
    manifest, partial = checked_manifest(folder), Partial(out)
    try:
        partial.start()
        manifest = _write_set(folder, partial.set, manifest, rewriter, times, notes)
        partial.publish()
    finally:
        partial.remove()
    return manifest


def opened(serialised: bytes, manifest: Manifest) -> tuple[dict, np.ndarray]:
    """The parsed values of a record and its picture with its context, uint8 [edge, edge, 3] RGB."""
    found = {name: value.numpy() for name, value in record.parse(serialised, manifest.scheme.count).items()}
    return found, record.decode_image(found["image"], manifest.encoding, manifest.context).numpy()


def _check_place(out: Path, overwrite: bool, folder: Path) -> None:
    """Raises ValueError for a place that holds something, unless it is another set that may be overwritten."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite or not (out / MANIFEST).is_file() or out.resolve() == folder.resolve():
        raise ValueError(
            f"{out}: found an existing folder, expected none (--overwrite replaces another set of records)"
        )


def _write_set(folder: Path, out: Path, manifest: Manifest, rewriter: Rewriter, times: int, notes: dict) -> Manifest:
    """Writes shards, manifest and preview; the new manifest."""
    written = _write_shards(folder, out, manifest, rewriter, times)
    subsets = {name: {**counts, "train": counts["train"] * times} for name, counts in manifest.subsets.items()}
    changed = replace(manifest, shards=written, subsets=subsets, notes={**manifest.notes, **notes})
    changed.write(out)
    preview(out, out / "preview.jpg")
    return changed


def _write_shards(
    folder: Path, out: Path, manifest: Manifest, rewriter: Rewriter, times: int
) -> dict[str, tuple[Shard, ...]]:
    """Writes every shard; those of each split."""
    written = {}
    total = sum(manifest.count(split) * (times if split == "train" else 1) for split in SPLITS)
    with Progress(total, "faces") as progress:

        def changed(file: str, split: str) -> Iterator[bytes]:
            for serialised in _records_of(file):
                for one in rewriter(serialised, manifest) if split == "train" else (serialised,):
                    progress.step()
                    yield one

        for split in SPLITS:
            files = manifest.files(folder, split)
            written[split] = tuple(write_shard(out / Path(file).name, changed(file, split)) for file in files)
    return written


def _records_of(file: str) -> Iterator[bytes]:
    """The serialised records of a shard. Raises ValueError naming it where it is damaged."""
    try:
        for tensor in tf.data.TFRecordDataset(file):
            yield tensor.numpy()
    except tf.errors.OpError as error:
        raise ValueError(f"{file}: damaged ({error.message.splitlines()[0]}), expected whole records") from None
