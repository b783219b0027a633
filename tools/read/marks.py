"""What annotation files say of a face, turned into a `Face`: also where only a part of the points is known.

The box of partly known points is never that of the known ones: without the jaw it would be a quarter too small. It is
the annotated box, else that of the mean shape fitted to the known points.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from infer.files.pictures import read_picture
from infer.geometry.boxes import box_of
from infer.geometry.similarity import similarity
from records.landmarks import IBUG_68, Scheme, convert
from tools.read.face import NO_POSE, BadSample, Face, Item
from tools.read.matfile import read_mat
from tools.read.w300lp import source_of

MEAN_SHAPE = Path(__file__).with_name("mean_shape_68.json")
KNOWN_POINTS = 4
# RMS distance of the known points from their middle, of the mean box's edge. Measured on 300-W: both eyes (0.23), or an
# eye and the mouth (0.28), give the edge within 5 % (median); a brow, an eye or the mouth alone (0.06 to 0.15), 13 %
SPREAD = 0.2
TOP = "all"  # subset of what lies in the set's own folder


@dataclass(frozen=True, eq=False)
class Marks:
    """What a file says of one face.

    points: float64 [K, 2] in pixels, 0-based, NaN where unknown; box: the annotated box (x0, y0, x1, y1), if any;
    fault: reason and message of a `BadSample`, where the file is wrong about this face alone.
    """

    points: np.ndarray
    box: np.ndarray | None = None
    fault: tuple[str, str] | None = None


def items_of(entries: Iterable[tuple[Path, Marks]], annotation: Path, dataset: str, format: str) -> list[Item]:
    """The items of faces that one file describes: (picture, marks) each, in the file's order; sorted by key.

    Subset: the picture's folder, seen from the file's; name: the picture's stem and the face's number, from 1.
    """
    items, numbers = [], Counter()
    for picture, marks in entries:
        subset = subset_of(picture, annotation.parent)
        numbers[subset, picture.stem] += 1
        name = f"{picture.stem}#{numbers[subset, picture.stem]}"
        source = photo_of(picture, annotation.parent)
        items.append(Item(dataset, subset, name, source, picture, annotation, format=format, data=marks))
    return sorted(items, key=lambda item: item.key)


def subset_of(picture: Path, root: Path) -> str:
    """The folder of a picture, seen from the set's: `a/b`, or "all" for that folder itself; outside, its bare name."""
    if not picture.is_relative_to(root):
        return picture.parent.name or TOP
    return TOP if picture.parent == root else picture.parent.relative_to(root).as_posix()


def photo_of(picture: Path, root: Path) -> str:
    """The source of a picture with all its faces: by its name where that is of a known set, else its path."""
    source = source_of(picture.stem)
    return source if source != picture.stem else Path(os.path.relpath(picture, root)).as_posix()


def face_of(item: Item, marks: Marks, scheme: Scheme, pose: np.ndarray | None = None) -> Face:
    """The face of an item from what its file says. Raises BadSample."""
    if marks.fault:
        raise BadSample(*marks.fault)
    points = checked_points(marks.points, where(item))
    box = landmark_box(points, marks.box, scheme, where(item))
    return Face(read_image(item), points, box, NO_POSE.copy() if pose is None else pose)


def where(item: Item) -> str:
    """How messages name a face: its file, and its name where the file holds several."""
    return item.annotation.name if item.annotation.stem == item.name else f"{item.annotation.name} {item.name}"


def read_image(item: Item) -> np.ndarray:
    """The item's picture as stored, BGR. Raises BadSample."""
    try:
        return read_picture(item.picture, upright=False)
    except (ValueError, OSError) as error:
        raise BadSample("unreadable picture", str(error)) from None


def checked_points(points: np.ndarray, place: str) -> np.ndarray:
    """The points as float32, NaN in both coordinates where one is not finite. Raises BadSample where none is usable."""
    with np.errstate(over="ignore"):  # becomes infinite, so unknown
        points = np.asarray(points).astype(np.float32)
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        raise BadSample("no known point", f"{place}: found no known point, expected at least one")
    if np.ptp(points[known], axis=0).max() < 1:
        raise BadSample("points all equal", f"{place}: the points span under a pixel, expected a face")
    return np.where(known[:, None], points, np.float32(np.nan))


