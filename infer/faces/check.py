"""Tells faces from what a detector mistook for them, by what the network made of them.

On a face a pass over the mirrored crop repeats the points, and these lie like those of real faces; on a patch of wall
either fails more or less. One number sums it up: a logistic function of logarithms. `face_check.json` is written by
`tools/fit_constants.py check`, anew for every network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .constants import read_constants

CONSTANTS = Path(__file__).resolve().parents[1] / "face_check.json"
FACE = 0.5  # a score from which on it is a face; the constants are such that this is the chosen threshold
AGREEMENT = 0.05  # of other points than the check knows, only the mirror's agreement counts: where its score is FACE
SLACK = 2.0  # what the benefit of the doubt adds to the logistic function's input
FLOOR = 1e-3  # of a disagreement, as a fraction of the face: less tells nothing


@dataclass(frozen=True)
class ShapePrior:
    """How real faces' points lie, without place, size and roll: a mean and its main variations (PCA).

    T. Cootes et al., "Active Shape Models - Their Training and Application", CVIU 1995. mean: complex [K], what shapes
    are turned to; centre: float64 [2K], all x and then all y; components: [M, 2K], unit vectors; deviations: [M];
    residual: root mean square of what the components leave over.
    """

    mean: np.ndarray
    centre: np.ndarray
    components: np.ndarray
    deviations: np.ndarray
    residual: float

    def distances(self, points: np.ndarray) -> np.ndarray:
        """How unusual points [N, K, 2] are: float64 [N, 2], of the variations and of the rest, about 1 for a face."""
        flat = flattened(normalised(points, self.mean)) - self.centre
        parts = flat @ self.components.T
        rest = np.square(flat).sum(axis=1) - np.square(parts).sum(axis=1)
        usual = np.sqrt(np.square(parts / self.deviations).mean(axis=1))
        return np.stack([usual, np.sqrt(np.maximum(rest, 0)) / self.residual], axis=1)


@dataclass(frozen=True)
class FaceCheck:
    """The score of a found thing. scheme: of the points it knows; model: SHA-256 of the network it was fitted for;
    prior; weights [3] and bias of its `features`."""

    scheme: str
    model: str
    prior: ShapePrior
    weights: np.ndarray
    bias: float

    def scores(self, points: np.ndarray, mirrored: np.ndarray, model: str) -> np.ndarray:
        """How likely things are faces, float64 [N], 0 to 1, FACE being the threshold.

        points, mirrored: as of `features`; model: SHA-256 of the network that they are of. One for which the check was
        not fitted is given the benefit of the doubt.
        """
        slack = 0.0 if model == self.model else SLACK
        return _logistic(features(points, mirrored, self.prior) @ self.weights + self.bias + slack)


def own_constants(model: Path) -> Path:
    """Where the constants of a model's own check belong: beside it, of `landmark_small.pb` `face_check_small.json`."""
    rest = model.stem.removeprefix("landmark")
    return model.with_name(f"{CONSTANTS.stem}{rest if rest[:1] in ('', '_') else f'_{rest}'}.json")


def constants_of(model: Path) -> Path:
    """The constants of the check for a model: its own, those that came along for one of its name, or CONSTANTS."""
    own = own_constants(model)
    return next((path for path in (own, CONSTANTS.with_name(own.name)) if path.is_file()), CONSTANTS)


def load_check(path: Path = CONSTANTS) -> FaceCheck:
    """The check of a file. Raises as `read_constants` does."""
    return read_constants(path, "the constants of the check for faces", "check", _parsed_check)


def _parsed_check(data: dict) -> FaceCheck:
    keys, shape = ("mean", "centre", "components", "deviations"), data["shape"]
    mean, centre, components, deviations = (np.array(shape[key], np.float64) for key in keys)
    if components.shape != (len(deviations), 2 * len(mean)) or centre.shape != (2 * len(mean),):
        raise ValueError(f"components {list(components.shape)}, centre {list(centre.shape)} of {len(mean)} points")
    prior = ShapePrior(mean @ (1, 1j), centre, components, deviations, float(shape["residual"]))
    weights = np.array(data["weights"], np.float64)
    if weights.shape != (3,):
        raise ValueError(f"weights {list(weights.shape)}")
    return FaceCheck(data["scheme"], data["model_sha256"], prior, weights, float(data["bias"]))


def features(points: np.ndarray, mirrored: np.ndarray, prior: ShapePrior) -> np.ndarray:
    """What the score is made of, float64 [N, 3]: logarithms of the mirror's disagreement and of the prior's distances.

    points, mirrored: [N, K, 2], of the last pass, and of one over the mirrored crop around them, mirrored back.
    """
    values = np.concatenate([disagreement(mirrored, points)[:, None], prior.distances(points)], axis=1)
    return np.log(values + FLOOR)


def agreement_scores(points: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Scores float64 [N] by the mirror's agreement alone, for points that no check knows: FACE at AGREEMENT."""
    return _logistic(2 * np.log(AGREEMENT / np.maximum(disagreement(mirrored, points), 1e-6)))


def disagreement(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean distance of points [N, K, 2] from others as a fraction of the longer edge of those' box: float64 [N]."""
    points, others = np.asarray(points, np.float64), np.asarray(others, np.float64)
    edges = np.maximum(np.ptp(others, axis=1).max(axis=1), 1e-6)
    return np.linalg.norm(points - others, axis=2).mean(axis=1) / edges


def normalised(points: np.ndarray, mean: np.ndarray | None = None) -> np.ndarray:
    """Points [N, K, 2] as complex [N, K] around 0 with root mean square 1; turned to `mean` if given (Procrustes)."""
    shapes = np.asarray(points, np.float64) @ (1, 1j)
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    shapes /= np.maximum(np.sqrt(np.square(np.abs(shapes)).mean(axis=1, keepdims=True)), 1e-9)
    if mean is None:
        return shapes
    turn = shapes @ mean.conj()
    return shapes * (turn.conj() / np.maximum(np.abs(turn), 1e-9))[:, None]


def flattened(shapes: np.ndarray) -> np.ndarray:
    """Complex [N, K] -> float64 [N, 2K]: all x and then all y."""
    return np.concatenate([shapes.real, shapes.imag], axis=1)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))
