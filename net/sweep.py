"""Several runs of one plan, one after another: every combination of settings, with every seed, and a table of results.

A plan is a JSON file: {"base": {option: value}, "grid": {option: [values]}, "runs": {name: {option: value}}, "seeds":
[1, 2]}; `grid` gives a run for every combination, `runs` names single ones, both on top of `base`; seeds default to 1.
"""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infer.files.atomic import write_text_atomically
from net.run.folder import RunFolder
from net.run.kind import Kind

KEYS = ("base", "grid", "runs", "seeds")
OWN = ("run", "seed", "sweep", "local_cluster")  # options that a sweep gives itself, or that would start others in it


@dataclass(frozen=True)
class Trial:
    """One run of a plan: the name of its settings, the settings as options of the program that trains, and its seed."""

    name: str
    settings: dict
    seed: int

    @property
    def folder(self) -> str:
        """Name of its run folder within the sweep's."""
        return f"{self.name}-seed{self.seed}"

    def arguments(self) -> list[str]:
        """Its options as arguments of the command line."""
        options = {f"--{key.replace('_', '-')}": value for key, value in {**self.settings, "seed": self.seed}.items()}
        return [name if value is True else f"{name}={value}" for name, value in options.items() if value is not False]


@dataclass(frozen=True)
class Result:
    """What a run came to: what its best test after the first step measured, fractions by name; behind: whether the
    weights that it started from were no worse, so that they are its best ones."""

    measures: Mapping[str, float]
    behind: bool = False


def read_plan(path: Path) -> list[Trial]:
    """The trials of a plan, in order, the seeds of one setting together.

    Raises FileNotFoundError, and ValueError for a plan that is none or sets options that are not a trial's.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected the plan of a sweep")
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        unknown = plan.keys() - set(KEYS)
        base, grid, runs = (dict(plan.get(key, {})) for key in KEYS[:3])
        seeds = [int(seed) for seed in plan.get("seeds", [1])]
        settings = {**_combinations(grid), **{name: dict(values) for name, values in runs.items()}}
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: damaged ({error}), expected an object with {', '.join(KEYS)}") from None
    if unknown or not settings or not seeds:
        found = ", ".join(sorted(unknown)) or "no run"
        raise ValueError(f"{path}: found {found}, expected an object with {', '.join(KEYS)} and at least one run")
    taken = {key.replace("-", "_") for values in (base, *settings.values()) for key in values} & set(OWN)
    if taken:
        raise ValueError(f"{path}: found the option {', '.join(sorted(taken))}, expected none of {', '.join(OWN)}")
    return [Trial(name, {**base, **values}, seed) for name, values in settings.items() for seed in seeds]


def _combinations(grid: dict) -> dict[str, dict]:
    """Every combination of a grid's values, by a name made of them."""
    chosen = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())] if grid else []
    return {"_".join(f"{key}={value}" for key, value in one.items()): one for one in chosen}


def run(plan: Path, folder: Path, arguments: list[str], kind: Kind, script: Path, validation: float = 0.0) -> bool:
    """Trains every trial of a plan into a folder of its own within `folder`, then writes sweep.md; whether all ended.

    arguments: further ones of the program for every trial; kind: of run; script: the program's path; validation: what
    the arguments say of that option. The same call again goes on where it stopped. A trial that fails is named in the
    table, and the others still run. Raises what `read_plan` raises.
    """
    trials = read_plan(plan)
    folder.mkdir(parents=True, exist_ok=True)
    print(f"sweep: {len(trials)} runs, into {folder}", flush=True)
    _write_experiment(folder, trials, kind, validation)
    codes = {}
    for number, trial in enumerate(trials, 1):
        print(f"sweep: {number} of {len(trials)}, {trial.folder}", flush=True)
        command = [sys.executable, str(script), *arguments, f"--run={folder / trial.folder}", *trial.arguments()]
        codes[trial.folder] = subprocess.run(command).returncode
        if codes[trial.folder] == 130:
            return False  # Ctrl-C went to all
        text = table(trials, folder, codes, kind)
        write_text_atomically(folder / "sweep.md", text + "\n")
    print(text)
    return not any(codes.values())


