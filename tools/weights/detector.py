"""The way from pictures with all their faces to the detector that ships, which a better one alone replaces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from net.detector.kind import DETECTOR_RUNS
from tools.weights.steps import Command, carry_out, freezing, making, training
from tools.weights.verdict import verdict_on

RECIPE, MORE = "own", "own_more"  # from nothing; from a detector that is there
MINUTES = {RECIPE: 85, MORE: 65}
SETS = tuple(f"{name}.jsonl" for name in ("mtfl", "masks", "crowds", "negatives", "300W", "300W_LP"))  # of the recipe
LOOK = 640  # pixels: longest side of the one look that detectors are compared by
TURN = 45  # degrees: one look sees no head on its side
MODEL = f"{DETECTOR_RUNS.name}.pb"


def train_detector_weights(data: Path, init: Path | None, work: Path, out: Path, terms: str) -> None:
    """Scenes, training, export, and a comparison with the detector that is in `out`: a better one takes its place.

    data: folder of SETS; init: a contract to start from; work: folder of scenes, run and comparison; terms: of use.
    Raises FileNotFoundError for a missing set, subprocess.CalledProcessError where a step fails.
    """
    recipe = MORE if init else RECIPE
    sets, run, new, judged = sets_in(data), work / recipe, work / "models" / recipe, work / f"judged_{recipe}"
    there = (out / DETECTOR_RUNS.contract).is_file()
    compared = [out / MODEL, new / MODEL] if there else [new / MODEL]
    start = ("--init", init) if init else ()
    carry_out(
        [
            making(work / "scenes", "tools/make_scenes.py", *sets, minutes=3),
            training(DETECTOR_RUNS.program, recipe, run, work / "scenes", *start, minutes=MINUTES[recipe]),
            freezing(run, new, "--terms", terms),
            judging(compared, sets, judged),
        ]
    )
    if not there or is_better(judged, new, out):
        freezing(run, out, "--terms", terms).take()


def judging(models: Sequence[Path], sets: Sequence[Path], out: Path) -> Command:
    """The step that measures detectors on what training held out of the sets."""
    how = ("--looks", LOOK, "--turns", TURN, "--no-speed", "--out", out)
    # 1: some could not be read, and are named
    return Command("tools/evaluate.py", ("--detector", *models, "--data", *sets, *how), minutes=5, fine=(0, 1))


def is_better(judged: Path, new: Path, out: Path) -> bool:
    """Whether the new detector is better than that in `out`, by what was measured of both; says so."""
    document = json.loads((judged / "evaluation.json").read_text(encoding="utf-8"))
    verdict = verdict_on(document["differences"])
    end = f"better: it takes the place of {out / MODEL}" if verdict.better else f"not better: {out} keeps its detector"
    print("\n".join([*verdict.reasons, f"{new / MODEL} is {end}"]), flush=True)
    return verdict.better


def sets_in(data: Path) -> list[Path]:
    """The recipe's sets in a folder. Raises FileNotFoundError where some are missing."""
    if missing := [name for name in SETS if not (data / name).is_file()]:
        raise FileNotFoundError(
            f"{data}: found no {', '.join(missing)}, expected the sets of the recipes {RECIPE} and {MORE}"
        )
    return [data / name for name in SETS]
