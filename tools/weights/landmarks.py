"""The way from annotated faces to the standard landmark network: stages, then lessons by what these learned.

Minutes are those of docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.weights.steps import Command, freezing, making, training

LAST = ("--checkpoint", "last")
STAGES = {"real": 86, "real_more": 80}  # recipe -> minutes, each from the one before's weights


@dataclass(frozen=True)
class Lesson:
    """Labels distilled anew, and the recipes to learn them by, with their minutes, each from the one before's weights.

    trust: how far labels move towards the teachers, by subset: by hand, by machine, by a fitted 3-D model; minutes: of
    distilling.
    """

    recipes: Mapping[str, int]
    trust: str
    views: int
    minutes: int


LESSONS = (
    Lesson({"real_taught": 20}, "300W/*=0.6,300W/YTF=0.7,300W_LP/*=0.4", 16, 4),
    Lesson({"real_taught_more": 51, "real_polished": 13}, "300W/*=0.7,300W/YTF=0.8,300W_LP/*=0.5", 12, 8),
)


def landmark_steps(data: Sequence[Path], init: Path | None, work: Path, out: Path, terms: str | None) -> list[Command]:
    """All steps from data sets to the model in a folder: records, stages, lessons, export.

    init: a contract to go on from, by the last lesson alone; work: folder of records and runs; terms: of use, None: as
    they follow from the data.
    """
    how = (*LAST, *(("--terms", terms) if terms else ()))
    records = work / "records"
    steps = [making(records, "tools/make_records.py", *data)]
    network = init or work / list(STAGES)[-1]  # a run, or a model by its contract
    if init is None:
        steps += _chain(STAGES, None, records, work)
    teachers: list[Path] = []
    for lesson in LESSONS if init is None else LESSONS[-1:]:
        teachers = [_model_of(network, work), *teachers]
        if network != init:
            steps.append(freezing(network, teachers[0].parent, *how))
        steps += _taught(lesson, records, teachers, network, work)
        network = work / list(lesson.recipes)[-1]
    return [*steps, freezing(network, out, *how)]


def _model_of(network: Path, work: Path) -> Path:
    """The model, to teach, of a run or of a contract."""
    return network.with_suffix(".pb") if network.suffix == ".json" else work / "models" / network.name / "landmark.pb"


def _taught(lesson: Lesson, records: Path, teachers: Sequence[Path], init: Path, work: Path) -> list[Command]:
    """Labels distilled by teachers (models), and training on them from init (a run or a contract)."""
    taught = work / f"records_{next(iter(lesson.recipes))}"
    options = ("--teacher", *teachers, "--trust", lesson.trust, "--views", lesson.views)
    distilling = making(taught, "tools/rewrite/distil.py", records, *options, minutes=lesson.minutes)
    return [distilling, *_chain(lesson.recipes, init, taught, work)]


def _chain(recipes: Mapping[str, int], init: Path | None, records: Path, work: Path) -> list[Command]:
    """Training by recipes, each from the run of the one before, the first from init, if any."""
    steps = []
    for recipe, minutes in recipes.items():
        start = ("--init", init) if init else ()
        steps.append(training("net/train.py", recipe, work / recipe, records, *start, minutes=minutes))
        init = work / recipe
    return steps
