"""The teacher of a distillation: what trained models answer, on average, for views of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infer.geometry.boxes import picture_box, relative_shape
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from records.landmarks import scheme_in_contract, steps
from records.manifest import Manifest
from records.scheme import Scheme

TURN, SHIFT, SCALE = 12.0, 0.05, 0.08  # of a view, at most: degrees, fractions of the crop's side, log of its side


@dataclass(frozen=True)
class View:
    """A crop beside the record's own: angle in radians, shift (x, y) in fractions of its side, scale of its side."""

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


@dataclass(frozen=True)
class MeanAnswer:
    """What a teacher says of a record: points, the mean over its views, float64 [K, 2], and their scatter, float64 [K]:
    how far a view lies from that mean, root mean square. Both in fractions of the record's crop."""

    points: np.ndarray
    scatter: np.ndarray


class Teacher:
    """The mean answer of models over views of a record.

    models: paths; views: how many crops, at least 1. Raises what `infer.landmarker.Landmarker` raises, ValueError for
    views < 1.
    """

    def __init__(self, models: Sequence[Path], views: int):
        if views < 1:
            raise ValueError(f"views: found {views}, expected at least 1")
        self.views = views
        self.landmarkers = [Landmarker(model) for model in models]
        self.straight, self.mirrored = views_of(views - views // 2), views_of(views // 2)

    def check(self, manifest: Manifest) -> None:
        """Raises ValueError where a model answers other points than the records have: of another scheme or kind."""
        scheme, kind = manifest.scheme.name, manifest.points
        for landmarker in self.landmarkers:
            contract = landmarker.contract
            learnt = contract.trained_on.points or kind  # a contract by hand does not say
            for found, expected in ((contract.points.scheme, scheme), (learnt, kind)):
                if found != expected:
                    expected = f"expected those of the records, {expected}"
                    raise ValueError(f"{contract.model}: found points of {found}, {expected}")

    def learnt(self, manifest: Manifest) -> tuple[Scheme, str]:
        """The scheme of what the models answer, which must lead to the records' own, and its kind.

        Raises ValueError where models differ, their points are the records' own, or do not lead to these.
        """
        contracts = [landmarker.contract for landmarker in self.landmarkers]
        schemes = [scheme_in_contract(vars(contract.points)) for contract in contracts]
        kinds = [contract.trained_on.points or manifest.points for contract in contracts]
        first = contracts[0].model
        for contract, scheme, kind in zip(contracts, schemes, kinds, strict=True):
            if (scheme.name, kind) != (schemes[0].name, kinds[0]):
                expected = f"expected {schemes[0].name} by {kinds[0]}, as {first} has"
                raise ValueError(f"{contract.model}: found points of {scheme.name} by {kind}, {expected}")
        if not steps(schemes[0], manifest.scheme):
            expected = f"expected others that lead to those of the records, {manifest.scheme.name}"
            raise ValueError(f"{first}: found points of {schemes[0].name}, {expected}")
        return schemes[0], kinds[0]

    def notes(self, before: Manifest) -> dict[str, Any]:
        """What the manifest of a set with its answers says of it; before: of the set that it looked at."""
        contracts = [landmarker.contract for landmarker in self.landmarkers]
        terms = {*before.notes.get("terms", []), *(contract.terms for contract in contracts if contract.terms)}
        return {
            "views": self.views,
            "teachers": [contract.sha256 for contract in contracts],
            "terms": sorted(terms),
        }

    def answer(self, image: np.ndarray, manifest: Manifest) -> MeanAnswer:
        """The answer for a record's picture uint8 [edge, edge, 3] RGB."""
        answers: list[np.ndarray] = []
        image = np.ascontiguousarray(image[..., ::-1])
        for landmarker in self.landmarkers:
            for views, mirrored in ((self.straight, False), (self.mirrored, True)):
                crops = [crop_of(view, image.shape[0], manifest, landmarker.contract) for view in views]
                answers.extend(landmarker.look(image, crops, mirrored).points)
        mean = np.mean(answers, axis=0, dtype=np.float64)
        scatter = np.sqrt(np.square(np.array(answers) - mean).sum(axis=2).mean(axis=0)) / manifest.size
        points = relative_shape(mean - manifest.context, picture_box(manifest.size, manifest.size))
        return MeanAnswer(points, scatter)


def views_of(count: int) -> list[View]:
    """So many views, the same in every run: first the record's own crop."""
    rng = np.random.default_rng(0)
    drawn = rng.uniform(-1, 1, (max(0, count - 1), 4)) * (np.radians(TURN), SHIFT, SHIFT, SCALE)
    return [View(), *(View(angle, (x, y), float(np.exp(log))) for angle, x, y, log in drawn.tolist())][:count]


def crop_of(view: View, edge: int, manifest: Manifest, contract: Contract) -> Crop:
    """A view's crop, as wide as the model's contract wants it, in a record's picture of `edge` pixels."""
    # the record's crop is the box's longer edge and the set's margin on both sides
    side = manifest.size / (1 + 2 * manifest.margin) * (1 + 2 * contract.crop.margin) * view.scale
    centre = (edge - 1) / 2 + np.array(view.shift) * side
    return Crop(tuple(centre), side, contract.input.size, view.angle)
