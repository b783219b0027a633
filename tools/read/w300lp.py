"""Reader of 300W-LP and of sets in its layout (Zhu et al., "Face Alignment Across Large Poses", CVPR 2016).

    <SUBSET>/<NAME>.jpg   <SUBSET>/<NAME>.mat (pt2d, Pose_Para)   landmarks/<SUBSET>/<NAME>_pts.mat (pts_2d, pts_3d)

Pictures may be of any kind that OpenCV decodes. `pt2d` is stale for turned views (view 1 and up carry view 0's points),
so it is taken for view 0 alone, and only where there is no `_pts.mat`. `<SUBSET>_Flip` holds mirrored pictures: their
`pt2d` is mirrored but not re-indexed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from infer.geometry.boxes import box_of, mirror_boxes
from records.landmarks import IBUG_68, flip_points
from records.split import source_of_picture
from tools.read.face import AnnotatedFace, BadSample, Item
from tools.read.folders import has_pair, pictures_of
from tools.read.marks import array_of, arrays_of, checked_points, landmark_box, pose_of
from tools.read.placing import place

FORMAT = "300w-lp"
ORIGIN = 0.0  # of pts_2d and pts_3d
POINT_KEYS = ("pts_2d", "pts_3d")
FLIP = "_Flip"
PT2D_ORIGIN = 1.0  # measured on genuine files: in `_Flip`, x' = 451 - x for pictures 450 wide


def view_of(name: str) -> int:
    """The view that a name ends with; 0 is the photograph itself, more is turned further."""
    last = name.rpartition("_")[2]
    return int(last) if last.isdigit() else 0


def matches(path: Path) -> bool:
    """Whether it is a folder of subsets with pictures and `.mat` files, or with `landmarks/`; opens no file."""
    path = Path(path)
    if not path.is_dir():
        return False
    own, subsets = path / "landmarks", [folder for folder in path.iterdir() if folder.is_dir()]
    return any((own / folder.name.removesuffix(FLIP)).is_dir() or has_pair(folder) for folder in subsets)


def find(folder: Path, dataset: str) -> list[Item]:
    """The faces of a folder in 300W-LP's layout, sorted by name.

    Raises FileNotFoundError for a missing folder, ValueError where there is no pair of picture and annotation.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder, expected a data set in 300W-LP's layout")
    subsets = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in ("landmarks", "Code"))
    items = [
        _item(folder, dataset, subset, picture)
        for subset in subsets
        for picture in pictures_of((folder / subset).iterdir()).values()
    ]
    if not any(item.annotation.is_file() for item in items):
        raise ValueError(
            f"{folder}: found no pair of a picture <SUBSET>/<NAME>.jpg (.png ...) and its "
            "landmarks/<SUBSET>/<NAME>_pts.mat or <SUBSET>/<NAME>.mat"
        )
    return items


def _item(folder: Path, dataset: str, subset: str, picture: Path) -> Item:
    name, plain = picture.stem, subset.removesuffix(FLIP)
    own = folder / "landmarks" / plain / f"{name}_pts.mat"
    annotation = own if own.is_file() else picture.with_suffix(".mat")
    return Item(dataset, subset, name, source_of_picture(picture), picture, annotation, subset.endswith(FLIP))


def read(item: Item, points_key: str) -> AnnotatedFace:
    """The face of an item, points by `points_key` ("pts_2d": visible contour, "pts_3d": projected contour).

    Raises BadSample, with the file, what was found and what was expected.
    """
    if not item.annotation.is_file():
        raise BadSample("missing annotation", f"{item.picture.name}: found no {_own(item).name}, expected one")
    placed = place(item)
    if item.annotation.name.endswith("_pts.mat"):
        points, box = _own_points(item, points_key, placed.image.shape[1])
    elif points_key == "pts_3d":
        raise BadSample(
            "missing key", f"{item.annotation.name}: found pt2d alone, expected {_own(item).name} with pts_3d"
        )
    else:
        points = _stale_points(item)
        box = landmark_box(points, None, IBUG_68, f"{item.annotation.name} pt2d")
    return AnnotatedFace(placed.image, points, box, pose_of(item), remarks=placed.remarks)


def _own(item: Item) -> Path:
    """Where the points of that very picture should be."""
    return item.picture.parents[1] / "landmarks" / item.subset / f"{item.name}_pts.mat"


def _own_points(item: Item, key: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of one key and the box, of the picture as it is: `width` pixels wide, mirrored or not."""
    arrays = arrays_of(item.annotation)
    points = _points(arrays, key, item.annotation)
    box = _box(arrays, points, key, item.annotation)
    if not item.mirrored:
        return points, box
    return flip_points(points, width), mirror_boxes([box], width)[0]


def _points(arrays: dict, key: str, path: Path) -> np.ndarray:
    return checked_points(array_of(path, arrays, key, (IBUG_68.count, 2)), f"{path.name} {key}")


def _box(arrays: dict, points: np.ndarray, key: str, path: Path) -> np.ndarray:
    """The box of all points: of partly known ones never their own, which would be too small, but the other key's.

    Where that is not there or not whole either, it is that of the mean shape fitted to the known points.
    """
    other = next(name for name in POINT_KEYS if name != key)
    if not np.isfinite(points).all() and other in arrays:
        full = _points(arrays, other, path)
        if np.isfinite(full).all():
            return box_of(full)
    return landmark_box(points, None, IBUG_68, f"{path.name} {key}")


def _stale_points(item: Item) -> np.ndarray:
    if view_of(item.name) != 0:
        raise BadSample(
            "stale points",
            f"{item.annotation.name}: pt2d of a turned view is that of view 0, expected landmarks/"
            f"{item.subset.removesuffix(FLIP)}/{item.name}_pts.mat",
        )
    found = array_of(item.annotation, arrays_of(item.annotation), "pt2d", (2, IBUG_68.count))
    points = checked_points(found.T - np.float32(PT2D_ORIGIN), f"{item.annotation.name} pt2d")
    return points[list(IBUG_68.flip)] if item.mirrored else points
