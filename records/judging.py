"""What detectors found in annotated pictures, judged: which finds are true ones, of all faces and of parts of them.

    judged = judge(truths, finds)  # a picture each, in the same order

Recall and precision of a part of the faces (those of a height, of a yaw) count the false alarms of all its pictures:
one threshold serves all faces of a picture. Finds that are faces of another part count neither way there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from records import metrics
from records.detections import FALSE_ALARM, partners_of

LEAST = 12.0  # pixels: true faces lower than this count neither way
HEIGHTS = {"12-24 px": (LEAST, 24.0), "24-48 px": (24.0, 48.0), "48 px and more": (48.0, np.inf)}
ALL = "all"


@dataclass(frozen=True)
class TruePicture:
    """What is known of a picture with N faces.

    name: of its set; boxes: upright landmark boxes (x0, y0, x1, y1), pixels, [N, 4]; heights: of the faces as they
    stand, pixels, [N]; yaws, rolls: radians, NaN unknown, [N]; kinds: by which further parts of the faces are told
    apart, [N]; ignore: boxes [K, 4] of what is neither face nor background.
    """

    name: str
    boxes: np.ndarray
    heights: np.ndarray
    yaws: np.ndarray
    rolls: np.ndarray
    kinds: Sequence[str]
    ignore: np.ndarray


@dataclass(frozen=True)
class FoundBoxes:
    """What a detector found in a picture: upright landmark boxes [M, 4], scores [M], rolls in radians [M], NaN where it
    tells none."""

    boxes: np.ndarray
    scores: np.ndarray
    rolls: np.ndarray

    def surest_first(self) -> FoundBoxes:
        """The same finds by falling score."""
        order = np.argsort(-np.asarray(self.scores), kind="stable")
        return FoundBoxes(np.asarray(self.boxes).reshape(-1, 4)[order], self.scores[order], self.rolls[order])


@dataclass(frozen=True)
class Judged:
    """All finds of all pictures against the true faces that count.

    names: of each picture's set, [P]; of each face, [F]: its picture, height, yaw, roll, kind; of each find, [M]: its
    picture, score, roll, and its partner: the face's index, FALSE_ALARM or NEITHER.
    """

    names: np.ndarray
    pictures: np.ndarray
    heights: np.ndarray
    yaws: np.ndarray
    rolls: np.ndarray
    kinds: np.ndarray
    found_in: np.ndarray
    scores: np.ndarray
    found_rolls: np.ndarray
    partners: np.ndarray

    def best_scores(self) -> np.ndarray:
        """The score that each face was found with, float64 [F]; -inf: not at all."""
        best = np.full(len(self.heights), -np.inf)
        true = self.partners >= 0
        best[self.partners[true]] = self.scores[true]
        return best


@dataclass(frozen=True)
class FacePart:
    """Some faces, bool [F], and the pictures whose false alarms count with them, bool [P]."""

    name: str
    faces: np.ndarray
    pictures: np.ndarray


def judge(truths: Sequence[TruePicture], finds: Sequence[FoundBoxes], least: float = LEAST) -> Judged:
    """The finds of each picture matched with its faces; those lower than `least` pixels count neither way.

    Raises ValueError for another number of pictures, and where there is none.
    """
    if not truths:
        raise ValueError("detections: found no picture, expected some")
    columns: dict[str, list[np.ndarray]] = {}
    faces = 0
    for index, (truth, some) in enumerate(zip(truths, finds, strict=True)):
        judged = _judged_picture(truth, some.surest_first(), least, index, faces)
        faces += len(judged["heights"])
        for name, values in judged.items():
            columns.setdefault(name, []).append(values)
    names = np.array([truth.name for truth in truths])
    return Judged(names, **{name: np.concatenate(values) for name, values in columns.items()})


def _judged_picture(
    truth: TruePicture, finds: FoundBoxes, least: float, index: int, before: int
) -> dict[str, np.ndarray]:
    """The fields of `Judged` for one picture, the `index`-th, with so many faces that count in those before it."""
    counted = np.asarray(truth.heights) >= least
    partners = partners_of(finds.boxes, truth.boxes, truth.ignore, counted)
    true = partners >= 0
    partners[true] = before + np.cumsum(counted)[partners[true]] - 1
    return {
        "pictures": np.full(counted.sum(), index),
        "heights": np.asarray(truth.heights, np.float64)[counted],
        "yaws": np.asarray(truth.yaws, np.float64)[counted],
        "rolls": np.asarray(truth.rolls, np.float64)[counted],
        "kinds": np.asarray(truth.kinds, str)[counted],
        "found_in": np.full(len(partners), index),
        "scores": np.asarray(finds.scores, np.float64),
        "found_rolls": np.asarray(finds.rolls, np.float64),
        "partners": partners,
    }


def parts_of(judged: Judged) -> Iterator[FacePart]:
    """All faces, those of each set, and of both by height, by |yaw| and by kind, as far as there are any."""
    scopes = {ALL: np.full(len(judged.names), True)}
    names = np.unique(judged.names)
    scopes |= {str(name): judged.names == name for name in names} if len(names) > 1 else {}
    for scope, pictures in scopes.items():
        inside = pictures[judged.pictures]
        yield FacePart(scope, inside, pictures)
        for name, chosen in kinds_of_faces(judged).items():
            if (inside & chosen).any():
                yield FacePart(f"{scope}, {name}", inside & chosen, pictures)


def kinds_of_faces(judged: Judged) -> dict[str, np.ndarray]:
    """The faces of each height, |yaw| bin and kind: name -> bool [F]."""
    chosen = {name: (judged.heights >= low) & (judged.heights < high) for name, (low, high) in HEIGHTS.items()}
    bins = metrics.yaw_bin(judged.yaws)
    chosen |= {name: bins == index for index, name in enumerate(metrics.YAW_BINS)}
    return chosen | {str(kind): judged.kinds == kind for kind in np.unique(judged.kinds) if kind}


def counted_finds(judged: Judged, part: FacePart) -> tuple[np.ndarray, np.ndarray]:
    """Scores, float64 [M], and hits, bool [M], of the finds that count for a part: its faces and its false alarms."""
    counted = which_count(judged, part)
    return judged.scores[counted], judged.partners[counted] >= 0


def which_count(judged: Judged, part: FacePart) -> np.ndarray:
    """Which finds those are, of all: bool [finds]."""
    true = judged.partners >= 0
    true[true] = part.faces[judged.partners[true]]
    return true | ((judged.partners == FALSE_ALARM) & part.pictures[judged.found_in])