def table(trials: list[Trial], folder: Path, codes: dict[str, int], kind: Kind) -> str:
    """The results so far in Markdown: the kind's measures in all and per subset in %, on the records that judged
    (`test/nme`, `validation/nme/...`), mean and deviation over the seeds of a setting.

    Of each run by its best test after the first step: the weights that runs start from (`--init`) tell nothing of their
    settings. By the measure that judged, the best first; settings that nothing is known of come last.
    """
    rows: dict[str, list[Result | None]] = {}  # None: failed
    for trial in trials:
        if trial.folder in codes:
            result = None if codes[trial.folder] else _result(RunFolder(folder / trial.folder), kind)
            rows.setdefault(trial.name, []).append(result)
    known = [result for results in rows.values() for result in results if result]
    columns = sorted({key for result in known for key in result.measures})
    judged = [key for key in columns if key.endswith(f"/{kind.measure.key}")]
    lines = ["| settings | seeds | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for name, results in sorted(rows.items(), key=lambda row: _rank(row[1], judged, kind.measure.less)):
        cells = [_cell(_values(results, key)) for key in columns]
        lines.append(f"| {name} | {_seeds(results)} | " + " | ".join(cells) + " |")
    if judged:
        by = ", then by ".join(judged)
        measures = f"{kind.measure.title} in %, ± over the seeds"
        lines += ["", f"{measures}; sorted by {by}, the {kind.measure.best} first."]
    if any(result.behind for result in known):
        behind = "No better than the start: the best test after it counts here, but `export/freeze.py` takes the start."
        lines += ["", behind]
    return "\n".join(lines)


def _seeds(results: Sequence[Result | None]) -> str:
    """How many runs a setting has had, and how many of them came to nothing."""
    failed, behind = results.count(None), sum(1 for result in results if result and result.behind)
    counts = {"failed": failed, "no better than the start": behind}
    return ", ".join([str(len(results)), *(f"{count} {what}" for what, count in counts.items() if count)])


def _rank(results: Sequence[Result | None], judged: list[str], less: bool) -> tuple[int, float]:
    """Where a setting's row stands: behind those that another of the measures judged before, then by its mean of it."""
    for place, key in enumerate(judged):
        if values := _values(results, key):
            return place, _mean(values) * (1 if less else -1)
    return len(judged), 0.0


def _values(results: Sequence[Result | None], key: str) -> list[float]:
    """A measure of the runs that have it."""
    return [result.measures[key] for result in results if result and key in result.measures]


def _result(run: RunFolder, kind: Kind) -> Result:
    """What a run measured of what its kind lists, in all and by subset, each under the split that judged; nothing of a
    run that was not tested."""
    best = run.best(kind)
    if not best:
        return Result({})
    judge = _judge(run.settings_as(kind).options)
    measures = best.measures if best.step else _best_after_start(run, kind, judge)
    listed = {key: value for key, value in measures.items() if key.partition("/")[0] in kind.listed}
    return Result({f"{judge}/{key}": value for key, value in listed.items() if key.count("/") < 3}, best.step == 0)


def _best_after_start(run: RunFolder, kind: Kind, judge: str) -> Mapping[str, float]:
    """What the best test but that of the start measured; nothing where there was none."""
    from net.run.scalars import read_tests  # not above: TensorFlow, for seconds
    from records.runtime import v1

    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    tests = [measures for step, measures in read_tests(run, judge).items() if step]
    judged = [measures for measures in tests if not math.isnan(kind.measure.loss(measures))]
    return min(judged, key=kind.measure.loss, default={})


def _judge(options: Mapping[str, Any], validation: float = 0.0) -> str:
    """The split that judges a run with these options; validation: where they do not say."""
    return "validation" if options.get("validation", validation) else "test"


def _cell(values: list[float]) -> str:
    if not values:
        return "-"
    mean = _mean(values)
    if len(values) == 1:
        return f"{100 * mean:.2f}"
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return f"{100 * mean:.2f} ± {100 * deviation:.2f}"


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _write_experiment(folder: Path, trials: list[Trial], kind: Kind, validation: float = 0.0) -> None:
    """Tells TensorBoard's HParams which settings differ, and which measures to list beside them.

    validation: of trials whose settings do not say.
    """
    from net.run.experiment import write_experiment  # not above: TensorFlow, for seconds

    names = sorted({key for trial in trials for key in trial.settings})
    values = {name: {json.dumps(trial.settings.get(name)) for trial in trials} for name in names}
    judges = sorted({_judge(trial.settings, validation) for trial in trials})
    tags = [f"{judge}/{name}" for judge in judges for name in kind.listed]
    write_experiment(folder, [*(name for name in names if len(values[name]) > 1), "seed"], tags)
