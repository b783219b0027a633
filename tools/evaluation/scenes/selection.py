"""The scenes that an evaluation takes: pictures with all their faces from any set that can be read, on one side of the
split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from infer.geometry.boxes import distinct
from infer.jobs.progress import Progress
from records.landmarks import IBUG_68
from tools.evaluation.corruptions import in_light
from tools.evaluation.scenes.truth import TrueFace, TrueScene, yaw_of
from tools.evaluation.splits import TEST, ChosenSplit
from tools.read import formats, scenes
from tools.read.face import AUTO, AnnotatedFace, BadSample, Item
from tools.read.faces_together import BY, SAME
from tools.read.standing import five_of


@dataclass(eq=False)
class SceneSelection:
    """data: sets, files or folders; side, test_fraction, orientation: as of `tools.evaluation.splits.FaceSelection`;
    points: key of the data sets that have several kinds; count: at most so many pictures of each set, drawn by the
    seed, None: all; light: how much of it the pictures keep, over 0 to 1; with less than all of it they have the noise
    of a small sensor; skipped: a line for each picture that could not be read. Raises ValueError for what is no light.
    """

    data: tuple[Path, ...]
    side: str = TEST
    test_fraction: float | None = None
    orientation: str = AUTO
    points: str = "pts_2d"
    count: int | None = None
    seed: int = 0
    light: float = 1.0
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 < self.light <= 1:
            raise ValueError(f"light: found {self.light:g}, expected more than 0, and 1 at most")

    @property
    def names(self) -> list[str]:
        """What the sets are called: a list's by its file without suffix."""
        return [path.resolve().stem if path.is_file() else path.resolve().name for path in self.data]

    def items(self, split: ChosenSplit) -> list[Item]:
        """The pictures on the chosen side. Raises ValueError where there is none, and as the readers' `find`."""
        rng, chosen, total = np.random.default_rng(self.seed), [], 0
        for path, name in zip(self.data, self.names, strict=True):
            found = scenes.find(path, name, orientation=self.orientation)
            held = [item for item in found if split.holds(item.source)]
            total += len(found)
            chosen += [held[index] for index in sorted(rng.permutation(len(held))[: self.count])]
        if not chosen:
            where = ", ".join(map(str, self.data))
            raise ValueError(f"{where}: found {total} pictures, none of the split {self.side}, expected some")
        return chosen

    def scenes(self, items: Sequence[Item]) -> Iterator[TrueScene]:
        """The items with their faces, one after the other, with progress; what cannot be read goes to `skipped`."""
        with Progress(len(items), "pictures") as progress:
            for item in items:
                try:
                    scene = read_scene(item, self.points)
                    yield scene if self.light == 1 else replace(scene, image=in_light(scene.image, self.light))
                except BadSample as error:
                    self.skipped.append(f"{item.key}: {error}")
                progress.step()


def read_scene(item: Item, points: str) -> TrueScene:
    """The scene of an item; of landmark sets with all points and the pose that they have. Raises BadSample."""
    if item.format not in scenes.OWN:
        return _scene_of_faces(item, [formats.read(face, points) for face in item.data])
    found = scenes.read(item, points)
    places = found.places
    faces = [
        TrueFace(box, float(box[3] - box[1]), five, by, None, yaw_of(None, five))
        for box, five, by in zip(places.box, places.five, places.by, strict=True)
    ]
    return TrueScene(found.image, faces, places.ignore, item.key, item.source)


def _scene_of_faces(item: Item, several: Sequence[AnnotatedFace]) -> TrueScene:
    """The annotated faces of one picture, each once."""
    single = distinct(np.array([face.box for face in several]), SAME)
    faces = [_true_face(several[index]) for index in single]
    return TrueScene(several[0].image, faces, np.zeros((0, 4)), item.key, item.source)


def _true_face(face: AnnotatedFace) -> TrueFace:
    box, five = np.asarray(face.box, np.float64), five_of(face)
    points = face.points if face.scheme is IBUG_68 else None
    yaw = float(face.pose[1]) if np.isfinite(face.pose[1]) else yaw_of(points, five)
    return TrueFace(box, float(box[3] - box[1]), five, BY, points, yaw)
