"""What the readers share: from what a file says of a face, array, cell or text, to a checked `AnnotatedFace`.

The box of partly known points is never that of the known ones: without the jaw it would be a quarter too small. It is
the annotated box, else that of the mean shape fitted to the known points.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, KAGGLE_15, common, convert, mapping
from records.scheme import Scheme, without_scheme
from tools.read.face import NO_POSE, AnnotatedFace, BadSample, Item, Remark
from tools.read.matfile import NotNumbers, list_names, read_mat
from tools.read.mean_shape import fitted_box
from tools.read.placing import Size, place

MAT_KEYS = ("pts_2d", "pts_3d", "pt2d", "pt3d_68", "Pose_Para")  # all that is ever taken from a .mat
TOP = "all"  # subset of what lies in the set's own folder


@dataclass(frozen=True, eq=False)
class Marks:
    """What a file says of one face.

    points: float64 [K, 2] in pixels, 0-based, NaN where unknown; box: the annotated box (x0, y0, x1, y1), if any;
    fault: reason and message of a `BadSample`, where the file is wrong about this face alone; scheme: of the points;
    size: of the picture, as the file says; upright: points count in the picture turned as its EXIF says; remarks: on
    what the file says; source: what must not be split, where that is more than a photo.
    """

    points: np.ndarray
    box: np.ndarray | None = None
    fault: tuple[str, str] | None = None
    scheme: Scheme = IBUG_68
    size: Size | None = None
    upright: bool = False
    remarks: tuple[Remark, ...] = ()
    source: str | None = None


def face_of(item: Item, marks: Marks, pose: np.ndarray | None = None) -> AnnotatedFace:
    """The face of an item from what its file says. Raises BadSample."""
    if marks.fault:
        raise BadSample(*marks.fault)
    points = checked_points(convert(marks.points, marks.scheme, item.scheme), where(item))
    box = landmark_box(points, marks.box, item.scheme, where(item))
    placed = place(item, marks.size, marks.upright)
    pose = NO_POSE.copy() if pose is None else pose
    remarks = marks.remarks + placed.remarks
    return AnnotatedFace(placed.image, placed.moved(points), placed.moved(box), pose, item.scheme, remarks)


def subset_of(picture: Path, root: Path) -> str:
    """The folder of a picture, seen from the set's: `a/b`, or "all" for that folder itself; outside, its bare name."""
    picture, root = Path(os.path.abspath(picture)), Path(os.path.abspath(root))
    if not picture.is_relative_to(root):
        return picture.parent.name or TOP
    return TOP if picture.parent == root else picture.parent.relative_to(root).as_posix()


def where(item: Item) -> str:
    """How messages name a face: its file, and its name where the file holds several."""
    return item.annotation.name if item.annotation.stem == item.name else f"{item.annotation.name} {item.name}"


def checked_points(points: np.ndarray, place: str) -> np.ndarray:
    """The points as float32, NaN in both coordinates where one is not finite. Raises BadSample where none is usable.

    place: what messages name.
    """
    points = single_precision(points)
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        raise BadSample("no known point", f"{place}: found no known point, expected at least one")
    if np.ptp(points[known], axis=0).max() < 1:
        raise BadSample("points all equal", f"{place}: the points span under a pixel, expected a face")
    return np.where(known[:, None], points, np.float32(np.nan))


def single_precision(values: np.ndarray) -> np.ndarray:
    """The values as float32; those beyond its range become infinite, which counts as unknown."""
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float32)


def landmark_box(points: np.ndarray, annotated: np.ndarray | None, scheme: Scheme, place: str) -> np.ndarray:
    """The box (x0, y0, x1, y1) of all 68 points of a face, float64 [4], whatever part of them is known.

    points: [K, 2], NaN where unknown. The box of 15 whole points is not that of a face either: it has no chin. Of
    points of which no scheme says where in a face they lie it is the annotated one, or else their own.
    Raises BadSample "unknown box" where there is no annotated box and too little is known.
    """
    shared = IBUG_68 if mapping(scheme, IBUG_68) else common([scheme, IBUG_68])
    known = np.isfinite(points).all(axis=1)
    if shared is not None:
        points = convert(points, scheme, shared)
    if shared is IBUG_68 and np.isfinite(points).all():
        return box_of(points)
    if annotated is not None and np.isfinite(annotated).all() and (annotated[2:] - annotated[:2] >= 1).all():
        return np.asarray(annotated, np.float64)
    if shared is not None:
        return fitted_box(points, shared, place)
    if known.all():
        return box_of(points)
    found = f"{known.sum()} of {scheme.count} points of {scheme.name} and no usable box"
    raise BadSample("unknown box", f"{place}: found {found}, expected a box, or all points")


def size_of(width: object, height: object) -> Size | None:
    """The size of a picture from what a file says, text or numbers; None where it says none, or what is none."""
    try:
        found = float(str(width)), float(str(height))
    except ValueError:
        return None
    return found if all(1 <= edge < np.inf for edge in found) else None


def scheme_of_count(count: int) -> Scheme:
    """The scheme of so many points that are told apart by nothing else: iBUG's 68, Kaggle's 15, or none."""
    # no other one before --scheme names it: as many points come in other orders too
    return next((scheme for scheme in (IBUG_68, KAGGLE_15) if scheme.count == count), None) or without_scheme(count)


def number_of(cell: str, name: str) -> float:
    """The number of a table's cell; NaN for an empty one. Raises ValueError, which names the column."""
    if not cell:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{cell[:40]!r} in column {name}, expected a number") from None


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """Those of MAT_KEYS that a `.mat` file holds. Raises BadSample."""
    try:
        return read_mat(path, MAT_KEYS)
    except NotNumbers as error:
        raise BadSample("wrong type", str(error)) from None
    except (ValueError, OSError) as error:
        raise BadSample("unreadable annotation", str(error)) from None


def array_of(path: Path, arrays: dict[str, np.ndarray], key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array of that name and shape, float32, of those that a `.mat` file holds. Raises BadSample."""
    values = arrays.get(key)
    if values is None:
        found = ", ".join(list_names(path)) or "nothing"
        raise BadSample("missing key", f"{path.name}: found {found}, expected {key}")
    if values.shape != shape:
        raise BadSample("wrong shape", f"{path.name}: {key} is {values.shape}, expected {shape}")
    return single_precision(values)


def pose_of(item: Item) -> np.ndarray:
    """Pitch, yaw, roll of `Pose_Para` in the `.mat` beside the picture; NaN without one. Raises BadSample."""
    path = item.picture.with_suffix(".mat")
    if not path.is_file():
        return NO_POSE.copy()
    pose = arrays_of(path).get("Pose_Para")
    if pose is None or pose.dtype.kind != "f" or pose.size < 3:
        return NO_POSE.copy()
    pose = single_precision(pose.ravel()[:3])
    if (np.abs(pose) > 2 * np.pi).any():  # damage in a file without checksums
        raise BadSample("impossible pose", f"{path.name}: Pose_Para is {pose.tolist()}, expected radians")
    return pose
