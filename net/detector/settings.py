"""What a detector's training minimises and how it is tested: options of the command line, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

from net.detector.shape import MULTIPLE
from net.options import option
from net.training.settings import INFINITE, check_limits

LIMITS = {  # from the first, below the second
    "box_weight": (0, INFINITE),
    "points_weight": (0, INFINITE),
    "side": (MULTIPLE, 4096),
    "look": (MULTIPLE, 4096),
    "judged": (1, INFINITE),
}


@dataclass(frozen=True)
class DetectionSettings:
    """Losses, scenes and tests. Raises ValueError for what is out of its limits."""

    box_weight: float = option(1.0, "of the loss on boxes; that on scores has 1")
    points_weight: float = option(1.0, "of the loss on the five points")
    side: int = option(320, "of a training scene, pixels")
    look: int = option(640, "longest side of test scenes, pixels; larger ones are reduced to it")
    judged: int = option(600, "so many test scenes at most are looked at in a test, evenly spread")

    def __post_init__(self) -> None:
        check_limits(self, LIMITS)
        if self.side % MULTIPLE:
            raise ValueError(f"side: found {self.side}, expected a multiple of {MULTIPLE}")
