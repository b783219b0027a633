"""The mean of hand-annotated faces: the box of a face of which only some points are known, and how the mean is made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from infer.files.atomic import write_text_atomically
from infer.geometry.boxes import box_of
from infer.geometry.rotations import rotation
from infer.geometry.similarity import similarity
from records.landmarks import IBUG_68, Scheme, convert
from tools.read.face import BadSample
from tools.read.matfile import read_mat

MEAN_SHAPE = Path(__file__).with_name("mean_shape_68.json")
KNOWN_POINTS = 4
# RMS distance of the known points from their middle, of the mean box's edge. Measured on 300-W: both eyes (0.23), or an
# eye and the mouth (0.28), give the edge within 5 % (median); a brow, an eye or the mouth alone (0.06 to 0.15), 13 %
SPREAD = 0.2


@cache
def mean_shape() -> np.ndarray:
    """The mean of hand-annotated faces, float64 [68, 2]: upright, its middle at 0, outer eye corners 1 apart."""
    return np.array(json.loads(MEAN_SHAPE.read_text())["points"])


def fitted_box(points: np.ndarray, scheme: Scheme, place: str) -> np.ndarray:
    """The box of the mean shape fitted to the known points, float64 [4]; known ones of 68 stand where they are.

    points: [K, 2], NaN where unknown; place: what messages name. Raises BadSample "unknown box" for fewer than 4 known
    points, and for those too close together to tell a size.
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
    return box_of(np.where(known[:, None], points, whole) if scheme.name == IBUG_68.name else whole)


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
    lean = np.arctan2(turn[1, 0], turn[0, 0]) / 2  # of the middle line; the mirror image leans the other way
    upright = shape @ rotation(lean)
    upright = (upright + upright[list(IBUG_68.flip)] * (-1, 1)) / 2
    first, second = IBUG_68.corners
    return (upright - upright.mean(axis=0)) / np.linalg.norm(upright[second] - upright[first])


def write_mean_shape(folder: Path, path: Path = MEAN_SHAPE) -> None:
    """Fits the mean shape to the whole `pts_2d` of a set in 300W-LP's layout and writes it as JSON.

    How the committed file was made (1,983 hand-annotated faces: AFW, HELEN, LFPW; YTF's lack the jaw), from the root:
    `python -c "from tools.read.mean_shape import write_mean_shape; write_mean_shape('../shared/data/300W')"`
    """
    files = sorted(Path(folder).glob("landmarks/*/*_pts.mat"))
    shapes = [read_mat(file, ("pts_2d",))["pts_2d"] for file in files]
    whole = np.array([shape for shape in shapes if np.isfinite(shape).all()], np.float64)
    document = {
        "scheme": IBUG_68.name,
        "unit": "distance of the outer eye corners; origin: the middle of the points; x to the right, y down",
        "made_by": "tools/read/mean_shape.py write_mean_shape",
        "faces": len(whole),
        "points": np.round(fit_mean_shape(whole), 5).tolist(),
    }
    text = json.dumps(document, indent=1).replace("[\n   ", "[").replace(",\n   ", ", ").replace("\n  ]", "]")
    write_text_atomically(path, text + "\n")
