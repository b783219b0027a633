"""Proposes which points of a set of records are each other's mirror image, from the set's own mean face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from infer.geometry.similarity import similarity
from records.scheme import Scheme
from tools.make.report import DOTS, NO_TIME, Faces

ROUNDS = 5  # of the Procrustes analysis; faces in crops lie nearly on each other from the start
STARTS = np.radians(np.arange(-45, 46, 2))  # leans of the middle line tried first; further it does not stand
STEPS = 20  # of assignment and middle line in turns; a handful is usual
ALIKE = 0.15  # of the mean face's radius: a point further from its partner's mirror image has no partner
FAR = 2 * ALIKE  # further than this counts no more: one point without a partner does not pull at the others
GREEN, RED, GREY = "#2ca02c", "#d62728", "0.6"


@dataclass(frozen=True)
class Partners:
    """What was found.

    shape: the mean face, float64 [K, 2], y down, its middle line through 0; lean: of that line, radians clockwise;
    flip: index of each point's partner, int [K]; off: how far that one's mirror image lies, of the shape's radius, [K].
    """

    shape: np.ndarray
    lean: float
    flip: np.ndarray
    off: np.ndarray

    @property
    def alone(self) -> list[int]:
        """Points without a partner, the worst first."""
        return [int(index) for index in np.argsort(-self.off) if self.off[index] > ALIKE]


def mean_face(labels: np.ndarray) -> np.ndarray:
    """The mean of faces [N, K, 2], float64 [K, 2] around 0, as upright as they are on average.

    Generalised Procrustes analysis (J. C. Gower, Psychometrika 40, 1975) of the faces whose points are all known; where
    there is none, the mean of what is known of each point. Raises ValueError where one is known of no face.
    """
    whole = labels[np.isfinite(labels).all(axis=(1, 2))]
    known = np.isfinite(labels).any(axis=0).all(axis=1)
    if not known.all():
        raise ValueError(f"found point {np.flatnonzero(~known)[0]} in no face, expected each in some")
    mean = np.nanmean(whole if len(whole) else labels, axis=0)
    for _ in range(ROUNDS if len(whole) else 0):
        fits = [similarity(face, mean) for face in whole]
        moved = [scale * face @ turn.T + shift for face, (scale, turn, shift) in zip(whole, fits, strict=True)]
        mean = np.mean(moved, axis=0)
    return mean - mean.mean(axis=0)


def partners_of(shape: np.ndarray) -> Partners:
    """The partners that mirror a shape [K, 2] best onto itself, across a middle line that stands, more or less.

    Point to point by the Hungarian method, and the best middle line to that, in turns; from several leans, for the
    first one may lead astray. Raises ValueError where all points lie in one place.
    """
    radius = np.sqrt(np.square(shape - shape.mean(axis=0)).sum(axis=1).mean())
    if not radius > 0:
        raise ValueError("found points that lie in one place, expected a face")
    tried = [_settled(shape, lean, radius) for lean in STARTS]
    return min(tried, key=lambda found: np.minimum(found.off, FAR).sum())


def _settled(shape: np.ndarray, lean: float, radius: float) -> Partners:
    """The partners that a first lean of the middle line leads to."""
    everyone = np.arange(len(shape))
    flip, centre = everyone, shape.mean(axis=0)
    for _ in range(STEPS):
        before, around = flip, shape - centre
        off = np.linalg.norm(mirrored(around, lean)[:, None] - around[None], axis=2) / radius
        flip = linear_sum_assignment(np.square(np.minimum(off, FAR)))[1]
        near = off[everyone, flip] < FAR
        if (flip == before).all() or not near.any():
            break
        # a point without a partner stands off the middle of the others, and so does the mean with it
        lean = best_lean(shape[near] - shape[near].mean(axis=0), shape[flip[near]] - shape[flip[near]].mean(axis=0))
        centre = (shape[near].mean(axis=0) + shape[flip[near]].mean(axis=0)) / 2
    flip = involution(np.square(np.minimum(off, FAR)), flip)
    around = shape - centre
    return Partners(around, lean, flip, np.linalg.norm(mirrored(around, lean) - around[flip], axis=1) / radius)


def mirrored(shape: np.ndarray, lean: float) -> np.ndarray:
    """A shape [K, 2] mirrored across the line through 0 that leans clockwise, radians, from the vertical."""
    cos, sin = np.cos(2 * lean), np.sin(2 * lean)
    return shape @ np.array([[-cos, -sin], [-sin, cos]])


def best_lean(points: np.ndarray, partners: np.ndarray) -> float:
    """The lean, at most 45 degrees either way, at which mirror images of points [N, 2] come nearest to partners."""
    (x, y), (u, v) = points.T, partners.T
    # the sum of products of mirror images and partners is cos(2 lean) (yv - xu) - sin(2 lean) (yu + xv)
    lean = np.arctan2(-(y @ u + x @ v), y @ v - x @ u) / 2
    return float(np.clip(lean, -np.pi / 4, np.pi / 4))


def involution(cost: np.ndarray, assigned: np.ndarray) -> np.ndarray:
    """An assignment [K] by a symmetric cost [K, K] in which partners are each other's.

    Of points that stand in a ring the cheapest pairs come together; what is left is its own partner.
    """
    flip = np.where(assigned[assigned] == np.arange(len(cost)), assigned, -1)
    gains = {
        (one, other): cost[one, one] + cost[other, other] - 2 * cost[one, other]
        for one, other in combinations(np.flatnonzero(flip < 0).tolist(), 2)
    }
    for (one, other), gain in sorted(gains.items(), key=lambda pair: -pair[1]):
        if gain > 0 and flip[one] < 0 and flip[other] < 0:
            flip[one], flip[other] = other, one
    return np.where(flip < 0, np.arange(len(cost)), flip)


def proposed(name: str, scheme: Scheme, found: Partners) -> Scheme:
    """The scheme under another name with the partners, where each point has one; else without."""
    flip = () if found.alone else tuple(int(index) for index in found.flip)
    return replace(scheme, name=name, flip=flip)


def in_words(found: Partners) -> list[str]:
    """Lines that say what was found: pairs, points on the middle line, points without a partner."""
    alone = set(found.alone)
    pairs = [f"{one} {other}" for one, other in enumerate(found.flip) if one < other and not {one, other} & alone]
    middle = [str(one) for one, other in enumerate(found.flip) if one == other and one not in alone]
    lines = [f"pairs: {', '.join(pairs) or 'none'}", f"on the middle line: {', '.join(middle) or 'none'}"]
    if alone:
        told = [f"{index} ({found.off[index]:.2f} of the face's radius off)" for index in found.alone]
        lines.append(f"without a partner: {', '.join(told)}; so nothing is mirrored")
    return lines


def draw_partners(found: Partners, faces: Faces, path: Path) -> None:
    """Writes a picture of the proposal: the mean face with its points, and beside it the pairs."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(faces.mean, extent=(0, 1, 1, 0))
    left.set(title="mean of the faces", xlim=(-0.1, 1.1), ylim=(1.1, -0.1), facecolor="0.1")
    for index, (x, y) in enumerate(np.nanmean(faces.labels, axis=0)):
        left.annotate(str(index), (x, y), color="white", fontsize=7, ha="center", va="center")
    length, (across, down) = np.abs(found.shape).max() * 1.2, (-np.sin(found.lean), np.cos(found.lean))
    right.plot((-length * across, length * across), (-length * down, length * down), color=GREY, linestyle="--")
    for index, partner in enumerate(found.flip):
        colour = RED if index in found.alone or partner in found.alone else GREEN
        right.plot(*found.shape[[index, partner]].T, "o-", color=colour, linewidth=1, markersize=4)
        right.annotate(str(index), found.shape[index], (3, 3), textcoords="offset points", fontsize=7)
    right.set(title="pairs, and the middle line", aspect="equal")
    right.invert_yaxis()
    figure.savefig(path, dpi=DOTS, metadata=NO_TIME)
