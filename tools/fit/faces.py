"""The faces that constants are fitted to: of sets in 300W-LP's layout, training sources alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from records.split import Split
from tools.read import w300lp
from tools.read.face import AnnotatedFace, BadSample, Item

DEFAULT = Split()  # of records made without --test-fraction


def training_faces(folder: Path, split: Split = DEFAULT) -> list[Item]:
    """The faces of a set that the split does not hold out, so that what is held out stays unseen here too.

    Mirrored twins (`_Flip`) are left out: each fit is symmetric, or mirrors its faces itself. Raises as the reader's
    `find`.
    """
    items = w300lp.find(folder, folder.resolve().name)
    return [item for item in items if split.side_of(item.source) == "train" and not item.mirrored]


def drawn_faces(folders: Sequence[Path], count: int, seed: int, split: Split = DEFAULT) -> list[Item]:
    """At most `count` training faces of the sets, as many from each subset as far as it has them.

    Raises as the reader's `find`, and ValueError where no face is left to train on.
    """
    subsets: dict[str, list[Item]] = {}
    for folder in folders:
        for item in training_faces(folder, split):
            subsets.setdefault(subset_of(item), []).append(item)
    if not subsets:
        raise ValueError(f"{', '.join(map(str, folders))}: found no face on the training side of the split")
    rng, share = np.random.default_rng(seed), max(1, count // len(subsets))
    return [items[index] for items in subsets.values() for index in sorted(rng.permutation(len(items))[:share])]


def subset_of(item: Item) -> str:
    """The name that constants are said to be fitted on: set and subset, never a path of this machine."""
    return f"{item.dataset}/{item.subset}"


def counted(names: Sequence[str]) -> dict[str, int]:
    """How often each name comes, in the order of their first coming."""
    return {name: names.count(name) for name in dict.fromkeys(names)}


def readable(items: Sequence[Item], points: str) -> Iterator[tuple[Item, AnnotatedFace]]:
    """The faces that can be read, with their items; `points` is "pts_2d" or "pts_3d". Others are named on stderr."""
    for item in items:
        try:
            yield item, w300lp.read(item, points)
        except BadSample as error:
            print(f"skipped: {error}", file=sys.stderr)
