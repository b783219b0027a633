"""YuNet, a small face detector that runs in OpenCV 4.x and 5.x alike; its `.onnx` file is the user's to bring.

W. Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023. It answers with a
box and five points, of which only the points are used: where a landmark box lies around eyes, nose and mouth can be
fitted on annotated faces without the detector (`tools/fit_constants.py boxes`), whatever its boxes are like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ..faces.constants import read_constants
from ..files.pictures import quiet
from ..files.plain import plain_path
from ..geometry import boxes
from ..geometry.candidates import Candidates, candidates_of
from ..geometry.oriented import roll_of
from .haar import CONSTANTS
from .kinds import CLOSEST
from .reduced import reduced

SCORE, OVERLAP, MOST = 0.5, 0.3, 5000  # kept from such a score on, for the check is strict; the last two are OpenCV's
FIELDS = 15  # x, y, width, height; right eye, left eye, nose, right and left mouth corner; score


class YuNetDetector:
    """Finds faces by YuNet, rolled ones too.

    model: path of its `.onnx` file; size: longest side of the picture that it sees, pixels; least: score from which on
    it answers. Raises FileNotFoundError where there is no such file, ValueError where OpenCV cannot run it. One object
    serves one thread at a time.
    """

    name = "yunet"
    sure = False
    threshold = 0.0

    def __init__(self, model: str | Path, size: int = CLOSEST, least: float = SCORE, constants: Path = CONSTANTS):
        self.model, self.size, self.least, self._weights = Path(model), size, least, load_weights(constants)
        if not self.model.is_file():
            raise FileNotFoundError(f"{self.model}: found no such file, expected YuNet's .onnx")
        self._net = self._open()

    def looks(self, image: np.ndarray, size: int | None = None) -> Iterator[Candidates]:
        """One look at a picture uint8 [height, width, 3] BGR: what it finds, highest score first.

        size: longest side of the look, pixels; None: as the object has it. Raises ValueError where the network does
        not run.
        """
        yield self.glance(image, size or self.size)

    def glance(self, image: np.ndarray, side: int) -> Candidates:
        """What a look at the picture with a longest side of `side` pixels finds, in the picture's pixels."""
        look = reduced(image, side)
        rows = self.run(look.image)
        five = look.to_picture(rows[:, 4:14].reshape(-1, 5, 2))
        found = candidates_of(boxes_around(five, self._weights), rows[:, -1], roll_of(five))
        return replace(found, five=five)

    def run(self, image: np.ndarray) -> np.ndarray:
        """What it answers to a picture as it is, float64 [N, FIELDS], its pixels, highest score first."""
        self._net.setInputSize(image.shape[1::-1])
        try:
            _, rows = self._net.detect(np.ascontiguousarray(image))
        except cv2.error as error:
            raise ValueError(self._cannot(error)) from None
        rows = np.zeros((0, FIELDS)) if rows is None else np.asarray(rows, np.float64)
        return rows[np.argsort(-rows[:, -1], kind="stable")]

    def find(self, image: np.ndarray) -> Candidates:
        """What the only look finds, each thing once."""
        return self.glance(image, self.size).distinct(boxes.OVERLAP)

    def _open(self):
        if not hasattr(cv2, "FaceDetectorYN"):
            raise ValueError(
                f"detector: found OpenCV {cv2.__version__} without FaceDetectorYN, expected 4.5.4 or later"
            )
        try:
            with quiet(), plain_path(self.model) as model:
                net = cv2.FaceDetectorYN.create(model, "", (320, 320), self.least, OVERLAP, MOST)
                net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise ValueError(self._cannot(error)) from None
        return net

    def _cannot(self, error: cv2.error) -> str:
        reason = " ".join(str(error.err or error).split())[:120]
        return f"{self.model}: found no network that OpenCV {cv2.__version__} runs as YuNet ({reason})"


def load_weights(path: Path = CONSTANTS) -> np.ndarray:
    """What `boxes_around` takes, float64 [11, 4], from the detectors' constants. Raises as `read_constants` does."""
    return read_constants(path, "the detectors' constants", "boxes", _parsed_weights)


def _parsed_weights(data: dict) -> np.ndarray:
    weights = np.array(data["five_points"]["weights"], np.float64)
    if weights.shape != (11, 4):
        raise ValueError(f"weights {list(weights.shape)}")
    return weights


def boxes_around(five: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Landmark boxes (x0, y0, x1, y1), float64 [N, 4], of eyes, nose and mouth corners [N, 5, 2]; same pixels.

    Linear in the five points, once these are moved to their middle and scaled to a mean square distance of 1 from it.
    """
    middle, size, inputs = framed(five)
    return inputs @ weights * size[:, None] + np.tile(middle, 2)


def framed(five: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle [N, 2] and size [N] of five points [N, 5, 2], and in that frame x0, y0 ... y4 and 1: float64 [N, 11]."""
    five = np.asarray(five, np.float64).reshape(-1, 5, 2)
    middle = five.mean(axis=1)
    around = five - middle[:, None]
    size = np.maximum(np.sqrt(np.square(around).sum(axis=2).mean(axis=1)), 1e-6)
    inputs = (around / size[:, None, None]).reshape(-1, 10)
    return middle, size, np.concatenate([inputs, np.ones((len(five), 1))], axis=1)
