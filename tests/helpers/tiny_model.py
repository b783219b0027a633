"""A model small enough to make in a test: its answer is a fixed face that the crop's mean colour moves.

Point k of a crop with mean red, green and blue r, g, b (0..1) is the fraction
    x = shape[k, 0] + 0.02 * r + 0.005 * b,    y = shape[k, 1] + 0.02 * g - 0.005 * b
so a wrong order of channels, a wrong scale and a wrong crop all show in the points.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from infer.geometry.boxes import box_of
from tests.helpers.tiny_graph import INT32, a_text, a_type, call, constant, graph, placeholder

SIZE, COUNT, MARGIN = 32, 5, 0.5
# right eye, left eye, nose, corners of the mouth: fractions of the crop; the box is 0.5 wide, as MARGIN has it
SHAPE = np.array([[0.25, 0.30], [0.75, 0.30], [0.50, 0.50], [0.35, 0.70], [0.65, 0.70]], np.float32)
EFFECT = np.array([[0.02, 0.0], [0.0, 0.02], [0.005, -0.005]], np.float32)  # of r, g, b on x, y


def expected_fractions(rgb) -> np.ndarray:
    """The model's answer for a crop whose mean colour is rgb (0..255): float64 [5, 2]."""
    return SHAPE + np.asarray(rgb, np.float64) / 255 @ EFFECT


def by_hand(box, fractions, passes):
    """The points after so many passes where every crop has the same colour: float64 [K, 2]."""
    for _ in range(passes):
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * MARGIN)
        centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
        points = centre + (np.asarray(fractions) - 0.5) * side
        box = box_of(points)
    return points


def write_model(folder: Path, channels: int = 3, name: str = "landmark", graph: bytes | None = None, **changes) -> Path:
    """Writes `<name>.pb` and its contract into the folder; graph: in place of the tiny one; `changes` replace top-level
    keys of the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pb"
    path.write_bytes(_graph(channels) if graph is None else graph)
    points = {
        "scheme": "tiny5",
        "count": COUNT,
        "groups": {"eyes": [0, 1], "nose": [2], "mouth": [3, 4]},
        "lines": {"eyes": [[0, 1]], "mouth": [[3, 4]]},
        "left_eye": [1],
        "right_eye": [0],
        "flip": [1, 0, 2, 4, 3],
    }
    order = "RGB" if channels == 3 else "GRAY"
    contract = {
        "version": 1,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": {"name": "image", "size": SIZE, "channels": channels, "order": order, "range": [0, 255]},
        "crop": {"margin": MARGIN},
        "output": {"name": "landmarks", "layout": "x0 y0 x1 y1 ...", "unit": "fraction of the crop's side"},
        "points": points,
        "tolerance": {},
        "trained_on": {},
        "terms": "none",
        **changes,
    }
    path.with_suffix(".json").write_text(json.dumps(contract), encoding="utf-8")
    return path


def _graph(channels: int) -> bytes:
    effect = EFFECT if channels == 3 else EFFECT.sum(axis=0, keepdims=True)
    index = {"Tidx": a_type(INT32)}
    # one mean over both axes and a product with a constant: forms that OpenCV reads
    return graph(
        placeholder("image", -1, SIZE, SIZE, channels),
        constant("scale", 1 / 255),
        call("scaled", "Mul", "image", "scale"),
        constant("axes", [1, 2]),
        call("mean", "Mean", "scaled", "axes", **index),
        constant("weights", np.tile(effect, COUNT)),
        call("product", "MatMul", "mean", "weights"),
        constant("bias", SHAPE.reshape(-1)),
        call("answer", "BiasAdd", "product", "bias", data_format=a_text("NHWC")),
        constant("shape", [-1, COUNT * 2]),
        call("landmarks", "Reshape", "answer", "shape", Tshape=a_type(INT32)),
    )
