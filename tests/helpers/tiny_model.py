"""A model small enough to make in a test: its answer is a fixed face that the crop's mean colour moves.

Point k of a crop with mean red, green and blue r, g, b (0..1) is the fraction
    x = shape[k, 0] + 0.02 * r + 0.005 * b,    y = shape[k, 1] + 0.02 * g - 0.005 * b
so a wrong order of channels, a wrong scale and a wrong crop all show in the points. Where the contract is to know of it
a second output says that point k has the spread SPREADS[k] + 0.02 * r.
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
FLIP = [1, 0, 2, 4, 3]
SPREADS = np.array([0.01, 0.02, 0.04, 0.03, 0.05], np.float32)
SPREAD_EFFECT = np.array([[0.02], [0.0], [0.0]], np.float32)  # of r, g, b on a spread
# a spread's double is the error up to 0.03, and 0.1 from 0.07 on; point 3 is twice as far off
CALIBRATED = {
    "name": "spread",
    "unit": "fraction of the crop's side",
    "curve": {"spread": [0, 0.03, 0.07], "error": [0, 0.06, 0.1]},
    "points": [1, 1, 1, 2, 1],
}
EFFECT = np.array([[0.02, 0.0], [0.0, 0.02], [0.005, -0.005]], np.float32)  # of r, g, b on x, y


def expected_fractions(rgb) -> np.ndarray:
    """The model's answer for a crop whose mean colour is rgb (0..255): float64 [5, 2]."""
    return SHAPE + np.asarray(rgb, np.float64) / 255 @ EFFECT


def expected_spreads(rgb) -> np.ndarray:
    """The model's spreads for a crop whose mean colour is rgb (0..255): float64 [5]."""
    return SPREADS + np.asarray(rgb, np.float64) / 255 @ SPREAD_EFFECT


def by_hand(box, fractions, passes, flip=FLIP):
    """The points after so many passes where every crop has the same colour: float64 [K, 2].

    Every second pass sees the mirrored crop where partners are known, and answers are means with the look before where
    both agree to 5 % of the box.
    """
    fractions, before = np.asarray(fractions), None
    mirrored = fractions[list(flip)] * (-1, 1) + (1, 0) if len(flip) else fractions
    for number in range(passes):
        look = seen_in(box, mirrored if number % 2 else fractions)
        agree = before is not None and np.hypot(*(look - before).T).mean() <= 0.05 * np.ptp(look, axis=0).max()
        points = (look + before) / 2 if agree else look
        before, box = look, box_of(points)
    return points


def seen_in(box, fractions):
    """Points of fractions of the crop around a box, in pixels of the picture: float64 [K, 2]."""
    side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * MARGIN)
    return np.array([box[0] + box[2], box[1] + box[3]]) / 2 + (np.asarray(fractions) - 0.5) * side


def write_model(folder: Path, channels: int = 3, name: str = "landmark", graph: bytes | None = None, **changes) -> Path:
    """Writes `<name>.pb` and its contract into the folder; graph: in place of the tiny one; `changes` replace top-level
    keys of the contract, and with a `spread` the graph has it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.pb"
    path.write_bytes(_graph(channels, "spread" in changes) if graph is None else graph)
    points = {
        "scheme": "tiny5",
        "count": COUNT,
        "groups": {"eyes": [0, 1], "nose": [2], "mouth": [3, 4]},
        "lines": {"eyes": [[0, 1]], "mouth": [[3, 4]]},
        "left_eye": [1],
        "right_eye": [0],
        "flip": FLIP,
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


def _graph(channels: int, spread: bool) -> bytes:
    effect, wider = (one if channels == 3 else one.sum(axis=0, keepdims=True) for one in (EFFECT, SPREAD_EFFECT))
    index = {"Tidx": a_type(INT32)}
    # one mean over both axes and a product with a constant: forms that OpenCV reads
    return graph(
        placeholder("image", -1, SIZE, SIZE, channels),
        constant("scale", 1 / 255),
        call("scaled", "Mul", "image", "scale"),
        constant("axes", [1, 2]),
        call("mean", "Mean", "scaled", "axes", **index),
        *(_output("spread", np.tile(wider, COUNT), SPREADS) if spread else []),
        *_output("landmarks", np.tile(effect, COUNT), SHAPE.reshape(-1)),
    )


def _output(name: str, weights: np.ndarray, bias: np.ndarray) -> list[bytes]:
    """Nodes that answer mean @ weights + bias under a name."""
    return [
        constant(f"{name}_weights", weights),
        call(f"{name}_product", "MatMul", "mean", f"{name}_weights"),
        constant(f"{name}_bias", bias),
        call(f"{name}_answer", "BiasAdd", f"{name}_product", f"{name}_bias", data_format=a_text("NHWC")),
        constant(f"{name}_shape", [-1, len(bias)]),
        call(name, "Reshape", f"{name}_answer", f"{name}_shape", Tshape=a_type(INT32)),
    ]
