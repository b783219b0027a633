"""Measures where the network is weak: held-out faces by what is known of them, and made harder in one way at a time.

    python tools/measure/limits.py data/300W data/300W_LP

One pass from the true box. Yaw is the data set's, or the head pose by the true points; what the sets do not say (age,
skin) is not measured, brightness of the face's pixels stands in for some of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.faces.pose import head_pose, openness
from infer.files.console import speak_plainly
from infer.landmarker import Landmarker
from records import metrics
from tools.evaluation.corruptions import CHANGES, Picture, edge_of
from tools.evaluation.held_out import held_out, read_all
from tools.evaluation.intervals import interval
from tools.read.face import AnnotatedFace, Item

ALL = "all faces"


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="annotated sets, of which the test side counts")
    add("--model", metavar="FILE", help="network with its .json beside it, or small (default: as infer/run.py)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        print(table(measure(landmarker, held_out(args.data, landmarker.contract, args.count))))
    except (ValueError, OSError) as error:
        print(f"measure_limits: {error}", file=sys.stderr)
        return 2
    return 0


def measure(landmarker: Landmarker, items: list[Item]) -> dict[str, list[tuple[float, str]]]:
    """NME of each face by sqrt(w h) of its points' box, a fraction, and its source, by kind of face and by change."""
    errors: dict[str, list[tuple[float, str]]] = {}
    for item, face in read_all(items):
        picture = Picture(face.image, face.points, face.box)
        plain = error_of(landmarker, picture)
        for kind in (ALL, *kinds_of(face)):
            errors.setdefault(kind, []).append((plain, item.source))
        for name, change in CHANGES.items():
            errors.setdefault(name, []).append((error_of(landmarker, change(picture)), item.source))
    return errors


def error_of(landmarker: Landmarker, picture: Picture) -> float:
    """Mean error of one pass from the true box, as a fraction of its sqrt(w h).

    The box is that of all points: that of the known ones alone would make a face without a jaw look worse.
    """
    found = landmarker.fit(picture.image, picture.box[None], 1)
    errors = metrics.point_errors(found, picture.points[None])
    return float(np.nanmean(errors) / np.sqrt(np.prod(picture.box[2:] - picture.box[:2])))


def kinds_of(face: AnnotatedFace) -> Iterable[str]:
    """What kinds a face is of: turn of the head, eyes, mouth, size and brightness in the picture."""
    yaw = turn_of(face)
    if np.isfinite(yaw):
        yield f"head turned, {metrics.YAW_BINS[int(metrics.yaw_bin(np.radians([yaw]))[0])]}°"
    state = openness(face.points)
    if abs(yaw) < 45:  # farther, one eye is hardly seen
        yield banded("less open eye: height of width", min(state.left_eye, state.right_eye), (0.15, 0.25))
        yield banded("mouth: height of width", state.mouth, (0.1, 0.4))
    yield banded("box's longer edge, pixels", edge_of(face.box), (100, 200))
    yield banded("mean grey of the face's pixels", brightness(face), (70, 160))


def turn_of(face: AnnotatedFace) -> float:
    """Yaw in degrees: the data set's, or that of the true points, NaN where neither is known."""
    if np.isfinite(face.pose[1]):
        return float(np.degrees(face.pose[1]))
    pose = head_pose(face.points)
    return float("nan") if pose is None else pose.yaw


def brightness(face: AnnotatedFace) -> float:
    """Mean grey, 0 to 255, of the pixels within the points' convex hull."""
    known = face.points[np.isfinite(face.points).all(axis=1)]
    mask = np.zeros(face.image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(known.round().astype(np.int32)), 1)
    return float(cv2.mean(cv2.cvtColor(face.image, cv2.COLOR_BGR2GRAY), mask)[0])


def banded(name: str, value: float, limits: tuple[float, float]) -> str:
    """The name of the band that a value is in, of three."""
    low, high = limits
    if not np.isfinite(value):
        return f"{name}, unknown"
    return f"{name}, " + (f"under {low}" if value < low else f"{low} to {high}" if value < high else f"{high} and more")


def table(errors: dict[str, list[tuple[float, str]]]) -> str:
    """Mean NME in % with its 95 % interval, sources drawn, as Markdown; the changes last."""
    kinds = [ALL, *sorted(set(errors) - {ALL, *CHANGES}, key=band_order)]
    lines = ["| faces | number | NME box %, 1 pass | 95 % interval |", "|---|---|---|---|", *rows_of(errors, kinds)]
    return "\n".join([*lines, "| **all faces, made harder** | | | |", *rows_of(errors, CHANGES)])


def band_order(kind: str) -> tuple:
    """Kinds of one name together, from low to high."""
    name, _, band = kind.rpartition(", ")
    return name, band.endswith("more"), not band.startswith("under"), band


def rows_of(errors: dict[str, list[tuple[float, str]]], kinds: Iterable[str]) -> list[str]:
    """A row of the table for each kind."""
    rows = []
    for kind in kinds:
        values, sources = (np.array(column) for column in zip(*errors[kind], strict=True))
        low, high = (f"{100 * end:.2f}" for end in interval(values, sources))
        rows.append(f"| {kind} | {len(values)} | {100 * metrics.mean(values):.2f} | {low} to {high} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())
