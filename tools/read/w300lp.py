"""Reader of 300W-LP and of sets in its layout (Zhu et al., "Face Alignment Across Large Poses", CVPR 2016).

    <SUBSET>/<NAME>.jpg   <SUBSET>/<NAME>.mat (pt2d, Pose_Para)   landmarks/<SUBSET>/<NAME>_pts.mat (pts_2d, pts_3d)

`pt2d` is stale for turned views (view 1 and up carry view 0's points), so it is taken for view 0 alone, and only where
there is no `_pts.mat`. `<SUBSET>_Flip` holds mirrored pictures: their `pt2d` is mirrored but not re-indexed.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from infer.files.pictures import read_picture
from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, flip_points
from tools.read.face import NO_POSE, BadSample, Face, Item
from tools.read.matfile import NotNumbers, list_names, read_mat

FORMAT = "300w-lp"
SCHEMES = (IBUG_68,)
ORIGIN = 0.0  # of pts_2d and pts_3d
POINT_KEYS = ("pts_2d", "pts_3d")
MAT_KEYS = (*POINT_KEYS, "pt2d", "pt3d_68", "Pose_Para")  # all that is ever taken from a .mat
FLIP = "_Flip"
PT2D_ORIGIN = 1.0  # measured on genuine files: in `_Flip`, x' = 451 - x for pictures 450 wide

_SOURCES = (
    (re.compile(r"(YTF_.+)_\d+_\d+"), "a person: frame and view dropped"),
    (re.compile(r"(LFPW_image_(?:train|test)_\d+)_\d+"), "a photo: view dropped"),
    (re.compile(r"([A-Z]+_.+)_\d+_\d+"), "a photo: face and view dropped"),
)


def source_of(name: str) -> str:
    """What must stay on one side of a split: the photo of an AFW, HELEN, IBUG, LFPW or drawn face, the person of YTF.

    name: a picture's name without suffix, `<SET>_<photo>_<face>_<view>`. An unknown form is its own source.
    """
    for pattern, _ in _SOURCES:
        match = pattern.fullmatch(name)
        if match:
            return match[1]
    return name


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
    return any((own / folder.name.removesuffix(FLIP)).is_dir() or _has_pair(folder) for folder in subsets)


def _has_pair(folder: Path) -> bool:
    return any(picture.with_suffix(".mat").is_file() for picture in folder.glob("*.jpg"))


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
        for picture in sorted((folder / subset).glob("*.jpg"))
    ]
    if not any(item.annotation.is_file() for item in items):
        raise ValueError(
            f"{folder}: found no pair of a picture <SUBSET>/<NAME>.jpg and its landmarks/<SUBSET>/<NAME>_pts.mat "
            "or <SUBSET>/<NAME>.mat"
        )
    return items


def _item(folder: Path, dataset: str, subset: str, picture: Path) -> Item:
    name, plain = picture.stem, subset.removesuffix(FLIP)
    own = folder / "landmarks" / plain / f"{name}_pts.mat"
    annotation = own if own.is_file() else picture.with_suffix(".mat")
    return Item(dataset, subset, name, source_of(name), picture, annotation, subset.endswith(FLIP))


def read(item: Item, points_key: str) -> Face:
    """The face of an item, points by `points_key` ("pts_2d": visible contour, "pts_3d": projected contour).

    Raises BadSample, with the file, what was found and what was expected.
    """
    if not item.annotation.is_file():
        raise BadSample("missing annotation", f"{item.picture.name}: found no {_own(item).name}, expected one")
    image = _read_image(item)
    if item.annotation.name.endswith("_pts.mat"):
        mat = _read_mat(item.annotation)
        points = _points(mat, points_key, item.annotation)
        box = _box(mat, points, points_key, item.annotation)
        if item.mirrored:
            points = flip_points(points, image.shape[1])
            box = np.array([image.shape[1] - 1 - box[2], box[1], image.shape[1] - 1 - box[0], box[3]])
    elif points_key == "pts_3d":
        raise BadSample(
            "missing key", f"{item.annotation.name}: found pt2d alone, expected {_own(item).name} with pts_3d"
        )
    else:
        points = _stale_points(item)
        box = box_of(points)
    return Face(image, points, box, _pose(item))


def _own(item: Item) -> Path:
    """Where the points of that very picture should be."""
    return item.picture.parents[1] / "landmarks" / item.subset / f"{item.name}_pts.mat"


def _read_image(item: Item) -> np.ndarray:
    try:
        return read_picture(item.picture, upright=False)
    except (ValueError, OSError) as error:
        raise BadSample("unreadable picture", str(error)) from None


def _read_mat(path: Path) -> dict[str, np.ndarray]:
    """Those of MAT_KEYS that the file holds. Raises BadSample."""
    try:
        return read_mat(path, MAT_KEYS)
    except NotNumbers as error:
        raise BadSample("wrong type", str(error)) from None
    except (ValueError, OSError) as error:
        raise BadSample("unreadable annotation", str(error)) from None


def _points(mat: dict, key: str, path: Path) -> np.ndarray:
    return _known(_numbers(mat, key, (IBUG_68.count, 2), path), key, path)


def _numbers(mat: dict, key: str, shape: tuple, path: Path) -> np.ndarray:
    """The array of that name and shape as float32."""
    values = mat.get(key)
    if values is None:
        found = ", ".join(list_names(path)) or "nothing"
        raise BadSample("missing key", f"{path.name}: found {found}, expected {key}")
    if values.shape != shape:
        raise BadSample("wrong shape", f"{path.name}: {key} is {values.shape}, expected {shape}")
    with np.errstate(over="ignore"):  # becomes infinite, so unknown
        return values.astype(np.float32)


def _known(points: np.ndarray, key: str, path: Path) -> np.ndarray:
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        raise BadSample("no known point", f"{path.name}: all of {key} is NaN, expected at least one known point")
    if np.ptp(points[known], axis=0).max() < 1:
        raise BadSample("points all equal", f"{path.name}: {key} spans under a pixel, expected a face")
    return np.where(known[:, None], points, np.float32(np.nan))


def _box(mat: dict, points: np.ndarray, key: str, path: Path) -> np.ndarray:
    """The box of all points: of partly known ones never their own, which would be too small, but the other key's."""
    if np.isfinite(points).all():
        return box_of(points)
    other = next(name for name in POINT_KEYS if name != key)
    full = _points(mat, other, path)
    if not np.isfinite(full).all():
        raise BadSample("unknown box", f"{path.name}: {key} and {other} both hold NaN, expected one of them whole")
    return box_of(full)


