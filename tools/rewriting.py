"""A set of records made from another: its training records rewritten one by one, its test records as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from records import record, shards
from records.landmarks import scheme_of
from records.runtime import tf
from records.split import SPLITS
from tools.preview import preview
from tools.progress import Progress
from tools.writing import Partial

# a serialised training record and its set's manifest -> the serialised records in its place
Rewriter = Callable[[bytes, dict], Iterable[bytes]]


def rewrite(folder: Path, out: Path, overwrite: bool, rewriter: Rewriter, times: int, notes: dict) -> dict:
    """Writes the new set beside its place and moves it there; returns its manifest.

    times: how many records the rewriter gives for one; notes: go into the manifest. Raises ValueError where something
    lies at `out` that may not be replaced, and what `records.shards.read_manifest` and the rewriter raise.
    """
    _check_place(out, overwrite, folder)
    manifest = shards.read_manifest(folder)
    partial = Partial(out)
    partial.remove()
    partial.set.mkdir(parents=True)
    manifest = {**manifest, "splits": _write_shards(folder, partial.set, manifest, rewriter, times), **notes}
    manifest["subsets"] = {
        name: {**counts, "train": counts["train"] * times} for name, counts in manifest["subsets"].items()
    }
    shards.write_manifest(partial.set, manifest)
    preview(partial.set, partial.set / "preview.jpg")
    partial.publish()
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


def _write_shards(folder: Path, out: Path, manifest: dict, rewriter: Rewriter, times: int) -> dict:
    """Writes every shard; the manifest's `splits`."""
    splits = {}
    total = sum(shards.count_of(manifest, split) * (times if split == "train" else 1) for split in SPLITS)
    with Progress(total, "faces") as progress:

        def written(file: str, split: str) -> Iterator[bytes]:
            for tensor in tf.data.TFRecordDataset(file):
                serialised = tensor.numpy()
                for one in rewriter(serialised, manifest) if split == "train" else (serialised,):
                    progress.step()
                    yield one

        for split in SPLITS:
            files = shards.shard_files(folder, manifest, split)
            entries = [shards.write_shard(out / Path(file).name, written(file, split)) for file in files]
            splits[split] = {"records": sum(entry["records"] for entry in entries), "shards": entries}
    return splits