def landmark_box(points: np.ndarray, annotated: np.ndarray | None, scheme: Scheme, place: str) -> np.ndarray:
    """The box (x0, y0, x1, y1) of all 68 points of a face, float64 [4], whatever part of them is known.

    points: [K, 2], NaN where unknown. The box of 15 whole points is not that of a face either: it has no chin.
    Raises BadSample "unknown box" where there is no annotated box and too little is known.
    """
    if scheme is IBUG_68 and np.isfinite(points).all():
        return box_of(points)
    if annotated is not None and np.isfinite(annotated).all() and (annotated[2:] - annotated[:2] >= 1).all():
        return np.asarray(annotated, np.float64)
    return fitted_box(points, scheme, place)


def fitted_box(points: np.ndarray, scheme: Scheme, place: str) -> np.ndarray:
    """The box of the mean shape fitted to the known points, float64 [4]; known ones of 68 stand where they are.

    Raises BadSample "unknown box" for fewer than 4 known points, and for those too close together to tell a size.
    """
    mean = mean_shape()
    known = np.isfinite(points).all(axis=1)
    model = convert(mean, IBUG_68, scheme)[known]
    spread = np.sqrt(((model - model.mean(axis=0)) ** 2).sum(axis=1).mean()) / np.ptp(mean, axis=0).max()
    if len(model) < KNOWN_POINTS or spread < SPREAD:
        message = f"{place}: found {len(model)} known points with a spread of {spread:.2f} faces and no usable box"
        wanted = f"expected a box, or {KNOWN_POINTS} points spread over {SPREAD:g}"
        raise BadSample("unknown box", f"{message}, {wanted}")
    scale, turn, shift = similarity(model, np.asarray(points, np.float64)[known])
    whole = scale * mean @ turn.T + shift
    return box_of(np.where(known[:, None], points, whole) if scheme is IBUG_68 else whole)


@cache
def mean_shape() -> np.ndarray:
    """The mean of hand-annotated faces, float64 [68, 2]: upright, its middle at 0, outer eye corners 1 apart."""
    return np.array(json.loads(MEAN_SHAPE.read_text())["points"])


def fit_mean_shape(shapes: np.ndarray, rounds: int = 10) -> np.ndarray:
    """The mean shape of faces [N, 68, 2], float64 [68, 2], mirrored onto itself, scaled as `mean_shape` says.

    Generalised Procrustes analysis: J. C. Gower, "Generalized Procrustes analysis", Psychometrika 40 (1975).
    """
    mean = _upright(np.asarray(shapes[0], np.float64))
    for _ in range(rounds):
        fits = [similarity(shape, mean) for shape in np.asarray(shapes, np.float64)]
        moved = [scale * shape @ turn.T + shift for shape, (scale, turn, shift) in zip(shapes, fits, strict=True)]
        mean = _upright(np.mean(moved, axis=0))
    return mean


def _upright(shape: np.ndarray) -> np.ndarray:
    """The shape averaged with its mirror image, its middle line upright; centred, outer eye corners 1 apart."""
    shape = shape - shape.mean(axis=0)
    mirrored = shape[list(IBUG_68.flip)] * (-1, 1)
    scale, turn, shift = similarity(mirrored, shape)
    axis = np.arctan2(turn[1, 0], turn[0, 0]) / 2
    back = np.array([[np.cos(axis), np.sin(axis)], [-np.sin(axis), np.cos(axis)]])
    upright = shape @ back.T
    upright = (upright + upright[list(IBUG_68.flip)] * (-1, 1)) / 2
    first, second = IBUG_68.corners
    return (upright - upright.mean(axis=0)) / np.linalg.norm(upright[second] - upright[first])


def write_mean_shape(folder: Path, path: Path = MEAN_SHAPE) -> None:
    """Fits the mean shape to the whole `pts_2d` of a set in 300W-LP's layout and writes it as JSON.

    How the committed file was made (1,983 hand-annotated faces: AFW, HELEN, LFPW; YTF's lack the jaw), from the root:
    `python -c "from tools.partial import write_mean_shape; write_mean_shape('../shared/data/300W')"`
    """
    files = sorted(Path(folder).glob("landmarks/*/*_pts.mat"))
    shapes = [read_mat(file, ("pts_2d",))["pts_2d"] for file in files]
    shapes = np.array([shape for shape in shapes if np.isfinite(shape).all()], np.float64)
    document = {
        "scheme": IBUG_68.name,
        "unit": "distance of the outer eye corners; origin: the middle of the points; x to the right, y down",
        "made_by": "tools/read/marks.py write_mean_shape",
        "faces": len(shapes),
        "points": np.round(fit_mean_shape(shapes), 5).tolist(),
    }
    text = json.dumps(document, indent=1).replace("[\n   ", "[").replace(",\n   ", ", ").replace("\n  ]", "]")
    Path(path).write_text(text + "\n")
