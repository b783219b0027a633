"""Face detectors: what a landmarker and a tracker ask of one, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from .haar import HaarDetector
from .yunet import YuNetDetector

DETECTORS = ("haar", "yunet")


class Detector(Protocol):
    """Finds faces in pictures uint8 [height, width, 3] BGR, as landmark boxes (x0, y0, x1, y1), float64 [N, 4]."""

    def looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """The boxes of one look after the other, quick ones first, each surest first; a look is done when asked for."""

    def look(self, image: np.ndarray, turn: int) -> np.ndarray:
        """The boxes of one look, of a video's frame: another `turn` is another look, so that each costs little."""


def detector_maker(kind: str, model: str | Path | None) -> Callable[[], Detector]:
    """What makes detectors of a kind, one of DETECTORS; model: YuNet's file.

    Raises ValueError for another kind, and for a model that is missing or not wanted. What it makes raises ValueError
    where this OpenCV lacks the detector.
    """
    if kind not in DETECTORS:
        raise ValueError(f"detector: found {kind!r}, expected one of {', '.join(DETECTORS)}")
    if kind == "yunet" and model is None:
        raise ValueError("detector yunet: found no model, expected its .onnx file (--detector-model)")
    if kind == "haar" and model is not None:
        raise ValueError(f"detector haar: found the model {model}, expected none (or --detector yunet)")
    return HaarDetector if model is None else lambda: YuNetDetector(model)
