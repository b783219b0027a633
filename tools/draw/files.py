"""The files of a drawn face, laid out as in 300W-LP; their bytes depend on what is drawn only."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from tools.draw.head import Head
from tools.draw.projection import PICTURE_SIDE, HeadPose

SUBSET = "DRAWN"
MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by landmark68 tools/make_faces.py".ljust(116)  # savemat's own holds the time


def make_folders(folder: Path) -> None:
    """The folders that the faces of a set lie in."""
    for place in (folder / SUBSET, folder / "landmarks" / SUBSET):
        place.mkdir(parents=True)


def write_face(folder: Path, name: str, jpeg: bytes, head: Head, pose: HeadPose, stale: np.ndarray) -> None:
    """Write the three files of a face; `stale` float64 (2, 68) is what pt2d gets."""
    points = {"pts_2d": head.points_2d(pose).astype(np.float32), "pts_3d": head.points_3d(pose).astype(np.float32)}
    roi = np.array([[1, 1, PICTURE_SIDE, PICTURE_SIDE]], np.int16)
    own = {"pt2d": stale, "roi": roi, "Pose_Para": pose.pose_para()}
    (folder / SUBSET / f"{name}.jpg").write_bytes(jpeg)
    (folder / SUBSET / f"{name}.mat").write_bytes(mat_bytes(own))
    (folder / "landmarks" / SUBSET / f"{name}_pts.mat").write_bytes(mat_bytes(points))


def jpeg_bytes(picture: np.ndarray, quality: int) -> bytes:
    """A uint8 RGB picture as JPEG."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def mat_bytes(values: dict[str, np.ndarray]) -> bytes:
    """A MATLAB 5 file whose bytes depend on the values only."""
    buffer = io.BytesIO()
    savemat(buffer, values)
    return MAT_HEADER + buffer.getvalue()[len(MAT_HEADER) :]
