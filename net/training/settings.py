"""Loss and optimiser: the options of the command line, what they may be, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

from net.model.losses import LOSSES
from net.model.shape import Shape
from net.options import option

OPTIMIZERS = ("adam", "sgd", "muon")
SCHEDULES = ("exponential", "cosine", "plateau")
PRECISIONS = ("float32", "bfloat16")
CHOICES = {"loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES, "precision": PRECISIONS}
INFINITE = float("inf")
LIMITS = {  # from the first, below the second
    "heat": (0, INFINITE),
    "pose": (0, INFINITE),
    "weight_decay": (0, INFINITE),
    "rate": (0, INFINITE),
    "heat_width": (0, INFINITE),
    "decay_steps": (1, INFINITE),
    "patience": (1, INFINITE),
    "warmup": (0, INFINITE),
    "average": (0, 1),
    "dropout": (0, 1),
    "seed": (0, 2**31),
}


@dataclass(frozen=True)
class Settings:
    """Loss and optimiser; seed: of the weights, the order, the augmentation and the dropout.

    Raises ValueError for what is no choice or out of its limits.
    """

    loss: str = option("l2", "on the points, in pixels of the crop", LOSSES)
    heat: float = option(0.0, "weight of a loss that asks every heat map for one peak at its point")
    heat_width: float = option(1.0, "standard deviation of that peak, in cells of the heat map")
    pose: float = option(0.0, "weight of an extra answer, pitch, yaw and roll, which the exported graph leaves out")
    weight_decay: float = option(1e-4, "L2 of the kernels")
    optimizer: str = option("adam", "Adam, momentum 0.9 (Nesterov), or orthogonalised momentum", OPTIMIZERS)
    rate: float = option(0.001, "the first learning rate")
    schedule: str = option("exponential", "how the learning rate falls; cosine: to 0 at the last step", SCHEDULES)
    decay_factor: float = option(0.98, "exponential, plateau: the learning rate is multiplied by this")
    decay_steps: int = option(1000, "exponential: every so many steps")
    patience: int = option(3, "plateau: after so many evaluations without a lower test NME")
    warmup: int = option(0, "steps in which the learning rate rises to its first value")
    average: float = option(0.0, "decay of the weights' moving average that is tested and exported; 0: none")
    precision: str = option(
        "float32", "of the convolutions in training; bfloat16 is faster where it is built in", PRECISIONS
    )
    dropout: float = option(0.1, "part dropped before the head, 0 to 1")
    seed: int = option(1, "of weights, order, augmentation and dropout")

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: found {getattr(self, name)!r}, expected one of {', '.join(choices)}")
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) < high:
                raise ValueError(f"{name}: found {getattr(self, name)}, expected {low} or more, under {high}")
        if not self.rate > 0 or not 0 < self.decay_factor <= 1 or not self.heat_width > 0:
            raise ValueError(
                f"optimiser: found rate {self.rate}, decay_factor {self.decay_factor}, heat_width {self.heat_width}, "
                "expected rate > 0, decay_factor in (0, 1], heat_width > 0"
            )

    def check_network(self, shape: Shape) -> None:
        """Raises ValueError where the loss asks for heat maps that a network lacks, or counts in another unit."""
        if shape.labels == "standardised" and self.loss == "wing":
            raise ValueError(
                "labels: found 'standardised' with loss 'wing', which counts in pixels; expected l2, smooth_l1"
            )
        if self.heat and shape.head == "dense":
            raise ValueError(f"heat: found weight {self.heat} with head 'dense', which has no heat maps; expected 0")
