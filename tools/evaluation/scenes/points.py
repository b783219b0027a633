"""What a detector's boxes cost the points: one pass of the landmark network from them, and from the true boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from infer.geometry.candidates import Candidates
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from records import metrics
from records.detections import partners_of
from tools.evaluation.scenes.truth import TrueScene

NORMS = ("inter_ocular", "box")


@dataclass(eq=False)
class PointErrors:
    """By norm the NME, as a fraction, of each face whose points are known, [F]; infinity: the face was missed."""

    by_norm: dict[str, list[float]] = field(default_factory=lambda: {norm: [] for norm in NORMS})

    def add(self, scene: TrueScene, answers: Sequence[np.ndarray | None]) -> None:
        """The errors of a scene's faces: points [K, 2] of each, None: missed."""
        for face, points in zip(scene.faces, answers, strict=True):
            if face.points is not None:
                for norm, errors in self.by_norm.items():
                    errors.append(np.inf if points is None else _error(points, face.points, norm))

    def __len__(self) -> int:
        return len(self.by_norm[NORMS[0]])

    def errors(self, norm: str) -> np.ndarray:
        """float64 [F]."""
        return np.array(self.by_norm[norm], np.float64)


def _error(points: np.ndarray, true: np.ndarray, norm: str) -> float:
    return float(metrics.nme_per_face(points[None], true[None], norm)[0])


def points_from_truth(landmarker: Landmarker, scene: TrueScene) -> list[np.ndarray]:
    """The points of each face of a scene by one pass from its true box, upright."""
    return [landmarker.fit(scene.image, face.box[None], 1)[0] for face in scene.faces]


def points_from_finds(landmarker: Landmarker, scene: TrueScene, found: Candidates) -> list[np.ndarray | None]:
    """The points of each face of a scene by one pass from the box it was found with, standing as that does; None:
    missed. found: what counts as faces, surest first."""
    truth, crop = scene.truth(), landmarker.contract.crop
    points: list[np.ndarray | None] = [None] * len(scene.faces)
    for oriented, partner in zip(found.oriented, partners_of(found.boxes, truth.boxes, truth.ignore), strict=True):
        if partner >= 0:
            around = Crop.of_oriented(oriented, crop.margin, landmarker.contract.input.size)
            points[partner] = landmarker.look(scene.image, [around]).points[0]
    return points


def point_rows(true: PointErrors, found: dict[str, PointErrors]) -> list[dict]:
    """A row a model and norm: faces, missed; NME in % from true boxes over all faces, and over those that were found
    from true boxes, from the model's, and by how much these are worse. None where no face has known points."""
    rows: list[dict] = []
    for model, one in found.items() if len(true) else ():
        for norm in NORMS:
            own, other = true.errors(norm), one.errors(norm)
            both = np.isfinite(own) & np.isfinite(other)
            rows.append(
                {
                    **{"model": model, "norm": norm, "faces": len(own), "missed": int(np.isinf(other).sum())},
                    "true boxes": 100 * metrics.mean(own),
                    "of the found, true boxes": 100 * metrics.mean(own[both]),
                    "its boxes": 100 * metrics.mean(other[both]),
                    "rise": 100 * metrics.mean(other[both] - own[both]),
                }
            )
    return rows
