"""Fits what leads from a face detector's answer to the landmark box, on real faces: the text of `infer/detectors.json`.

The frontal cascade is fitted on the faces that it finds, as is the profile cascade, whose finds in mirrored pictures
count mirrored. What leads from eyes, nose and mouth corners (YuNet's answer) to the landmark box is fitted on the
annotated points.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from infer.detect.haar import Cascade
from infer.detect.yunet import boxes_around, framed
from infer.faces.align import five_points
from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68
from tools.fit.cascades import FEWEST, LARGE, STARTS, YAW_EDGES, CascadeFinds, Sample, fit, search_all, to_fit
from tools.fit.faces import counted, drawn_faces, readable, subset_of
from tools.read.face import AnnotatedFace

WRITTEN_BY = "tools/fit_constants.py boxes"


def fit_boxes(folders: Sequence[Path], count: int, seed: int) -> tuple[str, str]:
    """The JSON file's text, and a report of what each cascade finds, by at most `count` training faces of the sets.

    Raises FileNotFoundError or ValueError for missing folders, ValueError for too few faces.
    """
    samples = list(read_samples(folders, count, seed))
    finds = [search_all(samples, start) for start in STARTS]
    fitted = [fit(*item) for item in zip(STARTS, finds, to_fit(samples, finds), strict=True)]
    five = fit_five(np.array([sample.points for sample in samples]))
    lines = [report(samples, finds), *(summary(cascade, statistics) for cascade, statistics in fitted)]
    return document(samples, fitted, five, seed), "\n".join(lines)


def read_samples(folders: Sequence[Path], count: int, seed: int) -> Iterator[Sample]:
    """The drawn faces whose points are all known: by pts_3d where pts_2d are partly unknown (YTF).

    Raises as `drawn_faces`; faces that cannot be read, or have no key with all points, are named on stderr.
    """
    for item, face in readable(drawn_faces(folders, count, seed), "pts_2d"):
        whole = face if is_whole(face) else next((one for _, one in readable([item], "pts_3d") if is_whole(one)), None)
        if whole is None:
            print(f"skipped: {item.annotation.name}: found unknown points, expected one key with all", file=sys.stderr)
            continue
        yield Sample(subset_of(item), item.picture, face.box, float(np.degrees(abs(face.pose[1]))), whole.points)


def is_whole(face: AnnotatedFace) -> bool:
    """Whether all points of a face are known."""
    return bool(np.isfinite(face.points).all())


def fit_five(points: np.ndarray) -> dict[str, object]:
    """What leads from eyes, nose and mouth corners to the landmark box: weights of `boxes_around`, by least
    squares over faces [N, 68, 2], and how far off it is, in the box's longer edge. ValueError for under FEWEST faces.
    """
    if len(points) < FEWEST:
        raise ValueError(f"five points: found {len(points)} faces, expected at least {FEWEST} to fit constants to")
    boxes = np.array([box_of(some) for some in points])
    five = np.array([five_points(some, IBUG_68.name) for some in points])
    middle, size, inputs = framed(five)
    goals = (boxes - np.tile(middle, 2)) / size[:, None]
    # a little ridge: x and y of the five are moved to their middle, so that two of the ten follow from the others
    weights = np.linalg.solve(inputs.T @ inputs + 1e-3 * len(points) * np.eye(11), inputs.T @ goals).round(4)
    off = np.abs(boxes_around(five, weights) - boxes).max(axis=1) / (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    shares = [round(float(value), 4) for value in np.quantile(off, (0.5, 0.9))]
    return {"weights": weights.tolist(), "fit": {"faces": len(points), "worst_edge_off_50_90": shares}}


def report(samples: Sequence[Sample], finds: Sequence[CascadeFinds]) -> str:
    """The table of recall and false alarms: a row per set and |yaw| bin, a column per cascade and one for any."""
    either = np.any([found.found for found in finds], axis=0)
    lines = [
        f"{'recall (false alarms per picture)':36s}{'faces':>6s}"
        + "".join(f"{start.name:>18s}" for start in STARTS)
        + f"{'any':>8s}"
    ]
    for name, chosen in _rows(samples):
        cells = [f"{found.found[chosen].mean():8.1%} ({found.alarms[chosen].mean():.2f}) " for found in finds]
        lines.append(
            f"{name:36s}{chosen.sum():6d}" + "".join(f"{cell:>18s}" for cell in cells) + f"{either[chosen].mean():8.1%}"
        )
    pace = [found.seconds / len(samples) * 1000 for found in finds]
    times = ", ".join(f"{start.name} {each:.0f}" for start, each in zip(STARTS, pace, strict=True))
    return "\n".join([*lines, f"search, ms per picture: {times}"])


def _rows(samples: Sequence[Sample]) -> list[tuple[str, np.ndarray]]:
    subsets, yaw = np.array([sample.subset for sample in samples]), np.array([sample.yaw for sample in samples])
    rows = []
    for subset in dict.fromkeys(subsets):
        rows.append((subset, subsets == subset))
        for low, high in zip(YAW_EDGES[:-1], YAW_EDGES[1:], strict=True):
            inside = (subsets == subset) & (yaw >= low) & (yaw < high)
            if inside.any():
                rows.append((f"  |yaw| {low}-{high}", inside))
    return [*rows, ("all", np.ones(len(samples), bool))]


def summary(cascade: Cascade, statistics: dict) -> str:
    low, _, high = statistics["size_error_10_50_90"]
    return (
        f"{cascade.name}: dx {cascade.dx:.3f}, dy {cascade.dy:.3f}, width {cascade.width:.3f}, "
        f"height {cascade.height:.3f} of the square's side; off by {statistics['centre_error_median']:.1%} of the "
        f"box's edge (median), {statistics['centre_error_90']:.1%} (90 %), in size by {low:+.1%} to {high:+.1%}"
    )


def document(samples: Sequence[Sample], fitted: list[tuple[Cascade, dict]], five: dict, seed: int) -> str:
    """The JSON file's text: names of data sets, never paths of this machine."""
    entries = [{**asdict(cascade), "fit": statistics} for cascade, statistics in fitted]
    frontal = next(entry for entry in entries if entry["name"] == "frontal")
    data = {
        "written_by": WRITTEN_BY,
        "unit": "sides of the square; dx, dy: centre of the landmark box from the square's; width, height: its edges",
        "fitted_on": counted([sample.subset for sample in samples]),
        "seed": seed,
        "cascades": [*entries, {**frontal, **LARGE}],
        "five_points": five,
    }
    return json.dumps(data, indent=2) + "\n"
