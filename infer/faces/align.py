"""Aligned faces as recognisers want them: 112x112 pixels, eyes, nose and mouth at fixed places."""

from __future__ import annotations

import numpy as np

from ..geometry.crop import Crop
from ..geometry.similarity import similarity
from .schemes import FIVE, Means

SIZE = 112
# where the subject's right eye, left eye, tip of the nose, right and left corner of the mouth come to lie, pixels of
# the 112x112 face: J. Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, the
# `arcface_dst` of the authors' insightface
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def places_of(points: np.ndarray, means: Means) -> np.ndarray:
    """The places that are the means of some of a face's points [K, D], in their type: [len(means), D]."""
    points = np.asarray(points)
    if all(len(indices) == 1 for indices in means):
        return points[[indices[0] for indices in means]]
    return np.array([points[list(indices)].mean(axis=0) for indices in means])


def five_points(points: np.ndarray, five: Means = FIVE["ibug68"]) -> np.ndarray:
    """Right eye, left eye, nose, right and left mouth corner of a face's points [K, D]: float64 [5, D].

    five: the points of each, `Points.five` of the contract. Raises ValueError where there are none.
    """
    if not five:
        raise ValueError("aligned faces: found points that no scheme leads to eyes, nose and mouth, expected some")
    return places_of(np.asarray(points, np.float64), five)


def align(image: np.ndarray, points: np.ndarray, five: Means = FIVE["ibug68"]) -> np.ndarray:
    """The face uint8 [112, 112, 3] of a picture uint8 [height, width, 3], turned and scaled to the ArcFace template.

    points: of the face, [K, 2], pixels of the picture; five: as of `five_points`. Raises ValueError where there are
    none, and for points that are not finite or have fallen together.
    """
    return alignment(five_points(points, five)).cut(image)


def alignment(five: np.ndarray) -> Crop:
    """The crop whose 112x112 pixels have the five places [5, 2] nearest to the template's, in least squares there.

    Raises ValueError where the places are not finite or have fallen together.
    """
    scale = 0.0
    if np.isfinite(five).all() and np.ptp(five, axis=0).any():
        scale, turn, shift = similarity(five, (TEMPLATE + 0.5) / SIZE - 0.5)  # fraction = scale * turn @ place + shift
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"aligned faces: found {five.round(1).tolist()}, expected five places apart")
    x, y = -shift @ turn / scale
    return Crop((float(x), float(y)), 1 / scale, SIZE, float(np.arctan2(turn[0, 1], turn[0, 0])))
