"""A task as the command line asks for it: all that a training has to be told of it before its records are opened.

`net.landmarks.task` and `net.detector.task` are two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from net.run.kind import NetworkShape

if TYPE_CHECKING:  # it brings TensorFlow, which a command line has no need of
    from net.training.open_task import OpenTask


class TrainingTask(ABC):
    """A task as the command line asks for it, a frozen dataclass of its options.

    shape: what its network looks like, without what only the records know; together: whether several machines can train
    it.
    """

    shape: NetworkShape
    together = False

    @property
    def validation(self) -> float:
        """Part of the training sources that judges in place of the test records."""
        return 0.0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Lines of what one should know of it before it begins, besides its network."""
        return ()

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The options of the command line that the weights depend on, as JSON has them."""

    @abstractmethod
    def opened(self, start: Path | None) -> OpenTask:
        """The task with its records open. start: the model or run folder that training starts from.

        Raises ValueError or FileNotFoundError for records that cannot serve it.
        """
