"""The proof that a written model answers like its original: loaded again, by every runtime, on pictures.

The original is a checkpoint, or the model that was converted. What is compared, and how, a reference knows: of
landmarks `export.landmarks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from export.formats import Format
from export.runtimes import RUNTIMES, Answer
from export.signature import Signature


@dataclass(frozen=True)
class Difference:
    """How far a runtime's answers are from the original's.

    max, mean: of a number, in the reference's unit; nme_change: of the NME, relative (0.01: 1 % worse), where the
    answers are landmarks; spread: of a point's spread at most, in the same unit, where the network says it.
    """

    max: float
    mean: float
    nme_change: float | None = None
    spread: float | None = None


class Reference(Protocol):
    """Pictures, and what the original answers to them."""

    @property
    def signature(self) -> Signature:
        """By which the network is asked."""

    @property
    def unit(self) -> str:
        """What differences are in: a fraction of something."""

    @property
    def compared(self) -> dict[str, Any]:
        """What the comparison was made on, for the contract."""

    def difference(self, who: str, answer: Answer) -> Difference:
        """How far a runtime's answers are off. Raises ValueError, which begins with `who`, for other shapes."""

    def said(self, found: Difference) -> str:
        """What was compared, and the errors found besides, in words."""


def verify(model: Path, form: Format, truth: Reference) -> dict[str, Difference]:
    """The difference of each runtime that reads the format.

    Raises ValueError naming the runtime that is over the format's limit, answers in another shape, or refuses it.
    """
    differences = {}
    for name in form.runtimes:
        who = f"{model.name}: {name}"
        differences[name] = found = truth.difference(who, RUNTIMES[name](model, truth.signature))
        _check_within(who, found.max, form.limit, truth.unit)
        if form.rise is not None and not (found.nme_change is not None and found.nme_change <= form.rise):
            change = float("nan") if found.nme_change is None else found.nme_change
            raise ValueError(
                f"{who} has {100 * change:+.1f} % of the original's NME, expected at most {100 * form.rise:+g} %"
            )
        _check_within(f"{who}: spread", found.spread, form.spread, truth.unit)
    return differences


def _check_within(what: str, off: float | None, limit: float | None, unit: str) -> None:
    """Raises ValueError where something is further off than it may be, or not finite; where there is a limit."""
    if off is not None and limit is not None and not off <= limit:
        raise ValueError(f"{what} is {off:.2e} {of(unit)} from the original, expected at most {limit:g}")


def of(unit: str) -> str:
    """The unit behind a number: "of the crop's side"."""
    return unit.removeprefix("fraction ")


def deviations(
    who: str, answer: Answer, images: np.ndarray, expected: Sequence[np.ndarray], batches: Sequence[int]
) -> list[np.ndarray]:
    """Absolute differences of each output from what is expected of it, [N, ...]: float32 [len(batches), N, ...].

    batches: so many pictures are asked at once. Raises ValueError, which begins with `who`, for other shapes.
    """
    found = [in_batches(answer, images, size) for size in batches]
    for one in found:
        shapes, wanted = [[part.shape for part in parts] for parts in (one, expected)]
        if shapes != wanted:
            raise ValueError(f"{who} answers {_listed(shapes)}, the original {_listed(wanted)}")
    return [np.abs(np.stack(parts) - wanted) for parts, wanted in zip(zip(*found, strict=True), expected, strict=True)]


def in_batches(answer: Answer, images: np.ndarray, size: int) -> list[np.ndarray]:
    """What each output says of pictures, asked so many at once: float32 [N, ...]."""
    parts = [answer(images[start : start + size]) for start in range(0, len(images), size)]
    return [np.concatenate(answers) for answers in zip(*parts, strict=True)]


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))
