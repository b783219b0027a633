"""Cross-validation: k runs of net/train.py --fold i/k, each measured on the sources it has not seen, and their sum."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from records.split import fold_of
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.measure import Settings, measure, open_models
from tools.evaluation.report import heading, table, without_repeats
from tools.evaluation.tables import ACCURACY_KEYS, ALL, accuracy_rows, measures
from tools.read.face import Item

MODEL = "landmark.pb"
NETWORK = "network"  # what each fold's model is called in the tables


@dataclass(frozen=True, order=True)
class Fold:
    """One run, which has not seen the sources of fold `index` of `count`; folder: its own, with its frozen model."""

    index: int
    count: int
    folder: Path


def find_folds(folder: Path) -> list[Fold]:
    """The runs in a folder's subfolders, in the order of their folds.

    Raises FileNotFoundError for a missing folder; ValueError where there is no run, one without a fold, two of the same
    fold, or folds of different k.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected one of runs made with --fold")
    folds = sorted(_read_fold(path) for path in Path(folder).glob("*/settings.json"))
    if not folds:
        raise ValueError(f"{folder}: found no run in it, expected <i>/settings.json, made with --fold i/k")
    named = [f"{fold.index}/{fold.count}" for fold in folds]
    if len({fold.count for fold in folds}) > 1 or len(set(named)) < len(named):
        raise ValueError(f"{folder}: found folds {', '.join(named)}, expected each fold of one k once")
    return folds


def _read_fold(path: Path) -> Fold:
    try:
        text = json.loads(path.read_text(encoding="utf-8"))["options"]["fold"]
    except (ValueError, KeyError, TypeError):
        text = None
    found = re.fullmatch(r"(\d+)/(\d+)", str(text))
    if not found or not int(found[1]) < int(found[2]) >= 2:
        raise ValueError(f"{path}: options.fold is {text!r}, expected i/k of net/train.py --fold, 0 <= i < k")
    return Fold(int(found[1]), int(found[2]), path.parent)


def missing_folds(folds: Sequence[Fold]) -> list[str]:
    """The folds of k that have no run, as i/k."""
    count, there = folds[0].count, {fold.index for fold in folds}
    return [f"{index}/{count}" for index in range(count) if index not in there]


def measure_folds(folds: Sequence[Fold], items: Sequence[Item], settings: Settings) -> tuple[list[dict], list[str]]:
    """The accuracy rows of every fold's model, and of the mean shape, on the fold's own sources; and what was skipped.

    Raises as `open_models` and `measure` do, and ValueError for a fold without faces.
    """
    rows, skipped = [], []
    for fold in folds:
        name = f"{fold.index}/{fold.count}"
        inside = [item for item in items if fold_of(item.source, fold.count) == fold.index]
        if not inside:
            raise ValueError(f"fold {name}: found none of {len(items)} faces in it, expected some")
        network, baseline = open_models([fold.folder / MODEL]).values()
        print(f"fold {name}: {len(inside)} faces, {fold.folder / MODEL}", flush=True)
        models = {NETWORK: network, MEAN_SHAPE: baseline}
        measured = measure(inside, models, replace(settings, draws=0, detector=False))
        rows += [{"fold": name, **row} for row in accuracy_rows(measures(measured, settings.seed))]
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
        table(["fold", "model", "number", *names], each),
        "## Over the folds (mean ± deviation; NME in %)",
        table([*starts, *names], summed),
    ]
    return "\n\n".join(sections) + "\n"


def _spread(value: dict[str, float]) -> str:
    if not np.isfinite(value["mean"]):
        return ""
    return f"{value['mean']:.2f}" + (f" ± {value['deviation']:.2f}" if np.isfinite(value["deviation"]) else "")
