"""Fits how far off points are, by the spread that a network tells of them: `curve` and `points` of its contract.

Of held-out faces, for on those of its training a network errs less; and of one half of their sources, so that the other
half stays to say how good the fit is. Every face counts as it is and with its eyes and its mouth covered, from the true
box and from one as a detector might give it.

The curve is isotonic regression (R. Barlow et al., "Statistical Inference under Order Restrictions", 1972) of groups of
equal size; it and each point's factor are fitted in turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from tools.evaluation.boxes import shifted_boxes
from tools.evaluation.corruptions import COVERS, Picture
from tools.evaluation.held_out import held_out
from tools.evaluation.looks import Look, Looking, Looks, faces_as_learnt, halves, look_at, uncalibrated
from tools.evaluation.ranks import spearman
from tools.read.face import Item

FEWEST = 20  # faces
ROUNDS = 5
# parts of the points below each knot: closer where they are unsure, for few are
PARTS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 0.995, 1)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What follows from spreads: knots of the curve, each point's factor, as `infer.model.spread.Spread` has them."""

    spreads: np.ndarray
    errors: np.ndarray
    points: np.ndarray

    def expected(self, spread: np.ndarray) -> np.ndarray:
        """The error to be expected, [N, K], in the unit of the knots."""
        return np.interp(spread, self.spreads, self.errors) * self.points

    def as_json(self) -> dict[str, Any]:
        """The contract's two keys, of as many digits as are known."""
        curve = {"spread": self.spreads, "error": self.errors}
        rounded = {key: [float(f"{value:.4g}") for value in values] for key, values in curve.items()}
        return {"curve": rounded, "points": self.points.round(3).tolist()}


def fit_errors(model: Path, data: Sequence[Path], count: int | None) -> tuple[dict[str, Any], str]:
    """The model's contract, as JSON has it, with `curve` and `points` of its spread, and a report by the other half.

    count: at most so many faces of each subset. Raises ValueError for too few faces, for a model without spread, and as
    `held_out`.
    """
    landmarker = uncalibrated(model)
    items = held_out(data, landmarker.contract, count)
    fitted, rest = halves(items, landmarker.contract)
    if len(fitted) < FEWEST or not rest:
        raise ValueError(f"{model.name}: found {len(fitted)} held-out faces to fit errors by, expected {FEWEST}")
    looks, found = looks_of(landmarker, fitted)
    calibration, contract = fit(*in_crops(looks)), landmarker.contract.raw
    spread = {**contract["spread"], **calibration.as_json(), "fitted_on": found}
    return {**contract, "spread": spread}, report(calibration, looks_of(landmarker, rest)[0])


def looks_of(landmarker: Looking, items: Sequence[Item]) -> tuple[Looks, dict[str, int]]:
    """Looks at the faces as they are and covered, from the true box and a shifted one; how many faces of each subset.

    Those without these points are said and left out.
    """
    looks: list[Look] = []
    found: Counter[str] = Counter()
    for item, face in faces_as_learnt(items, landmarker.contract):
        looks += _looks_at(landmarker, item, face)
        found[f"{item.dataset}/{item.subset}"] += 1
    return Looks.joined(looks), dict(found)


def _looks_at(landmarker: Looking, item: Item, face) -> Iterator[Look]:
    plain = Picture(face.image, face.points, face.box)
    shifted, _ = shifted_boxes(face.box, item.key, 1)
    for image, points, box in (plain, *(cover(plain) for cover in COVERS.values())):
        for start in (box, *shifted):
            yield look_at(landmarker, image, points, box, item.source, start)


def in_crops(looks: Looks) -> tuple[np.ndarray, np.ndarray]:
    """What is told and what is true, [N, K], fractions of the crops' sides."""
    return looks.told / looks.sides[:, None], looks.true / looks.sides[:, None]


def fit(spread: np.ndarray, error: np.ndarray) -> Calibration:
    """The curve and the points' factors, of mean 1, that fit errors [N, K] best by spreads [N, K]; NaN: unknown.

    Raises ValueError where a point is known in no face, or all spreads are the same.
    """
    known = np.isfinite(error)
    if not known.any(axis=0).all():
        raise ValueError(f"errors: point {int(known.any(axis=0).argmin())} is known in no face, expected in some")
    points = np.ones(spread.shape[1])
    for _ in range(ROUNDS):
        knots = _curve(spread[known], (error / points)[known])
        told = np.where(known, np.interp(spread, *knots), np.nan)
        points = np.nanmean(error, axis=0) / np.nanmean(told, axis=0)
        points /= points.mean()
    return Calibration(*_curve(spread[known], (error / points)[known]), points)


def _curve(spread: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots of the isotonic curve through the means of groups of points, sorted by spread."""
    order = np.argsort(spread, kind="stable")
    cuts = np.unique((np.array(PARTS) * len(order)).astype(int))
    groups = [order[low:high] for low, high in zip(cuts[:-1], cuts[1:], strict=True)]
    places = np.array([spread[group].mean() for group in groups])
    means = np.array([error[group].mean() for group in groups])
    fitted = isotonic_regression(means, weights=[len(group) for group in groups]).x
    places, first = np.unique(places, return_index=True)
    if len(places) < 2:
        raise ValueError(f"errors: found one spread, {places[0]:.4g}, of all points, expected several")
    return places, fitted[first]


def report(calibration: Calibration, looks: Looks) -> str:
    """How well errors are told of faces that the fit did not see."""
    spread, error = in_crops(looks)
    told, known = calibration.expected(spread), np.isfinite(error)
    lines = [f"{len(error)} looks at faces of the other half: mean error {100 * error[known].mean():.2f} % of the crop"]
    lines += [f"told {100 * told[known].mean():.2f} %; Spearman over all points {spearman(told, error):.2f}"]
    return "\n".join(lines)
