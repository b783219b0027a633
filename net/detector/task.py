"""The task of a face detector as the command line asks for it: scenes of pictures in, what every cell sees out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from net.detector.ranges import SceneRanges
from net.detector.settings import DetectionSettings
from net.detector.shape import DetectorShape
from net.options import values_of
from net.training.task import TrainingTask

if TYPE_CHECKING:
    from net.detector.open_task import OpenDetectorTask


@dataclass(frozen=True)
class DetectorTask(TrainingTask):
    """A detector, as the command line asks for it; records: folder of scenes; mix: how often subsets come."""

    records: Path
    mix: Mapping[str, float] = field(default_factory=dict)
    shape: DetectorShape = field(default_factory=DetectorShape)
    own: DetectionSettings = field(default_factory=DetectionSettings)
    ranges: SceneRanges = field(default_factory=SceneRanges)

    def options(self) -> dict[str, Any]:
        return {
            "records": str(self.records.resolve()),
            "mix": dict(self.mix) or None,
            **values_of(self.shape),
            **values_of(self.own),
            **values_of(self.ranges),
        }

    def opened(self, start: Path | None) -> OpenDetectorTask:
        from net.detector.open_task import open_scenes  # not above: TensorFlow, which a command line does without

        return open_scenes(self)
