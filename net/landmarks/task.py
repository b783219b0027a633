"""The task of landmarks as the command line asks for it: crops of faces in, their points out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from net.data.ranges import NO_AUGMENTATION, Ranges
from net.data.selection import Selection
from net.landmarks.settings import LandmarkSettings
from net.model.shape import Shape
from net.options import values_of
from net.training.task import TrainingTask

if TYPE_CHECKING:
    from net.landmarks.open_task import OpenLandmarkTask


@dataclass(frozen=True)
class LandmarkTask(TrainingTask):
    """Landmarks, as the command line asks for them; shape: of the network, without what only the records know.

    Raises ValueError for a loss that the network cannot have.
    """

    records: Selection
    shape: Shape = field(default_factory=Shape)
    own: LandmarkSettings = field(default_factory=LandmarkSettings)
    ranges: Ranges = field(default_factory=Ranges)

    together = True

    def __post_init__(self) -> None:
        self.own.check_network(self.shape)

    @property
    def validation(self) -> float:
        return self.records.validation

    @property
    def remarks(self) -> tuple[str, ...]:
        offset = self.shape.label_offset
        if not offset:
            return ()
        where = f"{abs(offset):g} of the crop's side to the {'right' if offset > 0 else 'left'} of their faces"
        return (f"labels: taken to lie {where}, and so will the answers (--label-offset)",)

    def options(self) -> dict[str, Any]:
        return {
            **self.records.options(),
            "no_augment": self.ranges == NO_AUGMENTATION,
            **values_of(self.shape),
            **values_of(self.own),
            **values_of(self.ranges),
        }

    def opened(self, start: Path | None) -> OpenLandmarkTask:
        from net.landmarks.open_task import open_landmarks  # not above: TensorFlow, which a command line does without

        return open_landmarks(self, start)
