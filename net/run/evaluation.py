"""What every test of a run's weights finds, and what a task's own test has to offer for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from records.runtime import v1


@dataclass(frozen=True)
class Findings:
    """What a test of the weights found.

    measures: fractions by name, kept of the best checkpoint and told TensorBoard; words: what lines say of them;
    pictures: answers drawn, uint8 RGB [H, W, 3]; others: further numbers for TensorBoard alone.
    """

    measures: Mapping[str, float]
    words: str
    pictures: Sequence[np.ndarray] = ()
    others: Mapping[str, float] = field(default_factory=dict)


class Evaluation(Protocol):
    """The part of the training graph that tests, with the averaged weights where there are any."""

    @property
    def saver(self) -> v1.train.Saver:
        """Saves the weights that are tested, under the plain names of the variables."""

    def run(self, session: v1.Session) -> Findings:
        """Tests the weights of a session on the records that judge."""
