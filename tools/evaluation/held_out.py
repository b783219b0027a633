"""The faces to measure with: those of sources that training did not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from infer.jobs.progress import Progress
from records.split import split_of
from tools.read import formats as readers
from tools.read.face import BadSample, Face, Item

TEST_FRACTION = 0.1  # as make_records.py splits


def held_out(folders: Sequence[Path], count: int | None = None, seed: int = 0, split: str = "test") -> list[Item]:
    """The items of a side of the split ("all": both); of each subset at most `count`, drawn by the seed.

    Raises ValueError where there is none, and as the readers' `find`.
    """
    rng, subsets = np.random.default_rng(seed), {}
    for folder in folders:
        for item in readers.find(folder, folder.resolve().name):
            if split in ("all", split_of(item.source, TEST_FRACTION)):
                subsets.setdefault((item.dataset, item.subset), []).append(item)
    if not subsets:
        raise ValueError(f"{', '.join(map(str, folders))}: found no faces of the split {split}, expected some")
    chosen = [(items, sorted(rng.permutation(len(items))[:count])) for items in subsets.values()]
    return [items[index] for items, indices in chosen for index in indices]


def read_all(items: Sequence[Item], points: str = "pts_2d") -> Iterator[tuple[Item, Face]]:
    """The items with their faces, one after the other, with progress; what cannot be read is said and left out."""
    with Progress(len(items), "faces") as progress:
        for item in items:
            try:
                yield item, readers.read(item, points)
            except BadSample as error:
                progress.say(f"skipped: {error}")
            progress.step()
