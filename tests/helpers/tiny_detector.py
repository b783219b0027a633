"""A detector small enough to make in a test: it calls bright cells faces, red ones on the coarsest map.

The score of a cell of the map with stride 8, 16, 32 is sigmoid(12 v - 6) of its mean blue, green, red v (0..1), so a
wrong order of channels shows, and black is nothing. A face stands about its cell's centre as `FORM` has it, leaning.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from infer.geometry.cells import encoded
from infer.geometry.levels import FIELDS, Level
from infer.geometry.oriented import roll_of
from infer.geometry.rotations import rotation
from tests.helpers.tiny_graph import INT32, a_number, a_text, a_type, call, constant, graph, numbers, placeholder

LEVELS = (Level("cells8", 8, 16.0), Level("cells16", 16, 32.0), Level("cells32", 32, 64.0))
FORM = np.array([0.1, -0.2, 1.2, 1.5])  # centre from the cell's, width, height; units
# eyes, nose, corners of the mouth about the cell's centre; units
FIVE = np.array([[-0.25, -0.3], [0.25, -0.3], [0.0, 0.0], [-0.2, 0.3], [0.2, 0.3]])


def face_at(level: Level, row: int, column: int, roll: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The face of a cell: oriented box float64 [5], five points [5, 2]; pixels of what the network sees."""
    centre = (np.array([column, row]) + 0.5) * level.stride - 0.5
    turn = rotation(roll)
    five = centre + FIVE @ turn.T * level.unit
    return np.r_[centre + FORM[:2] * level.unit, FORM[2:] * level.unit, roll_of(five)], five


def with_faces(height: int, width: int, *cells: tuple[int, int, int, float]) -> np.ndarray:
    """A black picture uint8 [height, width, 3] but for bright cells: (map, row, column, brightness 0 to 1)."""
    image = np.zeros((height, width, 3), np.uint8)
    for index, row, column, bright in cells:
        stride = LEVELS[index].stride
        image[row * stride : (row + 1) * stride, column * stride : (column + 1) * stride, index] = round(255 * bright)
    return image


def score_of(bright: float) -> float:
    """The score of a cell so bright."""
    return float(1 / (1 + np.exp(6 - 12 * round(255 * bright) / 255)))


def write_detector(folder: Path, name: str = "detector", roll: float = 0.0, **changes) -> Path:
    """Writes `<name>.pb` and its contract into the folder; `changes` replace top-level keys of the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pb"
    path.write_bytes(_graph(roll))
    contract = {
        "version": 1,
        "kind": "detector",
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": {"name": "image", "channels": 3, "order": "RGB", "range": [0, 255], "multiple": 32},
        "outputs": [{"name": one.name, "stride": one.stride, "unit": one.unit} for one in LEVELS],
        "fields": FIELDS,
        "threshold": 0.5,
        "overlap": 0.4,
        "trained_on": {},
        "terms": "none",
        **changes,
    }
    path.with_suffix(".json").write_text(json.dumps(contract), encoding="utf-8")
    return path


def _graph(roll: float) -> bytes:
    maps = [part for channel, level in enumerate(LEVELS) for part in _map(level, channel, roll)]
    scaled = [constant("scale", 1 / 255), call("scaled", "Mul", "image", "scale")]
    return graph(placeholder("image", -1, -1, -1, 3), *scaled, *maps)


def _map(level: Level, channel: int, roll: float) -> list[bytes]:
    """The nodes of one map, of the mean of blue, green, red (0 to 2)."""
    oriented, five = face_at(level, 0, 0, roll)
    kernel = np.zeros((level.stride, level.stride, 3, 1))
    kernel[:, :, 2 - channel] = 12 / level.stride**2  # of RGB
    rest = np.zeros((level.stride, level.stride, 3, FIELDS - 1))
    fields = encoded(oriented[None], five[None], np.full((1, 2), (level.stride - 1) / 2), level)[0]
    raw, score, others = (f"{level.name}_{part}" for part in ("raw", "score", "rest"))
    return [
        *_convolved(raw, kernel, np.array([-6.0])),
        call(score, "Sigmoid", raw),
        *_convolved(others, rest, fields),
        constant(f"{level.name}_axis", -1),
        call(level.name, "ConcatV2", score, others, f"{level.name}_axis", N=a_number(2), Tidx=a_type(INT32)),
    ]


def _convolved(name: str, kernel: np.ndarray, bias: np.ndarray) -> list[bytes]:
    stride = kernel.shape[0]
    layout = {"data_format": a_text("NHWC")}
    form = {"strides": numbers(1, stride, stride, 1), "padding": a_text("VALID")}
    return [
        constant(f"{name}_kernel", kernel),
        call(f"{name}_product", "Conv2D", "scaled", f"{name}_kernel", **form, **layout),
        constant(f"{name}_bias", bias),
        call(name, "BiasAdd", f"{name}_product", f"{name}_bias", **layout),
    ]
