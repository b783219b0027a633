"""The way from pictures with all their faces to the detector that ships, which a better one alone replaces.

It has two networks: one for portraits and first looks, and a larger one, grown from it, for closer looks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from export.document import write_contract
from infer.model.detector_contract import read_detector_contract
from net.detector.kind import DETECTOR_RUNS
from tools.weights.steps import Command, carry_out, converting, freezing, making, training
from tools.weights.verdict import verdict_on

RECIPE, MORE = "own", "own_more"  # of the first network: from nothing; from a detector that is there
CLOSE, CLOSE_MORE = "own_close", "own_close_more"  # of that for closer looks, from the first one; on from there
MINUTES = {RECIPE: 85, MORE: 65, CLOSE: 60, CLOSE_MORE: 70}
KEPT = "kept"  # in place of the first network's recipe, where that is not trained
SETS = tuple(f"{name}.jsonl" for name in ("mtfl", "masks", "crowds", "negatives", "300W", "300W_LP"))  # of the recipe
LOOKS = 320, 640  # pixels: longest side of the one look that detectors are compared by; the second network takes 640
TURN = 45  # degrees: one look sees no head on its side
MODEL, CLOSER = f"{DETECTOR_RUNS.name}.pb", f"{DETECTOR_RUNS.name}_close.pb"


def train_detector_weights(
    data: Path, init: Path | None, work: Path, out: Path, terms: str, close_only: bool = False
) -> None:
    """Scenes, training, export, and a comparison with the detector that is in `out`: a better one takes its place.

    data: folder of SETS; init: a contract to start from; work: folder of scenes, runs and comparison; terms: of use;
    close_only: the detector in `out` stays, and gets a network for closer looks. Raises FileNotFoundError for a missing
    set, or detector to stay, subprocess.CalledProcessError where a step fails.
    """
    recipe = KEPT if close_only else MORE if init else RECIPE
    main = contract_in(out) if close_only else work / recipe
    sets, scenes = sets_in(data), work / "scenes"
    grown, close = work / f"{recipe}_close", work / f"{recipe}_close_more"
    new, judged = work / "models" / recipe, work / f"judged_{recipe}"
    there = [out / MODEL] if (out / DETECTOR_RUNS.contract).is_file() else []
    carry_out(
        [
            making(scenes, "tools/make_scenes.py", *sets, minutes=3),
            *([] if close_only else [learning(recipe, main, scenes, init)]),
            learning(CLOSE, grown, scenes, main),
            learning(CLOSE_MORE, close, scenes, grown),
            *exports(main, close, new, terms),
            judging([*there, new / MODEL], sets, judged),
        ]
    )
    if not there or is_better(judged, new, out):
        ship(main, close, out, terms)


def learning(recipe: str, run: Path, scenes: Path, init: Path | None) -> Command:
    """The step that trains a network into a run folder; init: a run or a contract to start from."""
    start = ("--init", init) if init else ()
    return training(DETECTOR_RUNS.program, recipe, run, scenes, *start, minutes=MINUTES[recipe])


def exports(main: Path, close: Path, out: Path, terms: str) -> list[Command]:
    """The steps that put both networks into a folder, that for closer looks first, for the other one names it.

    main: a run, or a model by its contract; close: a run.
    """
    second = freezing(close, out, "--name", Path(CLOSER).stem, "--terms", terms)
    if is_contract(main):
        return [second, converting(main.with_suffix(".pb"), out, "--close", CLOSER)]
    return [second, freezing(main, out, "--terms", terms, "--close", CLOSER)]


def ship(main: Path, close: Path, out: Path, terms: str) -> None:
    """Puts both networks into a folder; a first one that is a model stays as it is, and names the other one."""
    second, first = exports(main, close, out, terms)
    second.take()
    if is_contract(main):
        write_contract(main, read_detector_contract(main).raw | {"close": CLOSER})
    else:
        first.take()


def is_contract(main: Path) -> bool:
    """Whether the first network is a model, by its contract, and not a run."""
    return main.name == DETECTOR_RUNS.contract


def judging(models: Sequence[Path], sets: Sequence[Path], out: Path) -> Command:
    """The step that measures detectors on what training held out of the sets."""
    how = ("--looks", *LOOKS, "--turns", TURN, "--no-speed", "--out", out)
    # 1: some could not be read, and are named
    return Command("tools/evaluate.py", ("--detector", *models, "--data", *sets, *how), minutes=10, fine=(0, 1))


def is_better(judged: Path, new: Path, out: Path) -> bool:
    """Whether the new detector is better than that in `out`, by what was measured of both; says so."""
    document = json.loads((judged / "evaluation.json").read_text(encoding="utf-8"))
    verdict = verdict_on(document["differences"])
    end = f"better: it takes the place of {out / MODEL}" if verdict.better else f"not better: {out} keeps its detector"
    print("\n".join([*verdict.reasons, f"{new / MODEL} is {end}"]), flush=True)
    return verdict.better


def sets_in(data: Path) -> list[Path]:
    """The recipes' sets in a folder. Raises FileNotFoundError where some are missing."""
    if missing := [name for name in SETS if not (data / name).is_file()]:
        names = ", ".join(MINUTES)
        raise FileNotFoundError(f"{data}: found no {', '.join(missing)}, expected the sets of the recipes {names}")
    return [data / name for name in SETS]


def contract_in(folder: Path) -> Path:
    """The detector's contract in a folder. Raises FileNotFoundError where there is none."""
    contract = folder / DETECTOR_RUNS.contract
    if not contract.is_file():
        raise FileNotFoundError(
            f"{contract}: found no such file, expected the detector that closer looks are trained for"
        )
    return contract
