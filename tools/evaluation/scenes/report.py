"""An evaluation of detectors on paper: Markdown tables of the numbers that matter."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

from records.judging import LEAST
from tools.evaluation.detections import RATES
from tools.evaluation.report import NAMES, markdown_table, seen_lines, with_interval
from tools.evaluation.scenes.differences import MEASURES
from tools.evaluation.splits import split_in_words

RECALLS = [f"recall at {rate:g}" for rate in RATES]


def markdown(document: dict) -> str:
    """The tables of an evaluation of detectors, as `tools/evaluate.py` prints them."""
    sections = [header(document)]
    sections += ["## Recall by false alarms a picture", recall(document["rows"], document["thresholds"])]
    if document["against"]:
        sections += ["## With as many false alarms as another", against(document["against"])]
    if document["differences"]:
        sections += ["## Against the first, in points", differences(document["differences"])]
    sections += ["## Turned", turned(document["turned"])]
    sections += ["## Pictures without a face", invented(document["invented"])]
    sections += ["## Points from its boxes (NME in %, one pass)", points(document["points"])]
    sections += ["## Milliseconds a picture (one thread, in turns)", times(document["times"])]
    pairs = zip(sections[1::2], sections[2::2], strict=True)
    return "\n\n".join([sections[0], *(f"{title}\n\n{table}" for title, table in pairs if table)]) + "\n"


def header(document: dict) -> str:
    """What was measured on what, how a find is judged, and what models may have seen of it."""
    text = (
        f"{document['faces']} faces in {document['pictures']} pictures of {document['sources']} sources from "
        f"{', '.join(document['data'])}; split {split_in_words(document)}. Rates in %. Faces lower than {LEAST:g} "
        "pixels, and what is marked to be ignored, count neither way; unmarked faces are false alarms."
    )
    if document["light"] < 1:
        text += f" The pictures are in {document['light']:g} of their light, with the noise of a small sensor."
    return "\n".join([text, "", "Seen in training:", "", *seen_lines(document["seen"], document["marked"])])


def recall(rows: Sequence[dict], thresholds: dict[str, float]) -> str:
    """Average precision, recall at each rate of false alarms, and at the model's own threshold what it missed and
    invented; a row a part of the faces and model."""
    head = ["faces of", "model", "faces", "pictures", "average precision", *(f"{key} false" for key in RECALLS)]
    head += ["found", "missed", "false a picture"]
    keys = ["faces", "pictures", "average precision", *RECALLS, "found", "missed", "false a picture"]
    table = markdown_table(
        head, ([row["faces of"], row["model"], *(row[key] for key in keys)] for row in by_part(rows))
    )
    own = ", ".join(f"{threshold:g} ({model})" for model, threshold in thresholds.items())
    return f"{table}\n\nFound, missed and false at the models' own thresholds: {own}."


def by_part(rows: Sequence[dict]) -> list[dict]:
    """The rows of all models with one part of the faces after those with another, in the order of the first model's."""
    parts = list(dict.fromkeys(row["faces of"] for row in rows))
    return sorted(rows, key=lambda row: parts.index(row["faces of"]))


def against(rows: Sequence[dict]) -> str:
    """What a model misses with as many false alarms as another has at its own threshold, and what that one misses."""
    keys = ["faces of", "against", "model", "faces", "false alarms", "missed by it", "missed", "threshold"]
    head = ["faces of", "against", "model", "faces", "false alarms", "missed by the other", "missed", "from a score of"]
    return markdown_table(head, ([row.get(key, "") for key in keys] for row in by_part(rows)))


def differences(rows: Sequence[dict]) -> str:
    """How much more a detector of our own has than the first one in the same look; an interval without 0 is no
    chance."""
    head = ["model", "clockwise", "faces of", "faces", *(f"{name} [95 %]" for name in MEASURES)]
    cells = ([row["model"], f"{row['turn']:g}°", row["faces of"], row["faces"]] for row in rows)
    spans = ([with_interval(row[name], "+") for name in MEASURES] for row in rows)
    return markdown_table(head, map(operator.add, cells, spans))


def turned(rows: Sequence[dict]) -> str:
    """All faces with the pictures turned; the roll's error over the faces found from the model's own threshold on."""
    keys = ["average precision", *RECALLS, "missed", "false a picture", "roll median", "roll 95th percentile"]
    head = ["clockwise", "model", "average precision", *(f"{key} false" for key in RECALLS), "missed"]
    head += ["false a picture", "roll off by, median", "95th percentile"]
    return markdown_table(head, ([f"{row['turn']:g}°", row["model"], *(row[key] for key in keys)] for row in rows))


def invented(rows: Iterable[dict]) -> str:
    """In how many pictures without a face something was found."""
    keys = ["set", "model", "pictures", "with a find"]
    return markdown_table([*keys, "%"], ([*(row[key] for key in keys), row["share"]] for row in rows))


def points(rows: Iterable[dict]) -> str:
    """What the boxes cost the points."""
    keys = ["faces", "missed", "true boxes", "of the found, true boxes", "its boxes", "rise"]
    return markdown_table(
        ["model", "norm", *keys], ([row["model"], NAMES[row["norm"]], *(row[key] for key in keys)] for row in rows)
    )


def times(rows: Sequence[dict]) -> str:
    """A row a model, a column a side of the square picture, with the ratio to the first model."""
    cells: dict[str, list[str]] = {}
    for row in rows:
        cells.setdefault(row["model"], []).append(f"{row['milliseconds']:.2f} ({row['ratio']:.2f})")
    sides = list(dict.fromkeys(row["side"] for row in rows))
    head = ["model", *(f"{side}x{side} (ratio)" for side in sides)]
    return markdown_table(head, ([model, *some] for model, some in cells.items()))
