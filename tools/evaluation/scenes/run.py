"""Detectors run over scenes as they are and turned; what they found, what they missed, and points from their boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from infer.geometry.candidates import Candidates
from infer.landmarker import Landmarker
from records.judging import FoundBoxes, Judged, TruePicture, judge
from tools.evaluation.scenes.points import PointErrors, points_from_finds, points_from_truth
from tools.evaluation.scenes.sheets import Tiles
from tools.evaluation.scenes.truth import TrueScene, turned


class SceneFinder(Protocol):
    """A detector in one way of looking; threshold: the score from which on it calls a thing a face."""

    threshold: float

    def find(self, image: np.ndarray) -> Candidates:
        """What may be faces in a picture uint8 [height, width, 3] BGR, unsure things too, each thing once."""


@dataclass(eq=False)
class Answers:
    """What one finder did: by degrees that the scenes were turned its finds, a scene each; of scenes as they are what
    it missed and invented, and the errors of points from its boxes."""

    finds: dict[float, list[FoundBoxes]] = field(default_factory=lambda: defaultdict(list))
    tiles: Tiles = field(default_factory=Tiles)
    errors: PointErrors = field(default_factory=PointErrors)


@dataclass(eq=False)
class SceneRun:
    """truths: by degrees of turning, a scene each; answers: by finder; errors: of points from the true boxes;
    picture_sources: of each scene; sources, subsets: of each face."""

    truths: dict[float, list[TruePicture]]
    answers: dict[str, Answers]
    errors: PointErrors = field(default_factory=PointErrors)
    picture_sources: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    subsets: list[str] = field(default_factory=list)

    def judged(self, name: str, degrees: float = 0.0) -> Judged:
        """A finder's finds against the truth."""
        return judge(self.truths[degrees], self.answers[name].finds[degrees])


def run_finders(
    scenes: Iterable[TrueScene],
    finders: Mapping[str, SceneFinder],
    turns: Sequence[float],
    landmarker: Landmarker | None,
) -> SceneRun:
    """All finders over all scenes, turned clockwise by each of `turns` (degrees); a scene in memory at a time.

    landmarker: whose points from true and found boxes are compared, None: nobody's. Raises ValueError without a scene.
    """
    run = SceneRun({turn: [] for turn in turns}, {name: Answers() for name in finders})
    for scene in scenes:
        run.picture_sources.append(scene.source)
        run.sources += [scene.source] * len(scene.faces)
        run.subsets += [scene.key.rpartition("/")[0]] * len(scene.faces)
        fitting = landmarker if any(face.points is not None for face in scene.faces) else None
        if fitting:
            run.errors.add(scene, points_from_truth(fitting, scene))
        for turn in turns:
            _run_turned(run, turned(scene, turn), finders, turn, fitting)
    if not run.picture_sources:
        raise ValueError("scenes: found no picture that can be read, expected some")
    return run


def _run_turned(
    run: SceneRun, scene: TrueScene, finders: Mapping[str, SceneFinder], turn: float, landmarker: Landmarker | None
) -> None:
    truth = scene.truth()
    run.truths[turn].append(truth)
    for name, finder in finders.items():
        found, answers = finder.find(scene.image), run.answers[name]
        found = found.chosen(np.argsort(-found.scores, kind="stable"))
        boxes = FoundBoxes(found.boxes, found.scores, found.oriented[:, 4])
        answers.finds[turn].append(boxes)
        if turn == 0:
            answers.tiles.add(scene, judge([truth], [boxes]), boxes.boxes, finder.threshold)
            if landmarker:
                sure = found.chosen(found.scores >= finder.threshold)
                answers.errors.add(scene, points_from_finds(landmarker, scene, sure))
