"""Cross-validation: k runs of net/train.py --fold i/k, each measured on the sources it has not seen, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from net.data.selection import Fold
from net.run.folder import RunFolder
from records.split import fold_of
from tools.evaluation.answers import EvaluationSettings, run_models
from tools.evaluation.comparison import circumstances
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.models import open_models
from tools.evaluation.report import EvaluationReport, heading, markdown_table, without_repeats
from tools.evaluation.splits import ChosenSplit, FaceSelection
from tools.evaluation.tables import ACCURACY_KEYS, ALL, accuracy_rows, measures
from tools.read.face import Item

MODEL = "landmark.pb"
NETWORK = "network"  # what each fold's model is called in the tables
FOLDS = "folds"  # in place of a side of the split
SEEN = (
    "Seen in training: unknown. Each network was kept from the sources of its own fold, on which it is measured; what "
    "one that it started from (`--init`) had seen, no contract tells."
)


@dataclass(frozen=True)
class FoldRun:
    """One run, which has not seen the sources of its fold; folder: its own, with its frozen model."""

    fold: Fold
    folder: Path


def cross_validate(folder: Path, selection: FaceSelection, settings: EvaluationSettings) -> EvaluationReport:
    """The runs of a cross-validation, each on its fold, and their sum: all numbers and the tables, no plots.

    Raises as `find_runs`, `measure_runs` and the readers' `find` do.
    """
    runs = find_runs(folder)
    rows, skipped = measure_runs(runs, selection.every_face(), settings)
    skipped += [f"fold {name}: no run in {folder}" for name in missing_folds(runs)]
    sums = sum_up(rows)
    document = circumstances(selection, settings) | ChosenSplit(FOLDS).as_json() | {"seen": None}
    return EvaluationReport(
        document | {"rows": rows, "sums": sums, "skipped": skipped}, f"{SEEN}\n\n{markdown(rows, sums)}"
    )


def find_runs(folder: Path) -> list[FoldRun]:
    """The runs in a folder's subfolders, in the order of their folds.

    Raises FileNotFoundError for a missing folder; ValueError where there is no run, one without a fold, two of the same
    fold, or folds of different k.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected one of runs made with --fold")
    found = [run for path in folder.iterdir() if path.is_dir() and (run := _read_run(path))]
    if not found:
        raise ValueError(f"{folder}: found no run in it, expected folders of net/train.py --fold i/k")
    runs = sorted(found, key=lambda run: (run.fold.index, run.fold.count))
    named = [str(run.fold) for run in runs]
    if len({run.fold.count for run in runs}) > 1 or len(set(named)) < len(named):
        raise ValueError(f"{folder}: found folds {', '.join(named)}, expected each fold of one k once")
    return runs


def _read_run(path: Path) -> FoldRun | None:
    """The run in a folder, None where there is none. Raises ValueError for one without a fold."""
    try:
        text = RunFolder(path).settings().options.get("fold")
    except FileNotFoundError:
        return None
    try:
        return FoldRun(Fold.parse(str(text)), path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def missing_folds(runs: Sequence[FoldRun]) -> list[str]:
    """The folds of k that have no run, as i/k."""
    count, there = runs[0].fold.count, {run.fold.index for run in runs}
    return [f"{index}/{count}" for index in range(count) if index not in there]


def measure_runs(
    runs: Sequence[FoldRun], items: Sequence[Item], settings: EvaluationSettings
) -> tuple[list[dict], list[str]]:
    """The accuracy rows of every run's model, and of the mean shape, on its fold's sources; and what was skipped.

    Raises as `open_models` and `run_models` do, and ValueError for a fold without faces.
    """
    rows, skipped = [], []
    for run in runs:
        fold = run.fold
        inside = [item for item in items if fold_of(item.source, fold.count) == fold.index]
        if not inside:
            raise ValueError(f"fold {fold}: found none of {len(items)} faces in it, expected some")
        network, baseline = open_models([run.folder / MODEL]).values()
        print(f"fold {fold}: {len(inside)} faces, {run.folder / MODEL}", flush=True)
        models = {NETWORK: network, MEAN_SHAPE: baseline}
        measured = run_models(inside, models, replace(settings, draws=0, detector=False))
        rows += [{"fold": str(fold), **row} for row in accuracy_rows(measures(measured, settings.seed))]
        skipped += measured.skipped
    return rows, skipped


def sum_up(rows: Sequence[dict]) -> list[dict]:
    """For each model and part of the faces: folds, faces in all, and each measure's mean and deviation over the folds.

    deviation: of the sample (divided by folds - 1), NaN for one fold. A fold without such faces takes no part.
    """
    groups: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["faces of"]), []).append(row)
    answer = []
    for (model, part), several in groups.items():
        total = {"folds": len(several), "number": sum(row["number"] for row in several)}
        spread = {key: _mean_and_deviation([row[key] for row in several]) for key in ACCURACY_KEYS}
        answer.append({"model": model, "faces of": part, **total, **spread})
    return answer


def _mean_and_deviation(values: Sequence[float]) -> dict[str, float]:
    known = np.array([value for value in values if np.isfinite(value)])
    deviation = known.std(ddof=1) if len(known) > 1 else np.nan
    return {"mean": float(known.mean()) if len(known) else float("nan"), "deviation": float(deviation)}


def markdown(rows: Sequence[dict], sums: Sequence[dict]) -> str:
    """A table of the folds, and one of their sums: NME in %, mean ± deviation."""
    names = [heading(key) for key in ACCURACY_KEYS]
    whole = [row for row in rows if row["faces of"] == ALL]
    each = [[row["fold"], row["model"], row["number"], *(row[key] for key in ACCURACY_KEYS)] for row in whole]
    starts = ("model", "faces of", "folds", "number")
    summed = [
        [*(row[key] for key in starts), *(_spread(row[key]) for key in ACCURACY_KEYS)] for row in without_repeats(sums)
    ]
    sections = [
        "## Folds (all faces; NME in %)",
        markdown_table(["fold", "model", "number", *names], each),
        "## Over the folds (mean ± deviation; NME in %)",
        markdown_table([*starts, *names], summed),
    ]
    return "\n\n".join(sections) + "\n"


def _spread(value: dict[str, float]) -> str:
    if not np.isfinite(value["mean"]):
        return ""
    return f"{value['mean']:.2f}" + (f" ± {value['deviation']:.2f}" if np.isfinite(value["deviation"]) else "")
