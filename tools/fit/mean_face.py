"""Fits the rigid 3-D face that head pose goes by: the text of `infer/mean_face.json`.

Needs a set with projected points (`pts_3d`) and known poses (`Pose_Para`), such as 300W-LP: with every face's rotation
known, the mean face under scaled orthographic projection is a linear least-squares problem (C. Tomasi and T. Kanade,
"Shape and Motion from Image Streams under Orthography", IJCV 1992, with the motion given). Only training sources count.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from infer.geometry.rotations import rotation_of
from infer.jobs.progress import Progress
from records.landmarks import IBUG_68
from records.split import Split
from tools.read import w300lp
from tools.read.face import BadSample, Item

WRITTEN_BY = "tools/fit_constants.py mean_face"
ROUNDS = 30
FEWEST = 50
# what neither an opening mouth nor the slide of a turned head's visible contour moves: chin, brows, nose, eyes and the
# corners of the mouth. On true points of held-out 300W-LP they give poses nearer than all inner points or all 68
USED = [8, *range(17, 49), 54]


def fit_mean_face(folder: Path) -> tuple[str, str]:
    """The JSON file's text, and a report of how well the face fits. Raises as `read_faces`."""
    points, poses = read_faces(folder)
    face, residual = fit(points, poses)
    text = document(folder.resolve().name, face, residual, len(points))
    return text, f"{len(points)} faces, {residual:.1%} of the eye-corner distance left over"


def read_faces(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Projected points [N, 68, 2] in pixels and poses [N, 3] (pitch, yaw, roll in radians) of the training faces.

    Faces that lack either are left out. Raises ValueError where fewer than FEWEST remain.
    """
    items, faces = training_faces(folder), []
    with Progress(len(items), "faces") as progress:
        for item in items:
            progress.step()
            try:
                face = w300lp.read(item, "pts_3d")
            except BadSample:
                continue
            if np.isfinite(face.points).all() and np.isfinite(face.pose).all():
                faces.append((face.points, face.pose))
    if len(faces) < FEWEST:
        raise ValueError(f"{folder}: found {len(faces)} faces with pts_3d and Pose_Para, expected at least {FEWEST}")
    points, poses = (np.array(column, np.float64) for column in zip(*faces, strict=True))
    return points, poses


def training_faces(folder: Path) -> list[Item]:
    """The faces of a set that the default split does not hold out, so that what is held out stays unseen here too.

    Mirrored twins (`_Flip`) are left out, for the fit is symmetric. Raises as the reader's `find`.
    """
    items, split = w300lp.find(folder, folder.resolve().name), Split()
    return [item for item in items if split.side_of(item.source) == "train" and not item.mirrored]


def fit(points: np.ndarray, poses: np.ndarray) -> tuple[np.ndarray, float]:
    """The symmetric mean face [68, 3] (x right, y up, z to the viewer; outer eye-corner distance 1, centred) and the
    root mean square of what it leaves over of the faces' points, in eye-corner distances.

    points: [N, 68, 2], pixels; poses: [N, 3], pitch, yaw, roll in radians. The face and each picture's scale are
    solved for in turns, either of them linear.
    """
    seen = points * (1, -1) - (points * (1, -1)).mean(axis=1, keepdims=True)
    views = np.array([rotation_of(pose)[:2] for pose in poses])
    scales = np.sqrt(np.square(seen).sum(axis=(1, 2)))
    for _ in range(ROUNDS):
        face = _face(seen, views, scales)
        flat = np.einsum("nij,kj->nki", views, face)
        scales = (flat * seen).sum(axis=(1, 2)) / np.square(flat).sum(axis=(1, 2))
    residual = np.sqrt(np.square(seen - scales[:, None, None] * flat).mean()) / scales.mean()
    return face, float(residual)


def _face(seen: np.ndarray, views: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """The face [68, 3] that all pictures agree on best, given their scales [N] and the upper rows of their turns."""
    rows = (scales[:, None, None] * views).reshape(-1, 3)
    face = np.linalg.lstsq(rows, seen.transpose(0, 2, 1).reshape(len(rows), -1), rcond=None)[0].T
    face = (face + face[list(IBUG_68.flip)] * (-1, 1, 1)) / 2
    first, second = IBUG_68.corners
    return (face - face.mean(axis=0)) / np.linalg.norm(face[first] - face[second])


def document(dataset: str, face: np.ndarray, residual: float, count: int) -> str:
    """The JSON file's text: the data set's name, never a path of this machine."""
    head = {
        "written_by": WRITTEN_BY,
        "scheme": IBUG_68.name,
        "unit": "distance of the outer eye corners; x to the picture's right, y up, z towards the viewer",
        "fitted_on": {dataset: count},
        "residual": round(residual, 4),
        "used": USED,
    }
    points = ",\n  ".join(json.dumps(point) for point in (face.round(4) + 0.0).tolist())
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n" + ",\n".join([*lines, f' "points": [\n  {points}\n ]']) + "\n}\n"
