"""The faces that one model is measured with: those of sources that its training did not see."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from infer.jobs.progress import Progress
from infer.model.contract import Contract
from records import metrics
from tools.evaluation.splits import CONTRACT, TEST, FaceSelection, choose_split, split_in_words, split_of_contract
from tools.read import formats
from tools.read.face import AnnotatedFace, BadSample, Item


def held_out(
    data: Sequence[Path], contract: Contract, count: int | None = None, seed: int = 0, side: str = TEST
) -> list[Item]:
    """The items of a side of the model's split; of each subset at most `count`, drawn by the seed.

    A contract that names no split is said on stderr, and that faces of both sides are no held-out ones. Raises
    ValueError where there is no such face, for a split rule that is not known, and as the readers' `find`.
    """
    selection, name = FaceSelection(tuple(data), side), contract.model.name
    chosen = choose_split({name: split_of_contract(name, contract)}, side)
    if chosen.origin != CONTRACT:
        print(f"{name}: split {split_in_words(chosen.as_json())}", file=sys.stderr)
    rng = np.random.default_rng(seed)
    subsets: dict[tuple[str, str], list[Item]] = {}
    for item in selection.faces(chosen):
        subsets.setdefault((item.dataset, item.subset), []).append(item)
    return [items[index] for items in subsets.values() for index in sorted(rng.permutation(len(items))[:count])]


def part_of(item: Item, face: AnnotatedFace) -> str:
    """The subset that a face counts in, and the |yaw| bin where its pose is known, as a table names them."""
    index = int(metrics.yaw_bin(face.pose[1:2])[0])
    return f"{item.part}, {metrics.YAW_BINS[index]}" if index >= 0 else item.part


def read_all(items: Sequence[Item], points: str = "pts_2d") -> Iterator[tuple[Item, AnnotatedFace]]:
    """The items with their faces, one after the other, with progress; what cannot be read is said and left out."""
    with Progress(len(items), "faces") as progress:
        for item in items:
            try:
                yield item, formats.read(item, points)
            except BadSample as error:
                progress.say(f"skipped: {error}")
            progress.step()
