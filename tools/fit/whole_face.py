"""Fits where the landmark box lies in a whole face's, on real faces: the text of `infer/whole_face.json`.

Landmark boxes are those that follow from points by hand; whole faces' boxes those that YuNet has for the same faces:
it was trained on WIDER FACE's, which people drew. Only training sources count.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from infer.detect.reduced import reduced
from infer.detect.yunet import YuNetDetector
from infer.faces.whole_face import WholeFace
from infer.geometry.boxes import overlaps
from tools.evaluation.scenes.selection import SceneSelection
from tools.evaluation.scenes.truth import TrueScene
from tools.evaluation.splits import TRAIN, choose_split

WRITTEN_BY = "tools/fit_constants.py whole_face"
BY_POINTS = ("points", "human5+fit")  # who says so where a landmark box follows from points by hand
SIDE = 640  # pixels: longest side of YuNet's look
SAME = 0.4  # of the union of both boxes of one face, at least: a whole face's shares some 0.7 with its landmark box
FEWEST = 50


@dataclass(frozen=True, eq=False)
class BoxPair:
    """Both boxes of a face, (x0, y0, x1, y1) in pixels; name: of its set."""

    name: str
    whole: np.ndarray
    landmark: np.ndarray


def fit_whole_face(data: Sequence[Path], yunet: Path, count: int, seed: int) -> tuple[str, str]:
    """The JSON file's text, and a report by set, of faces in at most `count` training pictures of each set.

    yunet: its `.onnx` file. Raises as `SceneSelection.items` and `YuNetDetector`, ValueError for too few faces.
    """
    pairs = list(read_pairs(data, YuNetDetector(yunet), count, seed))
    if len(pairs) < FEWEST:
        raise ValueError(f"whole faces: found {len(pairs)} with both boxes, expected at least {FEWEST}")
    fitted = fit(pairs)
    return document(pairs, fitted, seed), report(pairs, fitted)


def read_pairs(data: Sequence[Path], detector: YuNetDetector, count: int, seed: int) -> Iterator[BoxPair]:
    """Both boxes of the faces that YuNet finds; pictures that cannot be read are named on stderr."""
    selection = SceneSelection(tuple(data), TRAIN, count=count, seed=seed)
    for scene in selection.scenes(selection.items(choose_split({}, TRAIN))):
        yield from _pairs_of(scene, detector)
    for line in selection.skipped:
        print(f"skipped: {line}", file=sys.stderr)


def _pairs_of(scene: TrueScene, detector: YuNetDetector) -> Iterator[BoxPair]:
    look = reduced(scene.image, SIDE)
    found = detector.run(look.image, detector.threshold)[:, :4]
    whole = look.to_picture(np.stack([found[:, :2], found[:, :2] + found[:, 2:]], axis=1)).reshape(-1, 4)
    for face in scene.faces:
        shared = overlaps(face.box, whole)
        if face.by in BY_POINTS and shared.max(initial=0) >= SAME:
            yield BoxPair(scene.name, whole[shared.argmax()], face.box)


def fit(pairs: Sequence[BoxPair]) -> WholeFace:
    """The medians over the faces."""
    whole, landmark = (_centres_and_edges([getattr(pair, name) for pair in pairs]) for name in ("whole", "landmark"))
    lower = (landmark[:, 1] - whole[:, 1]) / whole[:, 3]
    edges = landmark[:, 2:] / whole[:, 2:]
    return WholeFace(*(round(float(np.median(values)), 3) for values in (lower, *edges.T)))


def _centres_and_edges(boxes: Sequence[np.ndarray]) -> np.ndarray:
    corners = np.array(boxes, np.float64)
    low, high = corners[:, :2], corners[:, 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def shared_parts(pairs: Sequence[BoxPair], fitted: WholeFace) -> np.ndarray:
    """Of each face's landmark box what the whole face's and the mapped one share with it, of the union: [N, 2]."""
    mapped = fitted.landmark_boxes(np.array([pair.whole for pair in pairs]))
    both = [np.stack([pair.whole, box]) for pair, box in zip(pairs, mapped, strict=True)]
    return np.array([overlaps(pair.landmark, two) for pair, two in zip(pairs, both, strict=True)])


def report(pairs: Sequence[BoxPair], fitted: WholeFace) -> str:
    """A line a set and one for all: how many faces, what they alone would give, and how well the constants fit."""
    lines = [f"{'faces of':24s}{'faces':>6s}{'lower':>8s}{'width':>8s}{'height':>8s}   share of the union, mapped"]
    names = dict.fromkeys(pair.name for pair in pairs)
    for name in [*names, "all"]:
        some = [pair for pair in pairs if name in (pair.name, "all")]
        own = fit(some)
        tenth, half = np.percentile(shared_parts(some, fitted)[:, 1], (10, 50))
        numbers = f"{own.lower:8.3f}{own.width:8.3f}{own.height:8.3f}"
        lines.append(f"{name:24s}{len(some):6d}{numbers}   {half:.3f} (worst tenth under {tenth:.3f})")
    return "\n".join(lines)


def document(pairs: Sequence[BoxPair], fitted: WholeFace, seed: int) -> str:
    """The JSON file's text: names of data sets, never paths of this machine."""
    shared = np.percentile(shared_parts(pairs, fitted), (10, 50), axis=0).round(3)
    data = {
        "written_by": WRITTEN_BY,
        "unit": "edges of the whole face's box; lower: the landmark box's centre below that one's",
        "fitted_on": dict(Counter(pair.name for pair in pairs)),
        "seed": seed,
        **asdict(fitted),
        "fit": {"whole_shares_10_50": shared[:, 0].tolist(), "mapped_shares_10_50": shared[:, 1].tolist()},
    }
    return json.dumps(data, indent=2) + "\n"
