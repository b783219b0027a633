"""An evaluation on paper: Markdown tables of the numbers that matter, and JSON with all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infer.files.atomic import write_text_atomically
from records import metrics
from records.detections import FOUND
from tools.evaluation.boxes import SCALES, SHIFT
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.measured import TRUE
from tools.evaluation.splits import split_in_words
from tools.evaluation.tables import ACCURACY_KEYS, ALL, LAST, is_bin

NAMES = {"inter_ocular": "inter-ocular", "inter_pupil": "inter-pupil", "box": "box"}


@dataclass(frozen=True)
class EvaluationReport:
    """document: all numbers, as JSON has them; text: the tables in Markdown; plots: names of the files written."""

    document: dict[str, Any]
    text: str
    plots: Sequence[str] = ()


def write_report(evaluation: EvaluationReport, out: Path, copy: Path | None = None) -> list[str]:
    """Writes `evaluation.md` (with the plots, files of that folder) and `evaluation.json` into a folder, and the JSON
    to another file as well; the names of the files in the folder, plots among them."""
    pictures = "".join(f"\n![{name}]({name})\n" for name in evaluation.plots)
    write_text_atomically(out / "evaluation.md", f"# Evaluation\n\n{evaluation.text}{pictures}")
    for path in (out / "evaluation.json", *([copy] if copy else [])):
        write_text_atomically(path, as_json(evaluation.document))
    return ["evaluation.md", "evaluation.json", *evaluation.plots]


def as_json(document: dict) -> str:
    """The document as JSON, null for what is not a finite number."""
    return json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def markdown(document: dict) -> str:
    """The tables of an evaluation, as `tools/evaluate.py` prints them."""
    sections = [header(document), "## NME from true boxes", accuracy(document["rows"], document["measures"])]
    sections += [f"## Distribution ({LAST} passes, true boxes, all faces)", distribution(document["measures"])]
    sections += [f"## By group of points ({LAST} passes, true boxes, NME by box size)", groups(document["measures"])]
    sections += ["## Boxes (NME by box size)", boxes(document["boxes"], document["draws"])]
    if document["differences"]:
        sections += [f"## Against {document['differences'][0]['against']}", differences(document["differences"])]
    sections += ["## Costs", costs(document["costs"], document["speed"])]
    return "\n\n".join(section for section in sections if section) + "\n"


def header(document: dict) -> str:
    """What was measured on what, and what makes the numbers less than they seem: what models may have seen of it."""
    text = (
        f"{document['faces']} faces of {document['sources']} sources from {', '.join(document['data'])}; "
        f"split {split_in_words(document)}, points {document['points']}, "
        f"{document['scheme']}. Errors and rates in %; in brackets 95 % intervals (bootstrap over sources)."
    )
    return "\n".join([text, "", "Seen in training:", "", *seen_lines(document["seen"], document["faces"])])


def seen_lines(seen: Mapping[str, dict[str, Any]], faces: int) -> list[str]:
    """A line for each model: what share of the faces its training may have seen, as far as its contract tells."""
    return [f"- {name}: {_seen_words(one, faces)}" for name, one in seen.items()]


def _seen_words(one: dict[str, Any], faces: int) -> str:
    named = f"; it was trained on faces of {', '.join(one['trained_on'])}" if one["trained_on"] else ""
    if one["share"] is None:
        reason = f"it was kept from fold {one['fold']} alone" if one["fold"] else "its contract names no split"
        return f"unknown, for {reason}{named}"
    share = f"{one['faces']} of {faces} faces ({100 * one['share']:.1f} %)"
    return f"at most {share}, by its test fraction {one['test_fraction']:g}{named if one['faces'] else ''}"


def accuracy(rows: Sequence[dict], every: Iterable[dict]) -> str:
    """NME of each part of the faces, by norm and passes; with its interval for the last number of passes."""
    spans = {
        (one["model"], one["faces of"], f"{one['norm']}, {LAST} pass"): with_interval(one)
        for one in every
        if (one["boxes"], one["passes"]) == (TRUE, LAST)
    }
    cells = [
        [row["model"], row["faces of"], row["number"]]
        + [spans.get((row["model"], row["faces of"], key), row[key]) for key in ACCURACY_KEYS]
        for row in without_repeats(rows)
    ]
    return markdown_table(["model", "faces of", "number", *map(heading, ACCURACY_KEYS)], cells)


def without_repeats(rows: Sequence[dict]) -> list[dict]:
    """The rows without those of the subset where there is but one, which are those of all faces again."""
    subsets = {row["faces of"].partition(", ")[0] for row in rows} - {ALL}
    return [row for row in rows if len(subsets) > 1 or row["faces of"].partition(", ")[0] == ALL]


def distribution(every: Iterable[dict]) -> str:
    """Mean with interval, median, AUC and failure rate at the thresholds, and mean absolute error, of all faces."""
    head = ["model", "norm", "mean NME [95 %]", "median"]
    for threshold in metrics.THRESHOLDS:
        head += [f"AUC to {100 * threshold:.0f} %", f"failures over {100 * threshold:.0f} %"]
    rows = []
    for one in _last_from_true(every):
        numbers = [one[f"{kind} {threshold:.2f}"] for threshold in metrics.THRESHOLDS for kind in ("auc", "failure")]
        rows.append([one["model"], NAMES[one["norm"]], with_interval(one), one["median"], *numbers, one["mae"]])
    return markdown_table([*head, "MAE px"], rows)


def groups(every: Iterable[dict]) -> str:
    """NME of each group of points, and without the jaw, of all faces."""
    chosen = [one for one in _last_from_true(every) if one["norm"] == "box"]
    head = ["model", *chosen[0]["groups"]]
    return markdown_table(head, [[one["model"], *one["groups"].values()] for one in chosen])


def _last_from_true(every: Iterable[dict]) -> list[dict]:
    return [one for one in every if (one["boxes"], one["passes"], one["faces of"]) == (TRUE, LAST, ALL)]


def boxes(rows: Sequence[dict], draws: int) -> str:
    """What worse boxes cost, in all and per subset, with what the detector missed and invented."""
    keys = [key for key in rows[0] if key not in ("model", "passes", "faces of")]
    shown = [
        row
        for row in without_repeats(rows)
        if not is_bin(row["faces of"]) and (row["passes"] == LAST or row["faces of"] == ALL)
    ]
    shown = [row for row in shown if row["model"] != MEAN_SHAPE or row["passes"] == LAST]
    text = markdown_table(
        ["model", "faces of", "passes", *keys],
        [[row["model"], row["faces of"], row["passes"], *(row[key] for key in keys)] for row in shown],
    )
    if "shifted" in keys:
        text += (
            f"\n\nShifted: {draws} boxes a face, the centre moved by a uniform draw of up to ±{100 * SHIFT:.0f} % of "
            f"the edges, these scaled by one from {SCALES[0]:g} to {SCALES[1]:g}."
        )
    if "detector" in keys:
        text += (
            f" Detector: NME and rise over the faces it found (IoU of the boxes around the points at least {FOUND:g}); "
            "invented ones may be faces that nobody marked."
        )
    return text


def differences(rows: Sequence[dict]) -> str:
    """How much each model's NME is above the first's; an interval without 0 is no chance."""
    chosen = [row for row in without_repeats(rows) if not is_bin(row["faces of"])]
    parts = list(dict.fromkeys((row["model"], row["faces of"]) for row in chosen))
    by_key = {(row["model"], row["faces of"], row["norm"]): row for row in chosen}
    head = ["model", "faces of", *(f"{NAMES[norm]} [95 %]" for norm in metrics.NORMS)]
    return markdown_table(
        head, [[*part, *(with_interval(by_key[*part, norm], "+") for norm in metrics.NORMS)] for part in parts]
    )


def with_interval(row: dict, sign: str = "") -> str:
    """`4.28 [4.10, 4.47]`; without brackets where there is no interval, empty where there is no mean."""
    if not math.isfinite(row["mean"]):
        return ""
    span = f" [{row['low']:{sign}.2f}, {row['high']:{sign}.2f}]" if math.isfinite(row["low"]) else ""
    return f"{row['mean']:{sign}.2f}{span}"


def costs(footprints: dict[str, dict], speeds: Sequence[dict]) -> str:
    """File size, parameters, multiply-adds, memory, and times with their ratio to the first model."""
    settings = list(dict.fromkeys((row["threads"], row["batch"]) for row in speeds))
    head = ["model", "file MB", "parameters, million", "multiply-adds, million", "peak memory MB (of it the model's)"]
    head += [f"ms, {threads} thread{'s' * (threads > 1)}, batch {batch} (ratio)" for threads, batch in settings]
    times = {(row["model"], row["threads"], row["batch"]): row for row in speeds}
    rows = []
    for model, one in footprints.items():
        both = (times[model, *setting] for setting in settings)
        products = "unknown" if one["multiply_adds"] is None else one["multiply_adds"] / 1e6
        cells = [one["bytes"] / 1e6, one["parameters"] / 1e6, products, _memory(one)]
        rows.append([model, *cells, *(f"{row['milliseconds']:.2f} ({row['ratio']:.2f})" for row in both)])
    return markdown_table(head, rows)


def _memory(one: dict) -> str:
    if one["memory"] is None:
        return ""
    return f"{one['memory'] / 1e6:.0f} ({one['memory_added'] / 1e6:.0f})"


def heading(key: str) -> str:
    """A row's key `inter_ocular, 2 pass` as the head of a column."""
    return key.replace("_", "-").replace("2 pass", "2 passes")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence]) -> str:
    """A Markdown table: fractions with two digits, what is no number empty, no column without anything in it."""
    cells = [[_cell(value) for value in row] for row in rows]
    used = [column for column in range(len(head)) if any(row[column] for row in cells)]
    lines = [
        [head[column] for column in used],
        ["---"] * len(used),
        *([row[column] for column in used] for row in cells),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if used else ""


def _cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".replace("-0.00", "0.00") if math.isfinite(value) else ""
    return str(value)
