"""Looks of a model at faces whose points are known: how far off each point is, and how far off it was told to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from infer.faces.face import Face
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from infer.model.spread import Spread
from records import metrics
from records.landmarks import convert, scheme_in_contract
from records.split import TEST_FRACTION, Split
from tools.evaluation.held_out import read_all
from tools.evaluation.splits import TEST, split_of_contract
from tools.make.datasets import named
from tools.read.face import AnnotatedFace, Item

FARTHEST = 10.0  # crops' sides: no spread is wider


class Looking(Protocol):
    """A `Landmarker`, or what is called like one."""

    contract: Contract

    def fit_faces(self, image: np.ndarray, boxes: np.ndarray, passes: int) -> list[Face]: ...


@dataclass(frozen=True, eq=False)
class Looks:
    """N looks at faces of K points, one pass each.

    true: how far off the points are, float64 [N, K], pixels, NaN unknown; told: how far off they were told to be,
    float64 [N, K], pixels; sides: of the crops, sizes: sqrt(w h) of the faces' boxes, pixels, [N]; sure: of the faces,
    0 to 1, [N]; sources: [N].
    """

    true: np.ndarray
    told: np.ndarray
    sides: np.ndarray
    sizes: np.ndarray
    sure: np.ndarray
    sources: np.ndarray

    @classmethod
    def joined(cls, looks: Sequence[Look]) -> Looks:
        """The looks as arrays. Raises ValueError where there is none."""
        if not looks:
            raise ValueError("looks: found no face, expected some that are held out and readable")
        faces = [look.face for look in looks]
        return cls(
            np.array([look.true for look in looks]),
            np.array([face.errors for face in faces], np.float64),
            np.array([look.side for look in looks]),
            np.array([look.size for look in looks]),
            np.array([face.sure for face in faces]),
            np.array([look.source for look in looks]),
        )

    def by_box(self) -> tuple[np.ndarray, np.ndarray]:
        """What is told and what is true, float64 [N, K], fractions of sqrt(w h) of the faces' boxes."""
        return self.told / self.sizes[:, None], self.true / self.sizes[:, None]


@dataclass(frozen=True, eq=False)
class Look:
    """One look at a face, as `Looks` has many."""

    face: Face
    true: np.ndarray
    side: float
    size: float
    source: str


def faces_as_learnt(items: Sequence[Item], contract: Contract) -> Iterator[tuple[Item, AnnotatedFace]]:
    """The items with their faces, in the points of a model: of its scheme, and of the annotation that it learnt.

    What cannot be read, or has no such points, is said and left out. Raises ValueError for a scheme that does not lead
    to the model's.
    """
    scheme = scheme_in_contract(vars(contract.points))
    for item, face in read_all(named(items, scheme), contract.trained_on.points or "pts_2d"):
        yield item, replace(face, points=convert(face.points, face.scheme, scheme), scheme=scheme)


def look_at(
    landmarker: Looking, image: np.ndarray, points: np.ndarray, box: np.ndarray, source: str, start: np.ndarray
) -> Look:
    """One pass over a face with these points [K, 2] and box (x0, y0, x1, y1), from the landmark box `start`; pixels.

    Raises ValueError for a model that tells no errors.
    """
    contract = landmarker.contract
    (face,) = landmarker.fit_faces(image, start[None], 1)
    if face.errors is None:
        raise ValueError(f"{contract.model}: tells no errors, expected a contract with spread, curve and points")
    side = Crop.around(start, contract.crop.margin, contract.input.size).side
    true = metrics.point_errors(face.points[None], points[None])[0]
    return Look(face, true, side, float(np.sqrt(np.prod(box[2:] - box[:2]))), source)


def uncalibrated(model: str | Path | None) -> Landmarker:
    """A model whose `errors` are its spreads as they are. Raises ValueError where it has none, and as `Landmarker`."""
    landmarker = Landmarker(model)
    contract = landmarker.contract
    if contract.spread is None:
        raise ValueError(f"{contract.model}: has no output of spreads, expected one that export/freeze.py wrote")
    ends = (0.0, FARTHEST)
    plain = Spread(contract.spread.name, ends, ends, (1.0,) * contract.points.count)
    landmarker.contract = replace(contract, spread=plain)
    return landmarker


def halves(items: Sequence[Item], contract: Contract) -> tuple[list[Item], list[Item]]:
    """Held-out faces in two halves by their sources: those that errors are calibrated on, and those that nothing was
    fitted on, to report by."""
    held = split_of_contract(contract.model.name, contract) or Split(TEST_FRACTION)
    half = replace(held, test_fraction=held.test_fraction / 2)
    fitted = [half.side_of(item.source) == TEST for item in items]
    first = [item for item, chosen in zip(items, fitted, strict=True) if chosen]
    return first, [item for item, chosen in zip(items, fitted, strict=True) if not chosen]
