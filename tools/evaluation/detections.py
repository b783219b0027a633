"""What detectors found in annotated pictures, as numbers: recall at so many false alarms, average precision, roll.

judged = judge(truths, finds)               # records.judging
rows = detection_rows("mine", judged, 0.5)  # dicts; the threshold is for what is missed and invented
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from records import metrics
from records.detections import FALSE_ALARM
from records.judging import FacePart, Judged, counted_finds, parts_of

RATES = (0.01, 0.1, 1.0)  # false alarms a picture


def detection_rows(model: str, judged: Judged, threshold: float, rates: Sequence[float] = RATES) -> list[dict]:
    """A row a part: faces, pictures, average precision and recall at each rate of false alarms in %, the threshold for
    it; at the model's own threshold what is missed in %, and invented for each picture."""
    return [
        {"model": model, "faces of": part.name, **_numbers(judged, part, threshold, rates)} for part in parts_of(judged)
    ]


def _numbers(judged: Judged, part: FacePart, threshold: float, rates: Sequence[float]) -> dict:
    scores, hits = counted_finds(judged, part)
    faces, pictures = int(part.faces.sum()), int(part.pictures.sum())
    row: dict[str, float] = {"faces": faces, "pictures": pictures}
    row["average precision"] = 100 * metrics.average_precision(scores, hits, faces)
    for rate in rates:
        recall, at = metrics.recall_at(scores, hits, faces, rate * pictures)
        row |= {f"recall at {rate:g}": 100 * recall, f"threshold at {rate:g}": at}
    kept = scores >= threshold
    found, false = int(hits[kept].sum()), int((~hits[kept]).sum())
    missed = 100 * (1 - found / faces) if faces else float("nan")
    return row | {"found": found, "missed": missed, "false alarms": false, "false a picture": false / max(pictures, 1)}


def invented_in(judged: Judged, threshold: float) -> dict[str, tuple[int, int]]:
    """Of each set's pictures without a face that counts: in how many something is found, and how many there are."""
    empty = np.bincount(judged.pictures, minlength=len(judged.names)) == 0
    false = judged.found_in[(judged.partners == FALSE_ALARM) & (judged.scores >= threshold)]
    inventing = empty & (np.bincount(false, minlength=len(judged.names)) > 0)
    counts = {str(name): (empty & (judged.names == name), judged.names == name) for name in np.unique(judged.names)}
    return {name: (int(inventing[own].sum()), int(some.sum())) for name, (some, own) in counts.items() if some.any()}


def missed_rows(model: str, judged: Judged, against: str, others: Judged, threshold: float) -> list[dict]:
    """What two detectors miss, in %, with as many false alarms as the second has at its own threshold; a row a part.

    model, judged: the first; against, others: the second, on the same pictures; threshold: of the second.
    """
    rows = []
    for part, other in zip(parts_of(judged), parts_of(others), strict=True):
        scores, hits = counted_finds(others, other)
        kept, faces = scores >= threshold, int(part.faces.sum())
        allowed = int((~hits[kept]).sum())
        recall, at = metrics.recall_at(*counted_finds(judged, part), faces, allowed)
        both = {"missed": 100 * (1 - recall), "missed by it": 100 * (1 - hits[kept].sum() / max(faces, 1))}
        row = {"model": model, "against": against, "faces of": part.name, "faces": faces, "false alarms": allowed}
        rows.append({**row, **both, "threshold": at} if faces else row)
    return rows


def roll_errors(judged: Judged, threshold: float) -> np.ndarray:
    """By how many degrees, 0 to 180, the finds of at least the threshold are off their faces' roll; where both tell."""
    chosen = (judged.partners >= 0) & (judged.scores >= threshold)
    apart = judged.found_rolls[chosen] - judged.rolls[judged.partners[chosen]]
    degrees = np.abs(np.degrees(np.arctan2(np.sin(apart), np.cos(apart))))
    return degrees[np.isfinite(degrees)]


def recall_curve(judged: Judged, part: FacePart) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Falling thresholds, false alarms a picture and recall in % there, float64 [T] each."""
    thresholds, found, false = metrics.detection_curve(*counted_finds(judged, part))
    return thresholds, false / max(part.pictures.sum(), 1), 100 * found / max(part.faces.sum(), 1)
