"""The numbers of an evaluation as rows, from what the models answered: a list of everything, and short tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from records import metrics
from tools.evaluation import intervals
from tools.evaluation.measured import DETECTOR, PASSES, SHIFTED, TRUE, Measured

ALL = "all"
MEAN_OF_BINS = "mean of yaw bins"
WITHOUT_JAW = "without jaw"
ACCURACY_KEYS = tuple(f"{norm}, {passes} pass" for norm in metrics.NORMS for passes in PASSES)
LAST = PASSES[-1]  # what run.py answers with


def parts(measured: Measured) -> dict[str, np.ndarray]:
    """Which faces belong to all, to each subset, and to each yaw bin of these that is not empty: name -> bool [N]."""
    wholes = {ALL: np.full(len(measured.keys), True)}
    wholes |= {str(subset): measured.subsets == subset for subset in np.unique(measured.subsets)}
    answer, bins = {}, metrics.yaw_bin(measured.yaw)
    for whole, inside in wholes.items():
        answer[whole] = inside
        for index, name in enumerate(metrics.YAW_BINS):
            if (inside & (bins == index)).any():
                answer[f"{whole}, {name}"] = inside & (bins == index)
    return answer


def is_bin(part: str) -> bool:
    """Whether a part's name is that of a yaw bin."""
    return part.rpartition(", ")[2] in metrics.YAW_BINS


def measures(measured: Measured, seed: int = 0) -> list[dict]:
    """Everything, a row for each model, kind of boxes, number of passes, norm and part of the faces.

    mean, low, high (95 % interval of the mean), median, groups (of points, and all without the jaw): NME in % of the
    norm, over the faces that were found; auc and failure at each threshold: in %, a missed face is a failure; mae:
    pixels; posed: faces of known yaw; mean of yaw bins: the unweighted one, where all three have faces.
    """
    chosen = parts(measured)
    return [
        {"model": model, "boxes": boxes, "passes": passes, "norm": norm, "faces of": part, **row}
        for model in measured.models
        for boxes in measured.boxes
        for passes in PASSES
        for norm in metrics.NORMS
        for part, row in _rows(measured, (model, boxes, passes, norm), chosen, seed)
    ]


def _rows(
    measured: Measured, which: tuple[str, str, int, str], chosen: dict[str, np.ndarray], seed: int
) -> Iterator[tuple[str, dict]]:
    """The rows of one model, kind of boxes, number of passes and norm: (part, numbers) each."""
    model, boxes, passes, _ = which
    errors, mae = measured.errors(*which), measured.mean_absolute_errors(model, boxes, passes)
    groups = {name: measured.errors(*which, points=points) for name, points in groups_of(measured.scheme).items()}
    for part, inside in chosen.items():
        low, high = intervals.interval(errors[inside], measured.sources[inside], seed)
        yield (
            part,
            {
                "number": int(inside.sum()),
                "posed": int(np.isfinite(measured.yaw[inside]).sum()),
                "missed": int(np.isinf(errors[inside]).sum()),
                **{name: 100 * value for name, value in _distribution(errors[inside]).items()},
                "low": 100 * low,
                "high": 100 * high,
                MEAN_OF_BINS: np.nan
                if is_bin(part)
                else 100 * metrics.mean_of_bins(errors[inside], measured.yaw[inside]),
                "mae": metrics.mean(mae[inside]),
                "groups": {name: 100 * metrics.mean(values[inside]) for name, values in groups.items()},
            },
        )


def _distribution(errors: np.ndarray) -> dict[str, float]:
    """Mean, median, AUC and failure rate of errors [N], as fractions."""
    answer = {"mean": metrics.mean(errors), "median": metrics.median(errors)}
    for threshold in metrics.THRESHOLDS:
        answer[f"auc {threshold:.2f}"] = metrics.auc(errors, threshold)
        answer[f"failure {threshold:.2f}"] = metrics.failure_rate(errors, threshold)
    return answer


def groups_of(scheme: metrics.Scheme) -> dict[str, tuple[int, ...]]:
    """The scheme's groups of points, and all but the jaw where it has one."""
    return scheme.groups | ({WITHOUT_JAW: metrics.without_jaw(scheme)} if "jaw" in scheme.groups else {})


def differences(measured: Measured, seed: int = 0) -> list[dict]:
    """Each model against the first from true boxes, two passes, paired by face: NME in % of the norm, 95 % interval."""
    first, rows = measured.models[0], []
    for model in measured.models[1:]:
        for norm in metrics.NORMS:
            errors = [measured.errors(name, TRUE, LAST, norm) for name in (model, first)]
            for part, inside in parts(measured).items():
                found = intervals.difference(errors[0][inside], errors[1][inside], measured.sources[inside], seed)
                numbers = dict(zip(("mean", "low", "high"), (100 * value for value in found), strict=True))
                rows.append({"model": model, "against": first, "norm": norm, "faces of": part, **numbers})
    return rows


def box_rows(measured: Measured, norm: str = "box") -> list[dict]:
    """What boxes cost: for each model, number of passes and part of the faces, NME in % from each kind of boxes.

    rise shifted: of the mean over all faces; rise detector: over the found ones; missed: annotated faces not found;
    invented: finds that are no annotated face.
    """
    return [
        {"model": model, "passes": passes, "faces of": part, **_box_row(measured, model, passes, norm, inside)}
        for part, inside in parts(measured).items()
        for model in measured.models
        for passes in PASSES
    ]


def _box_row(measured: Measured, model: str, passes: int, norm: str, inside: np.ndarray) -> dict:
    true = measured.errors(model, TRUE, passes, norm)[inside]
    row = {"number": int(inside.sum()), "true": 100 * metrics.mean(true)}
    if SHIFTED in measured.boxes:
        shifted = measured.errors(model, SHIFTED, passes, norm)[inside]
        row |= {"shifted": 100 * metrics.mean(shifted), "rise shifted": 100 * metrics.mean(shifted - true)}
    if DETECTOR in measured.boxes:
        found = measured.errors(model, DETECTOR, passes, norm)[inside]
        row |= {"detector": 100 * metrics.mean(found), "rise detector": 100 * metrics.mean(found - true)}
        row["missed"] = int(np.isinf(found).sum())
        row["invented"] = int(measured.invented[model, passes][inside].sum())
    return row


def accuracy_rows(every: Sequence[dict]) -> list[dict]:
    """From the list of `measures`: NME in % from true boxes; a row a model and part, a column a norm and passes."""
    rows: dict[tuple[str, str], dict] = {}
    for one in every:
        if one["boxes"] == TRUE:
            _accuracy_cell(rows, one, one["faces of"], "mean")
            if np.isfinite(one[MEAN_OF_BINS]):
                _accuracy_cell(rows, one, f"{one['faces of']}, {MEAN_OF_BINS}", MEAN_OF_BINS)
    return list(rows.values())


def _accuracy_cell(rows: dict, one: dict, part: str, key: str) -> None:
    start = {"model": one["model"], "faces of": part, "number": one["posed" if key == MEAN_OF_BINS else "number"]}
    rows.setdefault((one["model"], part), start)[f"{one['norm']}, {one['passes']} pass"] = one[key]
