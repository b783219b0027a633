"""Runs models over annotated faces the way they ship (infer, OpenCV): from true, shifted and detected boxes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from infer.jobs.progress import Progress
from records import metrics
from records.landmarks import Scheme, convert
from tools.evaluation.boxes import match, shifted_boxes
from tools.evaluation.measured import DETECTOR, PASSES, SHIFTED, TRUE, Measured, Tile
from tools.evaluation.models import Measurable, common_scheme, named_by, scheme_of_model
from tools.read import formats
from tools.read.face import AnnotatedFace, BadSample, Item

WORST = 24
TILE, TILE_MARGIN = 240, 0.25  # pixels, and what a worst face's crop shows beyond its box, of its longer edge


@dataclass(frozen=True)
class EvaluationSettings:
    """points: key of the data sets that have several kinds; draws: shifted boxes per face; seed: of these; detector:
    whether to run the detector."""

    points: str = "pts_2d"
    draws: int = 3
    seed: int = 0
    detector: bool = True


def run_models(items: Sequence[Item], models: Mapping[str, Measurable], settings: EvaluationSettings) -> Measured:
    """Every model's answers on every face. Memory grows with the points, never with the pictures.

    Raises ValueError where no face is readable, and for data sets and models without a common scheme.
    """
    scheme = common_scheme(items, models)
    collector = _Collector(scheme, models, settings)
    with Progress(len(items), "faces") as progress:
        for several in by_picture(named_by(items, models)):
            collector.picture(several)
            progress.step(len(several))
    if not collector.faces:
        raise ValueError(f"found {len(items)} faces and none readable, the first: {collector.skipped[0]}")
    return collector.measured()


def by_picture(items: Iterable[Item]) -> list[list[Item]]:
    """The faces of each picture together, in the order of the first ones."""
    pictures: dict[tuple, list[Item]] = {}
    for item in items:
        # the source too, for one file may hold many pictures (Kaggle's)
        pictures.setdefault((item.picture, item.source), []).append(item)
    return list(pictures.values())


class _Known(NamedTuple):
    """What is known of one face, as `Measured` has it of all."""

    key: str
    source: str
    subset: str
    yaw: float
    true: np.ndarray
    moves: np.ndarray


class _Collector:
    """Collects the answers picture by picture."""

    def __init__(self, scheme: Scheme, models: Mapping[str, Measurable], settings: EvaluationSettings):
        self.scheme, self.models, self.settings = scheme, models, settings
        self.faces: list[_Known] = []
        self.answers: dict[tuple[str, str, int], list[np.ndarray]] = {}
        self.invented: dict[tuple[str, int], list[int]] = {}
        self.worst: dict[str, list[Tile]] = {name: [] for name in models}
        self.skipped: list[str] = []

    def picture(self, items: Sequence[Item]) -> None:
        """Reads the faces of one picture and runs all models over it."""
        image, points = None, []
        for item in items:
            face = self._read(item)
            if face is not None:
                self._face(item, face)
                image = face.image  # of all faces the same; one at a time is held
                points.append(face.points)
        if image is not None and self.settings.detector:
            self._detect(image, np.array(points))

    def measured(self) -> Measured:
        """All that came together, as arrays."""
        faces = self.faces
        return Measured(
            scheme=self.scheme,
            models=tuple(self.models),
            keys=np.array([face.key for face in faces]),
            sources=np.array([face.source for face in faces]),
            subsets=np.array([face.subset for face in faces]),
            yaw=np.array([face.yaw for face in faces]),
            true=np.array([face.true for face in faces]),
            moves=np.array([face.moves for face in faces]),
            answers={key: np.array(values) for key, values in self.answers.items()},
            invented={key: np.array(values) for key, values in self.invented.items()},
            worst={name: sorted(tiles, reverse=True) for name, tiles in self.worst.items()},
            skipped=self.skipped,
        )

    def _read(self, item: Item) -> AnnotatedFace | None:
        """The face with its points in the common scheme; None, and noted, where it can't be read."""
        try:
            face = formats.read(item, self.settings.points)
        except BadSample as error:
            self.skipped.append(f"{item.key}: {error}")
            return None
        return replace(face, points=convert(face.points, face.scheme, self.scheme), scheme=self.scheme)

    def _face(self, item: Item, face: AnnotatedFace) -> None:
        boxes, moves = shifted_boxes(face.box, item.key, self.settings.draws, self.settings.seed)
        subset = f"{item.dataset}/{item.subset}"
        self.faces.append(_Known(item.key, item.source, subset, face.pose[1], face.points, moves))
        for name, model in self.models.items():
            for passes in PASSES:
                points = self._fit(name, model, face.image, face.box[None], passes)[0]
                self._keep((name, TRUE, passes), points)
                if len(boxes):
                    self._keep((name, SHIFTED, passes), self._fit(name, model, face.image, boxes, passes))
            self._remember_worst(name, item.key, face, points)  # of the last pass, as run.py answers

    def _fit(self, name: str, model: Measurable, image: np.ndarray, boxes: np.ndarray, passes: int) -> np.ndarray:
        return convert(model.fit(image, boxes, passes), scheme_of_model(name, model), self.scheme)

    def _keep(self, key: tuple[str, str, int], points: np.ndarray) -> None:
        self.answers.setdefault(key, []).append(points)

    def _detect(self, image: np.ndarray, true: np.ndarray) -> None:
        """The detector's run over a picture whose annotated faces have these points [N, K, 2]."""
        nothing = np.full((1, self.scheme.count, 2), np.nan, np.float32)
        for name, model in self.models.items():
            source = scheme_of_model(name, model)
            for passes in PASSES:
                points = [convert(face.points, source, self.scheme)[None] for face in model.detect(image, passes)]
                found = np.concatenate([*points, nothing])  # last, for index -1
                partners = match(true, found[:-1])
                for index in partners:
                    self._keep((name, DETECTOR, passes), found[index])
                invented = len(points) - sum(index >= 0 for index in partners)
                self.invented.setdefault((name, passes), []).extend([invented] + [0] * (len(true) - 1))

    def _remember_worst(self, name: str, key: str, face: AnnotatedFace, points: np.ndarray) -> None:
        error = metrics.nme_per_face(points[None], face.points[None], "box", self.scheme)[0]
        worst = self.worst[name]
        if np.isnan(error) or (len(worst) == WORST and error <= worst[0].error):
            return
        crop, edges = Crop.around(face.box, TILE_MARGIN, TILE), picture_box(TILE, TILE)
        true, predicted = (absolute_shape(crop.to_fractions(some), edges) for some in (face.points, points))
        tile = Tile(float(error), key, crop.cut(face.image), true, predicted)
        heapq.heappushpop(worst, tile) if len(worst) == WORST else heapq.heappush(worst, tile)
