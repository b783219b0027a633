"""The way from annotated faces to the standard landmark network: stages, then lessons by what these learned.

Minutes are those of docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.weights.steps import Command, freezing, making, training

LAST = ("--checkpoint", "last")
SURE = "sure"  # recipe of the head that tells errors, on the sets' own labels
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

UPRIGHT = Lesson({"real_upright": 43}, LESSONS[-1].trust, 16, 5)  # 43: as many steps as real_taught_more has


@dataclass(frozen=True)
class FaceData:
    """What landmark networks learn from: sets: of faces with all points; five: a list of faces with five, if any."""

    sets: Sequence[Path]
    five: Path | None = None


def landmark_steps(data: FaceData, init: Path | None, work: Path, out: Path, terms: str | None) -> list[Command]:
    """All steps from data sets to the model in a folder: records, stages, lessons, the round on upright crops, the head
    that tells errors, export.

    init: a contract to go on from, by what comes last alone: that round, or without faces of five points the last
    lesson; work: folder of records and runs; terms: of use, None: as they follow from the data.
    """
    how = (*LAST, *(("--terms", terms) if terms else ()))
    steps, network = ([], init) if init and data.five else _lessons(data.sets, init, work, how)
    if data.five:
        if network != init:
            steps.append(freezing(network, _model_of(network, work).parent, *how))
        steps += _upright(data.sets, data.five, network, work)
        network = work / list(UPRIGHT.recipes)[-1]
    steps += _chain({SURE: 3}, network, work / ("records_upright" if data.five else "records"), work)
    return [*steps, freezing(work / SURE, out, *how), calibrating(out / "landmark.pb", data.sets)]


def calibrating(model: Path, data: Sequence[Path]) -> Command:
    """The step that makes expected errors of what a model tells, in its contract."""
    return Command("tools/fit_constants.py", ("errors", model, "--data", *data), minutes=3)


def _lessons(data: Sequence[Path], init: Path | None, work: Path, how: Sequence[object]) -> tuple[list[Command], Path]:
    """Records, stages and lessons; from init the last lesson alone. With the last run."""
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
    return steps, network


def _upright(data: Sequence[Path], five: Path, network: Path, work: Path) -> list[Command]:
    """Records of upright crops, faces of five points among them, taught by a network, and training on from it."""
    places = {name: work / f"{name}_upright" for name in ("records", "taught", "five", "taught_five", "all")}
    options = ("--teacher", _model_of(network, work), "--views", UPRIGHT.views)
    trust = ("--trust", UPRIGHT.trust)
    return [
        making(places["records"], "tools/make_records.py", *data, "--upright"),
        making(places["taught"], "tools/rewrite/distil.py", places["records"], *options, *trust, minutes=5),
        making(places["five"], "tools/make_records.py", five, "--upright"),
        making(places["taught_five"], "tools/rewrite/teach.py", places["five"], *options, minutes=UPRIGHT.minutes),
        making(places["all"], "tools/rewrite/join.py", places["taught"], places["taught_five"]),
        *_chain(UPRIGHT.recipes, network, places["all"], work),
    ]


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
