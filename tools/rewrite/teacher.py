"""The teacher of a distillation: what trained models answer, on average, for views of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infer.geometry.boxes import picture_box, relative_shape
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from records.manifest import Manifest

TURN, SHIFT, SCALE = 12.0, 0.05, 0.08  # of a view, at most: degrees, fractions of the crop's side, log of its side


@dataclass(frozen=True)
class View:
    """A crop beside the record's own: angle in radians, shift (x, y) in fractions of its side, scale of its side."""

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


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

    def answer(self, image: np.ndarray, manifest: Manifest) -> np.ndarray:
        """The mean answer for a record's picture uint8 [edge, edge, 3] RGB: float64 [K, 2], fractions of its crop."""
        answers: list[np.ndarray] = []
        image = np.ascontiguousarray(image[..., ::-1])
        for landmarker in self.landmarkers:
            for views, mirrored in ((self.straight, False), (self.mirrored, True)):
                crops = [crop_of(view, image.shape[0], manifest, landmarker.contract) for view in views]
                answers.extend(landmarker.look(image, crops, mirrored))
        points = np.mean(answers, axis=0, dtype=np.float64) - manifest.context
        return relative_shape(points, picture_box(manifest.size, manifest.size))


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
