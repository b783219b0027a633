"""The kind of run that trains a detector: how its folder tells itself from one of landmarks."""

from __future__ import annotations

from dataclasses import dataclass

from net.detector.shape import DetectorShape
from net.run.kind import Kind, Measure


@dataclass(frozen=True)
class ScenesSummary:
    """What the manifest of a run's scenes says of them.

    points: 300W-LP's key, where boxes come from points; longest: pixels of a picture's longer side at most; subsets:
    scenes by subset and split.
    """

    points: str
    longest: int
    subsets: dict[str, dict[str, int]]


THRESHOLD = "threshold"  # among what tests measure: the score from which on a find is a face
JUDGE = "test"  # the split that judges such runs

DETECTOR_RUNS = Kind(
    name="detector",
    example="scene",
    program="net/train_detector.py",
    contract="detector.json",
    network=DetectorShape,
    records=ScenesSummary,
    measure=Measure("average_precision", "average precision", "AP", less=False),
    listed=("average_precision", "recall"),
    note="best.json",
)
