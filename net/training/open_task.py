"""A task with its records open: what is a training's own. The loop, the optimisers and the reports serve all.

`net.landmarks.open_task` and `net.detector.open_task` are two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from net.cluster.machine import Machine
from net.run.evaluation import Evaluation
from net.run.folder import RunFolder
from net.run.kind import Network, Summary
from net.run.reporter import Subject
from net.training.settings import Settings
from records.runtime import tf, v1
from records.split import Split

Batch = Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class Losses:
    """What a step minimises.

    parts: its terms by name, weighted, float32 [] each; further: other numbers that reports tell, by name.
    """

    parts: Mapping[str, tf.Tensor]
    further: Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class RecordsOrigin(Generic[Summary]):
    """What the records of a run say of themselves: for settings.json; how their sources were parted; their terms of
    use, as far as they are not those of the data sets named."""

    summary: Summary
    split: Split
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Anew:
    """Layers of the network that keep their random start, whatever there is to start from; why: in words."""

    layers: tuple[str, ...]
    why: str


class OpenTask(ABC, Generic[Network, Summary]):
    """A task with its records open.

    subject: what reports need; folder: of the records; network: with what only the records know of it; origin: what
    the records say of themselves; anew: what does not go on from other weights, None where all may.
    """

    subject: Subject
    folder: Path
    network: Network
    origin: RecordsOrigin[Summary]
    anew: Anew | None = None

    @abstractmethod
    def batches(self, machine: Machine, size: int, seed: int, first: int) -> tf.data.Dataset:
        """Endless training batches of so many examples, a dict of tensors each, from the step `first` on.

        machine: what this process is, which says what part of the records is its own.
        """

    @abstractmethod
    def losses(self, batch: Batch, settings: Settings, step: tf.Tensor) -> Losses:
        """The losses of a batch; builds the network in training. step: the global one, int64 []."""

    @abstractmethod
    def is_hidden_kernel(self, variable: tf.Variable) -> bool:
        """Whether a variable is the kernel of a convolution between maps, which muon makes orthogonal steps for."""

    @abstractmethod
    def evaluation(self, saver: v1.train.Saver) -> Evaluation:
        """The test on the records that judge; builds the network in inference. saver: of what is tested."""

    @abstractmethod
    def calibrate(self, examples: int) -> None:
        """Builds the network in inference on training examples, as many as that of landmarks would take, or all.

        Its maps there give batch norm the statistics back that a frozen graph has lost.
        """

    @abstractmethod
    def page_writer(self) -> Callable[[RunFolder], None]:
        """What writes the report of a run that has ended. Raises ImportError without matplotlib."""
