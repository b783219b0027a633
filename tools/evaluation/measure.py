"""Runs models over annotated faces the way they ship (infer, OpenCV): from true, shifted and detected boxes."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from infer.geometry.boxes import absolute_shape, box_of, overlaps, picture_box
from infer.geometry.crop import Crop
from infer.jobs.progress import Progress
from infer.landmarker import Landmarker
from records import metrics
from records.landmarks import MAPPINGS, SCHEMES, Scheme, convert, scheme_of
from tools.evaluation.mean_face import MEAN_SHAPE, MeanShape
from tools.read import formats as readers
from tools.read.face import BadSample, Face, Item

PASSES = (1, 2)
TRUE, SHIFTED, DETECTOR = BOXES = ("true", "shifted", "detector")
SHIFT = 0.10  # of the box's width and height, either way
SCALES = (0.85, 1.20)
FOUND = 0.5  # IoU of the box around the answer with that around the true points that makes a face found
WORST = 24
TILE, TILE_MARGIN = 240, 0.25  # pixels, and what a worst face's crop shows beyond its box, of its longer edge


class Model(Protocol):
    """What can be measured: a `Landmarker`, or what is called like one."""

    def fit(self, image: np.ndarray, boxes: np.ndarray, passes: int) -> np.ndarray: ...

    def detect(self, image: np.ndarray, passes: int) -> list: ...


@dataclass(frozen=True)
class Settings:
    """points: key of the data sets that have several kinds; draws: shifted boxes per face; seed: of these; detector:
    whether to run the detector."""

    points: str = "pts_2d"
    draws: int = 3
    seed: int = 0
    detector: bool = True


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


def open_models(paths: Sequence[Path]) -> dict[str, Model]:
    """The models by path as given, and the mean shape last.

    Raises ValueError for a path given twice, and as `Landmarker` does; where points have no known scheme or another
    number than it.
    """
    models = {str(path): Landmarker(path) for path in paths}
    if len(models) != len(paths):
        raise ValueError("models: found one of them twice, expected each once")
    for name, model in models.items():
        scheme = scheme_of_model(name, model)
        if model.contract.points.count != scheme.count:
            raise ValueError(
                f"{name}: found {model.contract.points.count} points, expected {scheme.count} of {scheme.name}"
            )
    return {**models, MEAN_SHAPE: MeanShape()}


def scheme_of_model(name: str, model: Model) -> Scheme:
    """The scheme of a model's points. Raises ValueError, naming the model, for one that is not known."""
    if isinstance(model, MeanShape):
        return model.scheme
    try:
        return scheme_of(model.contract.points.scheme)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def common_scheme(items: Sequence[Item], models: dict[str, Model]) -> Scheme:
    """The first scheme that all data sets and models have or map to. Raises ValueError, naming what there is."""
    found = {item.scheme.name: item.dataset for item in items}
    found |= {scheme_of_model(name, model).name: name for name, model in models.items()}
    for scheme in SCHEMES.values():
        if all(name == scheme.name or (name, scheme.name) in MAPPINGS for name in found):
            return scheme
    there = ", ".join(f"{name} ({place})" for name, place in sorted(found.items()))
    raise ValueError(f"point schemes: found {there}, expected one that all map to")


def measure(items: Sequence[Item], models: dict[str, Model], settings: Settings) -> Measured:
    """Every model's answers on every face. Memory grows with the points, never with the pictures.

    Raises ValueError where no face is readable, and for data sets and models without a common scheme.
    """
    run = _Run(common_scheme(items, models), models, settings)
    with Progress(len(items), "faces") as progress:
        for several in by_picture(items):
            run.picture(several)
            progress.step(len(several))
    if not run.faces:
        raise ValueError(f"found {len(items)} faces and none readable, the first: {run.skipped[0]}")
    return run.measured()


def by_picture(items: Iterable[Item]) -> list[list[Item]]:
    """The faces of each picture together, in the order of the first ones."""
    pictures: dict[tuple, list[Item]] = {}
    for item in items:
        # the source too, for one file may hold many pictures (Kaggle's)
        pictures.setdefault((item.picture, item.source), []).append(item)
    return list(pictures.values())


