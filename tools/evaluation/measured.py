"""What an evaluation works with: true points and every model's answers, and the errors that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from records import metrics
from records.landmarks import Scheme

PASSES = (1, 2)
TRUE, SHIFTED, DETECTOR = BOXES = ("true", "shifted", "detector")


@dataclass(order=True)
class Tile:
    """One of a model's worst faces: its error (box NME), key, crop uint8 [TILE, TILE, 3] BGR, points in its pixels."""

    error: float
    key: str
    image: np.ndarray = field(compare=False)
    true: np.ndarray = field(compare=False)
    predicted: np.ndarray = field(compare=False)


@dataclass(eq=False)
class Measured:
    """True points and every model's answers, in pixels of each face's picture; no picture but the worst faces' crops.

    scheme: of all points; keys, sources, subsets: of each face [N]; yaw: radians, NaN unknown, [N]; true: [N, K, 2];
    moves: shift in x and y (of the box's width and height) and scale of each drawn box [N, draws, 3]; answers: by
    (model, boxes, passes) [N, K, 2], for shifted boxes [N, draws, K, 2], NaN for a face that the detector missed;
    invented: by (model, passes) how many found things are no annotated face, [N], counted at the first face of a
    picture; worst: by model, the worst first; skipped: a line for each face that could not be read.
    """

    scheme: Scheme
    models: tuple[str, ...]
    keys: np.ndarray
    sources: np.ndarray
    subsets: np.ndarray
    yaw: np.ndarray
    true: np.ndarray
    moves: np.ndarray
    answers: dict[tuple[str, str, int], np.ndarray]
    invented: dict[tuple[str, int], np.ndarray]
    worst: dict[str, list[Tile]]
    skipped: list[str]

    @property
    def boxes(self) -> tuple[str, ...]:
        """The kinds of boxes that were measured."""
        return tuple(kind for kind in BOXES if (self.models[0], kind, PASSES[0]) in self.answers)

    def errors(self, model: str, boxes: str, passes: int, norm: str, points: Sequence[int] | None = None) -> np.ndarray:
        """NME of each face as a fraction, float64 [N]: of shifted boxes the mean over the draws; infinity: missed.

        norm, points: as `records.metrics.nme_per_face` has them.
        """
        return self._averaged(
            (model, boxes, passes),
            lambda answers: metrics.nme_per_face(answers, self.true, norm, self.scheme, points),
        )

    def mean_absolute_errors(self, model: str, boxes: str, passes: int) -> np.ndarray:
        """Mean absolute error of each face in pixels, float64 [N], as `errors`."""
        return self._averaged((model, boxes, passes), lambda answers: metrics.mean_absolute_error(answers, self.true))

    def errors_of_draws(self, model: str, passes: int, norm: str) -> np.ndarray:
        """NME of each face from each of its shifted boxes, as a fraction, float64 [N, draws]."""
        answers = self.answers[model, SHIFTED, passes]
        draws = [answers[:, draw] for draw in range(answers.shape[1])]
        return np.stack([metrics.nme_per_face(draw, self.true, norm, self.scheme) for draw in draws], axis=1)

    def _averaged(self, key: tuple[str, str, int], measure: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """A measure of answers [N, K, 2], averaged over the draws of shifted boxes; infinity for a missed face."""
        answers = self.answers[key]
        if key[1] == SHIFTED:
            return np.mean([measure(answers[:, draw]) for draw in range(answers.shape[1])], axis=0)
        missed = np.isnan(answers).any(axis=(1, 2))
        return np.where(missed, np.inf, measure(np.where(missed[:, None, None], 0, answers)))