def _stale_points(item: Item) -> np.ndarray:
    if view_of(item.name) != 0:
        raise BadSample(
            "stale points",
            f"{item.annotation.name}: pt2d of a turned view is that of view 0, expected landmarks/"
            f"{item.subset.removesuffix(FLIP)}/{item.name}_pts.mat",
        )
    points = _numbers(_read_mat(item.annotation), "pt2d", (2, IBUG_68.count), item.annotation)
    points = _known(points.T - np.float32(PT2D_ORIGIN), "pt2d", item.annotation)
    if not np.isfinite(points).all():
        raise BadSample("unknown box", f"{item.annotation.name}: pt2d holds NaN, expected all points")
    return points[list(IBUG_68.flip)] if item.mirrored else points


def _pose(item: Item) -> np.ndarray:
    """Pitch, yaw, roll of `Pose_Para`; NaN where the set has none."""
    path = item.picture.with_suffix(".mat")
    if not path.is_file():
        return NO_POSE.copy()
    pose = _read_mat(path).get("Pose_Para")
    if pose is None or pose.dtype.kind != "f" or pose.size < 3:
        return NO_POSE.copy()
    with np.errstate(over="ignore"):  # becomes infinite
        pose = pose.ravel()[:3].astype(np.float32)
    if (np.abs(pose) > 2 * np.pi).any():  # damage in a file without checksums
        raise BadSample("impossible pose", f"{path.name}: Pose_Para is {pose.tolist()}, expected radians")
    return pose
