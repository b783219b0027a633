"""Draws a few faces in 300W-LP's layout, in a fraction of a second: what the tests are made of.

Pictures are wider than high and nothing in them is centred, so that a swapped axis shows.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import box_of
from tools.evaluation.corruptions import Picture

HEIGHT, WIDTH = 190, 230
SOURCES, VIEWS = 10, 3


def half_face() -> dict[int, tuple[float, float]]:
    """The points on the picture's left half and on the middle line, x in [-1, 0], written down point by point."""
    jaw = {index: (-0.95 * np.cos(index * np.pi / 16), 0.05 + 0.95 * np.sin(index * np.pi / 16)) for index in range(8)}
    middle = {8: 1.0, 27: -0.30, 28: -0.15, 29: 0.0, 30: 0.12, 33: 0.24, 51: 0.42, 57: 0.72, 62: 0.50, 66: 0.60}
    return {
        **jaw,
        **{index: (0.0, y) for index, y in middle.items()},
        **{17 + step: (-0.80 + 0.16 * step, -0.45 - 0.03 * step) for step in range(5)},  # the brow
        **{31: (-0.20, 0.20), 32: (-0.10, 0.22)},  # the nostril
        **{36: (-0.62, -0.25), 37: (-0.52, -0.32), 38: (-0.38, -0.32)},  # the eye
        **{39: (-0.26, -0.25), 40: (-0.37, -0.20), 41: (-0.51, -0.20)},
        **{48: (-0.36, 0.52), 49: (-0.22, 0.45), 50: (-0.09, 0.41), 59: (-0.23, 0.64), 58: (-0.10, 0.70)},  # lips
        **{60: (-0.31, 0.53), 61: (-0.13, 0.50), 67: (-0.14, 0.59)},
    }


# the partner of each point of `half_face`, written down here once more: the tests hold the package's table against it
PARTNERS = {
    **{index: 16 - index for index in range(8)},
    **{17: 26, 18: 25, 19: 24, 20: 23, 21: 22, 31: 35, 32: 34},
    **{36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46},
    **{48: 54, 49: 53, 50: 52, 59: 55, 58: 56, 60: 64, 61: 63, 67: 65},
}


def symmetric_face() -> np.ndarray:
    """68 points, float64 [68, 2], in [-1, 1], mirrored onto themselves at x = 0."""
    points = np.full((68, 2), np.nan)
    for index, (x, y) in half_face().items():
        points[index] = x, y
        points[PARTNERS.get(index, index)] = -x, y
    return points


def points_98(face: np.ndarray) -> np.ndarray:
    """WFLW's 98 points of a face whose 68 are known, float64 [98, 2]: what the 68 lack lies between them."""
    points, face = np.full((98, 2), np.nan), np.asarray(face, np.float64)
    points[0:33:2], points[1:32:2] = face[:17], (face[:16] + face[1:17]) / 2
    for brow, line, first, eye, pupil in ((33, 17, 60, 36, 96), (42, 22, 68, 42, 97)):
        upper, around = face[line : line + 5], face[eye : eye + 6]
        points[pupil] = around.mean(axis=0)
        points[brow : brow + 5] = upper
        points[brow + 5 : brow + 9] = (0.85 * (upper[:4] + upper[1:]) / 2 + 0.15 * points[pupil])[::-1]
        points[[first + step for step in (0, 1, 3, 4, 5, 7)]] = around
        points[[first + 2, first + 6]] = (around[[1, 4]] + around[[2, 5]]) / 2
    points[51:60], points[76:96] = face[27:36], face[48:68]
    return points


def draw_face(points: np.ndarray, rng: np.random.Generator, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A picture uint8 [height, width, 3] BGR of a face with these points [68, 2], in pixels."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = rng.integers(30, 220, 3)
    image[:, ::7] //= 2

    def fill(indices, colour):
        cv2.fillPoly(image, [np.round(points[list(indices)] * 16).astype(np.int32)], colour, cv2.LINE_AA, shift=4)

    fill([*range(17), *range(26, 16, -1)], rng.integers((60, 90, 150), (140, 180, 250)).tolist())
    fill(range(36, 42), (40, 30, 20))
    fill(range(42, 48), (40, 30, 20))
    fill(range(48, 60), (60, 40, 190))
    fill(range(31, 36), (70, 90, 120))
    return image


def random_face(rng: np.random.Generator, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Points float32 [68, 2] of a face somewhere in a picture, turned a little, a little lopsided."""
    size, angle = rng.uniform(0.30, 0.36) * height, rng.uniform(-0.3, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([width, height]) * rng.uniform(0.42, 0.58, 2)
    shape = symmetric_face() * rng.uniform(0.9, 1.1, 2) + rng.normal(0, 0.01, (68, 2))
    return (size * shape @ turn.T + centre).astype(np.float32)


def write_face(folder: Path, subset: str, name: str, image: np.ndarray, own: dict | None, old: dict | None) -> Path:
    """One face in 300W-LP's layout; own: `_pts.mat`, old: `<NAME>.mat`. Returns the picture's path."""
    import scipy.io  # only where a data set is written: not every environment with these tests has it

    picture = folder / subset / f"{name}.jpg"
    landmarks = folder / "landmarks" / subset
    for place in (picture.parent, landmarks):
        place.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(picture), image, [cv2.IMWRITE_JPEG_QUALITY, 98])
    if own is not None:
        scipy.io.savemat(landmarks / f"{name}_pts.mat", own)
    if old is not None:
        scipy.io.savemat(picture.with_suffix(".mat"), old)
    return picture


def draw_set(folder: Path, sources: int = SOURCES, views: int = VIEWS, seed: int = 5) -> Path:
    """A data set of so many photos, each in several views, in subsets AFW and HELEN; returns its folder."""
    rng = np.random.default_rng(seed)
    for source in range(sources):
        subset = "AFW" if source % 2 else "HELEN"
        faces = [random_face(rng) for _ in range(views)]
        for view, points in enumerate(faces):
            pose = np.r_[0.01 * source, 0.3 * view, -0.02 * view, np.zeros(4)].astype(np.float32)[None]
            old = {"pt2d": faces[0].T.astype(np.float64) + 1, "Pose_Para": pose, "roi": np.array([[1, 230, 1, 190]])}
            own = {"pts_2d": points, "pts_3d": points + np.float32(0.5)}
            write_face(folder, subset, f"{subset}_{1000 + source}_1_{view}", draw_face(points, rng), own, old)
    return folder


def one_face(edge=100, grey=100) -> Picture:
    """A face whose box's longer edge has so many pixels, in a picture of one grey."""
    points = symmetric_face()
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0).max() * edge + (30, 20)
    return Picture(np.full((edge + 60, edge + 80, 3), grey, np.uint8), points, box_of(points))
