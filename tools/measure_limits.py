"""Measures where the network is weak: held-out faces by what is known of them, and made harder in one way at a time.

    python tools/measure_limits.py data/300W data/300W_LP

One pass from the true box. Yaw is the data set's, or the head pose by the true points; what the sets do not say (age,
skin) is not measured, brightness of the face's pixels stands in for some of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from infer.landmarker import Landmarker
from infer.pose import head_pose, openness
from records import metrics
from tools.bootstrap import interval
from tools.faces import Face, Item
from tools.held_out import held_out, read_all

EDGES = (64, 48, 32, 24, 16)  # pixels
SEED = 0
ALL = "all faces"


class Picture(NamedTuple):
    """uint8 [height, width, 3] BGR; the true points [68, 2] and the box (x0, y0, x1, y1) in its pixels."""

    image: np.ndarray
    points: np.ndarray
    box: np.ndarray


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="annotated sets, of which the test side counts")
    add("--model", metavar="FILE", help="network with its .json beside it, or small (default: as infer/run.py)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        print(table(measure(Landmarker(args.model), held_out(args.data, args.count))))
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
    """NME by sqrt(w h) of the box, a fraction, of one pass from the true box."""
    found = landmarker.fit(picture.image, picture.box[None], 1)
    return float(metrics.nme_per_face(found, picture.points[None], "box")[0])


def kinds_of(face: Face) -> Iterable[str]:
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


def turn_of(face: Face) -> float:
    """Yaw in degrees: the data set's, or that of the true points, NaN where neither is known."""
    if np.isfinite(face.pose[1]):
        return float(np.degrees(face.pose[1]))
    pose = head_pose(face.points)
    return float("nan") if pose is None else pose.yaw


def brightness(face: Face) -> float:
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


def edge_of(box: np.ndarray) -> float:
    """The longer edge of a box (x0, y0, x1, y1), in its unit."""
    return float(max(box[2] - box[0], box[3] - box[1]))


def smaller(edge: int) -> Callable[[Picture], Picture]:
    """The picture reduced until the box's longer edge has so many pixels; smaller ones stay as they are."""

    def change(picture: Picture) -> Picture:
        image, points, box = picture
        scale = min(1.0, edge / edge_of(box))
        height, width = (max(1, round(size * scale)) for size in image.shape[:2])
        scales = np.array([width / image.shape[1], height / image.shape[0]])
        reduced = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        return Picture(reduced, (points + 0.5) * scales - 0.5, ((box.reshape(2, 2) + 0.5) * scales - 0.5).ravel())

    return change


def darker(picture: Picture) -> Picture:
    """A quarter of the light, and the noise of a small sensor."""
    return picture._replace(image=with_noise(picture.image * 0.25, 5))


def blurred(picture: Picture) -> Picture:
    """Out of focus: Gaussian, its standard deviation 3 % of the box's longer edge."""
    return picture._replace(image=cv2.GaussianBlur(picture.image, (0, 0), 0.03 * edge_of(picture.box)))


def noisy(picture: Picture) -> Picture:
    """Gaussian noise with a standard deviation of 25 of 255."""
    return picture._replace(image=with_noise(picture.image, 25))


def with_noise(image: np.ndarray, deviation: float) -> np.ndarray:
    """uint8, as the picture [height, width, 3] of 0..255, with Gaussian noise of this standard deviation."""
    noise = np.random.default_rng(SEED).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def compressed(picture: Picture) -> Picture:
    """JPEG of quality 10."""
    _, data = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, 10])
    return picture._replace(image=cv2.imdecode(data, cv2.IMREAD_COLOR))


def covered(top: float, bottom: float) -> Callable[[Picture], Picture]:
    """A grey bar across the box, from one fraction of its height to another."""

    def change(picture: Picture) -> Picture:
        image, (x0, y0, x1, y1) = picture.image.copy(), picture.box
        first, last = (int(np.clip(y0 + part * (y1 - y0), 0, image.shape[0])) for part in (top, bottom))
        image[first:last, max(0, int(x0)) : max(0, int(x1) + 1)] = 128
        return picture._replace(image=image)

    return change


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    **{f"reduced: longer edge {edge} pixels": smaller(edge) for edge in EDGES},
    "a quarter of the light": darker,
    "out of focus": blurred,
    "noise": noisy,
    "JPEG of quality 10": compressed,
    "eyes covered": covered(0.0, 0.3),
    "mouth and chin covered": covered(0.6, 1.0),
}


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
