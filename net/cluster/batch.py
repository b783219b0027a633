"""What becomes of a step's batch, and of the learning rate, where several workers share it."""

from __future__ import annotations


def divided(batch: int, workers: int) -> int:
    """Faces of a step for each process, of so many in all. Raises ValueError where they cannot be divided."""
    if batch % workers:
        raise ValueError(f"--batch: found {batch} faces for {workers} workers, expected a multiple of {workers}")
    return batch // workers


def scaled(batch: int, rate: float, optimizer: str, workers: int) -> tuple[int, float]:
    """Batch and learning rate that W workers with a whole batch each go with.

    W times the batch. SGD: W times the rate, for W small steps and a large one lead to the same place (Goyal et al.,
    "Accurate, large minibatch SGD", 2017, section 2.1). Adam and Muon: sqrt(W) times, for their steps do not grow with
    the gradient, whose noise falls as 1 / sqrt(W) (Malladi et al., "On the SDEs and scaling rules for adaptive gradient
    algorithms", NeurIPS 2022).
    """
    return batch * workers, rate * (workers if optimizer == "sgd" else workers**0.5)
