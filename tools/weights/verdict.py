"""Whether a detector is measurably better than the one that is there: what decides on replacing it.

Both look at pictures of several sizes, as one network is for coarse looks and another for closer ones. Better is one
whose average precision over all held-out faces is higher by more than chance in one of these looks, and in none of them
lower by more than chance, nor over any part: parts by set, height, yaw and mask, and all of them in turned pictures.
What chance does says the bootstrap of `tools.evaluation.scenes.differences`. Of some eighty parts one in twenty would
fall out of its 95 % interval by chance alone, so that a part has to be three standard errors lower, and by what one
would notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.judging import ALL

MEASURE = "average precision"
SURE, SURE_OF_PART = 2.0, 3.0  # standard errors from 0 that are no chance: of all faces, of one of many parts
NOTICED = 0.5  # points that a part has to lose at least


@dataclass(frozen=True)
class Verdict:
    """better: whether the new one is; reasons: a line each."""

    better: bool
    reasons: tuple[str, ...]


def verdict_on(differences: Sequence[Mapping[str, Any]]) -> Verdict:
    """By the rows of `difference_rows`, with `look` and `turn` in degrees, of the new detector less the old one.

    Raises ValueError where there is none of all faces in pictures as they are.
    """
    wholes = [row for row in differences if row["faces of"] == ALL and not row["turn"]]
    if not wholes:
        raise ValueError(f"differences: found {len(differences)} rows, expected one of {ALL} faces")
    worse = [row for row in differences if _is_worse(row[MEASURE])]
    better = any(row[MEASURE]["mean"] > SURE * row[MEASURE]["error"] for row in wholes)
    told = [*wholes, *(row for row in worse if row not in wholes)]
    return Verdict(better and not worse, tuple(map(in_words, told)))


def _is_worse(found: Mapping[str, float]) -> bool:
    return found["mean"] < -max(SURE_OF_PART * found["error"], NOTICED)


def in_words(row: Mapping[str, Any]) -> str:
    """`look of 640, average precision of all faces: +1.20 points (standard error 0.30)`."""
    turned = f", turned by {row['turn']:g}°" if row["turn"] else ""
    points = "{mean:+.2f} points (standard error {error:.2f})".format(**row[MEASURE])
    return f"look of {row['look']}, {MEASURE} of {row['faces of']} faces{turned}: {points}"
