"""Losses on the points, and the dropout: options of the command line, what they may be, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

from net.model.shape import LEARNED, Shape
from net.options import option
from net.training.settings import INFINITE, check_choices, check_limits

LOSSES = ("l2", "wing", "smooth_l1")  # the formulas of `net.model.losses`, by name
LEARNERS = ALL, SPREAD = "all", "spread"  # what learns
LIMITS = {  # from the first, below the second
    "along": (0, INFINITE),
    "heat": (0, INFINITE),
    "pose": (0, INFINITE),
    "heat_width": (0, INFINITE),
    "dropout": (0, 1),
}


@dataclass(frozen=True)
class LandmarkSettings:
    """What training minimises, and the dropout. Raises ValueError for what is no choice or out of its limits."""

    loss: str = option("l2", "on the points, in pixels of the crop", LOSSES)
    along: float = option(1.0, "weight of errors along contours (jaw, brows, lids, lips), beside 1 of those across")
    heat: float = option(0.0, "weight of a loss that asks every heat map for one peak at its point")
    heat_width: float = option(1.0, "standard deviation of that peak, in cells of the heat map")
    pose: float = option(0.0, "weight of an extra answer, pitch, yaw and roll, which the exported graph leaves out")
    dropout: float = option(0.1, "part dropped before the head, 0 to 1")
    learn: str = option(
        ALL, "the whole network, or a head for how far off points may be, and the points stay", LEARNERS
    )

    def __post_init__(self) -> None:
        check_choices(self, {"loss": LOSSES, "learn": LEARNERS})
        check_limits(self, LIMITS)
        if not self.heat_width > 0:
            raise ValueError(f"heat_width: found {self.heat_width}, expected more than 0")

    def check_network(self, shape: Shape) -> None:
        """Raises ValueError where the loss asks for heat maps that a network lacks, or counts in another unit."""
        if shape.labels == "standardised" and self.loss == "wing":
            raise ValueError(
                "labels: found 'standardised' with loss 'wing', which counts in pixels; expected l2, smooth_l1"
            )
        if shape.labels == "standardised" and self.along != 1:
            expected = "expected 1: standardised x and y have no direction in common"
            raise ValueError(f"along: found {self.along} with labels 'standardised', {expected}")
        if self.learn == SPREAD and shape.spread != LEARNED:
            raise ValueError(f"learn: found {SPREAD!r} with spread {shape.spread!r}, expected {LEARNED!r}")
        if self.heat and shape.head == "dense":
            raise ValueError(f"heat: found weight {self.heat} with head 'dense', which has no heat maps; expected 0")
