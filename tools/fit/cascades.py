"""What leads from a cascade's square to the landmark box: medians over the faces that the cascade finds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from infer.detect.haar import Cascade, find_squares, open_cascade, prepare
from infer.files.pictures import read_picture
from infer.geometry.boxes import mirror_boxes, overlaps
from infer.jobs.progress import Progress

# The looks, in their order: quick in a reduced picture, then closer, then for turned heads. Generous settings, for the
# network's check is strict. The last four numbers only say roughly where a face is, to tell a find from a false alarm
FRONTAL, PROFILE = "haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml"
STARTS = (
    Cascade("frontal, reduced", FRONTAL, False, 256, 1.1, 1, 20, 0, 0.0, 0.155, 0.88, 0.86),
    Cascade("frontal", FRONTAL, False, 640, 1.05, 1, 20, 0, 0.0, 0.155, 0.88, 0.86),
    Cascade("profile", PROFILE, True, 320, 1.1, 1, 20, 0, 0.0, 0.14, 0.72, 0.72),
)
# for small faces in large pictures, larger than those fitted on: with the constants of the look "frontal"
LARGE = {"name": "frontal, large", "longest": 1280, "scale": 1.1, "neighbours": 2, "beyond": 640}
MATCH = 0.3  # IoU of the mapped square with the true box that makes a find; turned heads are off-centre
YAW_EDGES = (0, 30, 60, 90)
FEWEST = 20  # finds


@dataclass(frozen=True)
class Sample:
    """One face: set and subset, picture, true landmark box [4], |yaw| in degrees or NaN, true points [68, 2]."""

    subset: str
    picture: Path
    box: np.ndarray
    yaw: float
    points: np.ndarray


@dataclass(frozen=True)
class CascadeFinds:
    """What one cascade answered over all samples.

    squares [N, 4] (x, y, w, h) and boxes [N, 4]: the find that fits each face best and the true box, both as the
    cascade saw them (mirrored, reduced); NaN where none fits. alarms: other finds, [N]. seconds: of the search.
    """

    squares: np.ndarray
    boxes: np.ndarray
    alarms: np.ndarray
    seconds: float

    @property
    def found(self) -> np.ndarray:
        return np.isfinite(self.squares).all(axis=1)


def search_all(samples: Sequence[Sample], start: Cascade) -> CascadeFinds:
    """Runs one cascade over all samples, with progress on stderr."""
    classifier, rows, seconds = open_cascade(start.file), [], 0.0
    with Progress(len(samples), f"pictures, {start.name}", stream=sys.stderr) as progress:
        for sample in samples:
            image, before = read_picture(sample.picture, upright=False), time.perf_counter()
            rows.append(_search(image, sample.box, start, classifier))
            seconds += time.perf_counter() - before
            progress.step()
    squares, boxes, alarms = (np.array(column) for column in zip(*rows, strict=True))
    return CascadeFinds(squares, boxes, alarms, seconds)


def _search(image: np.ndarray, true: np.ndarray, start: Cascade, classifier) -> tuple[np.ndarray, np.ndarray, int]:
    """The square that fits a face's true box best, that box as the cascade saw it, and how many finds lie elsewhere."""
    ready = prepare(image, start.longest)
    grey, box = ready.grey, ready.from_picture(true)
    views = [(grey, box)]
    if start.mirrored:
        views.append((grey[:, ::-1], mirror_boxes(box[None], grey.shape[1])[0]))
    answers = [(*match(find_squares(classifier, seen, start)[0], truth, start), truth) for seen, truth in views]
    square, _, _, truth = max(answers, key=lambda answer: answer[1])
    return square, truth, sum(answer[2] for answer in answers)


def match(squares: np.ndarray, box: np.ndarray, start: Cascade) -> tuple[np.ndarray, float, int]:
    """The square that fits the true box best (NaN where none does), its IoU, and how many squares lie elsewhere."""
    if not len(squares):
        return np.full(4, np.nan), 0.0, 0
    shared = overlaps(box, start.to_boxes(squares))
    best = int(shared.argmax())
    alarms = int((shared < MATCH / 2).sum())
    if shared[best] < MATCH:
        return np.full(4, np.nan), 0.0, alarms
    return squares[best].astype(np.float64), float(shared[best]), alarms


def to_fit(samples: Sequence[Sample], finds: Sequence[CascadeFinds]) -> list[np.ndarray]:
    """For each of `STARTS` which of its finds to fit to, bool [N]: those that it will be asked about.

    Frontal: faces not known to be turned. Profile: turned ones, and those that the frontal looks missed.
    """
    turned = np.array([sample.yaw for sample in samples]) >= YAW_EDGES[1]  # False where the yaw is unknown
    *frontal, profile = finds
    missed = ~np.any([some.found for some in frontal], axis=0)
    return [*(some.found & ~turned for some in frontal), profile.found & (turned | missed)]


def fit(start: Cascade, finds: CascadeFinds, chosen: np.ndarray) -> tuple[Cascade, dict]:
    """The cascade with its constants, medians over the chosen finds, and statistics of what is left over.

    A frontal cascade is symmetric, so its dx is 0. Raises ValueError for fewer than FEWEST finds.
    """
    squares, boxes = finds.squares[chosen], finds.boxes[chosen]
    if len(squares) < FEWEST:
        raise ValueError(f"{start.file}: found {len(squares)} faces, expected at least {FEWEST} to fit constants to")
    x, y, side = squares[:, 0], squares[:, 1], squares[:, 2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    dx, dy = (middle[:, 0] - x - (side - 1) / 2) / side, (middle[:, 1] - y - (side - 1) / 2) / side
    width, height = ((boxes[:, 2:] - boxes[:, :2]) / side[:, None]).T
    medians = [round(float(np.median(values)), 4) for values in (dx, dy, width, height)]
    cascade = replace(
        start, dx=medians[0] if start.mirrored else 0.0, dy=medians[1], width=medians[2], height=medians[3]
    )
    return cascade, _statistics(cascade, squares, boxes, finds)


def _statistics(cascade: Cascade, squares: np.ndarray, boxes: np.ndarray, finds: CascadeFinds) -> dict:
    """Errors as fractions of the true box's longer edge: of the centre (distance) and of the longer edge itself."""
    edge = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    mapped = cascade.to_boxes(squares)
    shift = np.linalg.norm((mapped - boxes).reshape(-1, 2, 2).mean(axis=1), axis=1) / edge
    growth = (mapped[:, 2:] - mapped[:, :2]).max(axis=1) / edge - 1
    return {
        "faces": int(len(finds.found)),
        "found": int(finds.found.sum()),
        "fitted_to": len(boxes),
        "false_alarms": int(finds.alarms.sum()),
        "centre_error_median": round(float(np.median(shift)), 4),
        "centre_error_90": round(float(np.quantile(shift, 0.9)), 4),
        "size_error_10_50_90": [round(float(value), 4) for value in np.quantile(growth, (0.1, 0.5, 0.9))],
    }
