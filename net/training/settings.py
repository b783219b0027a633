"""The optimiser: its options of the command line, what they may be, and their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from net.options import option

OPTIMIZERS = ("adam", "sgd", "muon")
SCHEDULES = ("exponential", "cosine", "plateau")
PRECISIONS = ("float32", "bfloat16")
AUTO = "auto"  # until it is known which of these is taken: `net.training.precision`
CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "precision": (AUTO, *PRECISIONS)}
INFINITE = float("inf")
LIMITS = {  # from the first, below the second
    "weight_decay": (0, INFINITE),
    "rate": (0, INFINITE),
    "decay_steps": (1, INFINITE),
    "patience": (1, INFINITE),
    "warmup": (0, INFINITE),
    "average": (0, 1),
    "seed": (0, 2**31),
}


@dataclass(frozen=True)
class Settings:
    """Optimiser and averages; seed: of the weights, the order, the augmentation and the dropout.

    Raises ValueError for what is no choice or out of its limits.
    """

    weight_decay: float = option(1e-4, "L2 of the kernels")
    optimizer: str = option("adam", "Adam, momentum 0.9 (Nesterov), or orthogonalised momentum", OPTIMIZERS)
    rate: float = option(0.001, "the first learning rate")
    schedule: str = option("exponential", "how the learning rate falls; cosine: to 0 at the last step", SCHEDULES)
    decay_factor: float = option(0.98, "exponential, plateau: the learning rate is multiplied by this")
    decay_steps: int = option(1000, "exponential: every so many steps")
    patience: int = option(3, "plateau: after so many evaluations without a better one")
    warmup: int = option(0, "steps in which the learning rate rises to its first value")
    average: float = option(0.0, "decay of the weights' moving average that is tested and exported; 0: none")
    precision: str = option(
        AUTO,
        "of the convolutions in training; auto: bfloat16 where the processor multiplies in it",
        (AUTO, *PRECISIONS),
    )
    seed: int = option(1, "of weights, order, augmentation and dropout")

    def __post_init__(self) -> None:
        check_choices(self, CHOICES)
        check_limits(self, LIMITS)
        if not self.rate > 0 or not 0 < self.decay_factor <= 1:
            raise ValueError(
                f"optimiser: found rate {self.rate}, decay_factor {self.decay_factor}, expected rate > 0, decay_factor "
                "in (0, 1]"
            )


def check_choices(settings: Any, choices: Mapping[str, Sequence[str]]) -> None:
    """Raises ValueError where a field is none of its choices."""
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise ValueError(f"{name}: found {getattr(settings, name)!r}, expected one of {', '.join(known)}")


def check_limits(settings: Any, limits: Mapping[str, tuple[float, float]]) -> None:
    """Raises ValueError where a field is below the first of its limits, or not below the second."""
    for name, (low, high) in limits.items():
        if not low <= getattr(settings, name) < high:
            raise ValueError(f"{name}: found {getattr(settings, name)}, expected {low} or more, under {high}")