class _Run:
    """Collects the answers picture by picture."""

    def __init__(self, scheme: Scheme, models: dict[str, Model], settings: Settings):
        self.scheme, self.models, self.settings = scheme, models, settings
        self.faces: list[tuple] = []  # key, source, subset, yaw, true points, moves
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
        if points and self.settings.detector:
            self._detect(image, np.array(points))

    def measured(self) -> Measured:
        """All that came together, as arrays."""
        columns = [np.array(column) for column in zip(*self.faces, strict=True)]
        return Measured(
            self.scheme,
            tuple(self.models),
            *columns,
            answers={key: np.array(values) for key, values in self.answers.items()},
            invented={key: np.array(values) for key, values in self.invented.items()},
            worst={name: sorted(tiles, reverse=True) for name, tiles in self.worst.items()},
            skipped=self.skipped,
        )

    def _read(self, item: Item) -> Face | None:
        """The face with its points in the common scheme; None, and noted, where it can't be read."""
        try:
            face = readers.read(item, self.settings.points)
        except BadSample as error:
            self.skipped.append(f"{item.key}: {error}")
            return None
        return replace(face, points=convert(face.points, face.scheme, self.scheme), scheme=self.scheme)

    def _face(self, item: Item, face: Face) -> None:
        boxes, moves = shifted_boxes(face.box, item.key, self.settings)
        subset = f"{item.dataset}/{item.subset}"
        self.faces.append((item.key, item.source, subset, face.pose[1], face.points, moves))
        for name, model in self.models.items():
            for passes in PASSES:
                points = self._fit(name, model, face.image, face.box[None], passes)[0]
                self._keep((name, TRUE, passes), points)
                if len(boxes):
                    self._keep((name, SHIFTED, passes), self._fit(name, model, face.image, boxes, passes))
            self._remember_worst(name, item.key, face, points)  # of the last pass, as run.py answers

    def _fit(self, name: str, model: Model, image: np.ndarray, boxes: np.ndarray, passes: int) -> np.ndarray:
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

    def _remember_worst(self, name: str, key: str, face: Face, points: np.ndarray) -> None:
        error = metrics.nme_per_face(points[None], face.points[None], "box", self.scheme)[0]
        worst = self.worst[name]
        if np.isnan(error) or (len(worst) == WORST and error <= worst[0].error):
            return
        crop, edges = Crop.around(face.box, TILE_MARGIN, TILE), picture_box(TILE, TILE)
        true, predicted = (absolute_shape(crop.to_fractions(some), edges) for some in (face.points, points))
        tile = Tile(float(error), key, crop.cut(face.image), true, predicted)
        heapq.heappushpop(worst, tile) if len(worst) == WORST else heapq.heappush(worst, tile)


def shifted_boxes(box: np.ndarray, key: str, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Boxes as a detector might give them, float64 [draws, 4], and how each was moved, float64 [draws, 3].

    The centre moves by a uniform draw of up to SHIFT of the width in x and of the height in y, both edges are scaled by
    one uniform draw from SCALES; a move is (x, y, scale). The draws follow from (seed, key): more faces change none.
    """
    entropy = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
    rng = np.random.default_rng([settings.seed, entropy])
    low, high = (-SHIFT, -SHIFT, SCALES[0]), (SHIFT, SHIFT, SCALES[1])
    moves = rng.uniform(low, high, (settings.draws, 3))
    corner, edges = np.asarray(box[:2], np.float64), np.asarray(box[2:] - box[:2], np.float64)
    centres, halves = corner + edges / 2 + moves[:, :2] * edges, moves[:, 2:] * edges / 2
    return np.concatenate([centres - halves, centres + halves], axis=1), moves


def match(true: np.ndarray, found: np.ndarray) -> list[int]:
    """For each annotated face [N, K, 2] the index of the found one [M, K, 2] that is its, -1 where it was missed.

    Compared are the boxes tight around the points that the annotated face has, true and found, so that unknown ones do
    not count. One to one: the pair that overlaps most comes first, down to an intersection over union of FOUND.
    """
    partners = [-1] * len(true)
    if not len(found):
        return partners
    shared = np.array([_overlaps_of(points, found) for points in true])
    while shared.max() >= FOUND:
        row, column = np.unravel_index(np.argmax(shared), shared.shape)
        partners[row] = int(column)
        shared[row, :] = shared[:, column] = -1
    return partners


def _overlaps_of(points: np.ndarray, found: np.ndarray) -> np.ndarray:
    known = np.isfinite(points).all(axis=1)
    return overlaps(box_of(points), np.array([box_of(others[known]) for others in found]))
