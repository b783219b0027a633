"""Reader of AFLW2000-3D (Zhu et al., "Face Alignment Across Large Poses", CVPR 2016).

    image<NNNNN>.jpg   image<NNNNN>.mat (pt3d_68 float32 (3, 68): x, y, depth; Pose_Para; pt2d: 21 points, not used)

The points are of the kind `pts_3d` (projected contour) whatever kind is asked for; some lie outside the picture.
"""

from __future__ import annotations

from pathlib import Path

from records.landmarks import IBUG_68
from records.split import source_of_picture
from tools.read.face import AnnotatedFace, Item
from tools.read.folders import has_pair, pictures_of
from tools.read.marks import Marks, array_of, arrays_of, face_of, pose_of

FORMAT = "aflw2000"
# MATLAB's: the authors' own demo plots pt3d_68 over imshow, whose first pixel is at 1; measured on genuine files: as in
# 300W-LP's pts_3d, x = V_x and y = 450 + 1 - V_y of the model projected by Pose_Para, and unseen points of pt2d are
# (-1, 452), mirrored the same way
ORIGIN = 1.0


def matches(path: Path) -> bool:
    """Whether it is a folder with a picture and its `.mat` directly in it; opens no file."""
    path = Path(path)
    return path.is_dir() and has_pair(path)


def find(folder: Path, dataset: str) -> list[Item]:
    """The faces of a folder, sorted by name; each picture is its own source.

    Raises FileNotFoundError for a missing folder, ValueError where there is no pair of picture and annotation.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: found no such folder, expected AFLW2000-3D's pictures and .mat files")
    pairs = [(path, path.with_suffix(".mat")) for path in pictures_of(folder.iterdir()).values()]
    items = [
        Item(dataset, "all", picture.stem, source_of_picture(picture), picture, annotation, format=FORMAT)
        for picture, annotation in pairs
        if annotation.is_file()
    ]
    if not items:
        raise ValueError(
            f"{folder}: found {len(pairs)} pictures and no pair, expected <NAME>.jpg (.png ...) and <NAME>.mat"
        )
    return items


def read(item: Item, points_key: str = "pts_3d") -> AnnotatedFace:
    """The face of an item; `points_key` changes nothing. Raises BadSample."""
    points = array_of(item.annotation, arrays_of(item.annotation), "pt3d_68", (3, IBUG_68.count))
    return face_of(item, Marks(points[:2].T - ORIGIN), pose_of(item))
