"""Face detectors: what a landmarker asks of one, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from ..geometry.candidates import Candidates
from ..model.shipped import detector_model
from .kinds import CLOSEST, DETECTORS, OWN
from .own import OwnDetector, checked_size
from .yunet import YuNetDetector


class Detector(Protocol):
    """Finds faces in pictures uint8 [height, width, 3] BGR, as oriented landmark boxes in the picture's pixels.

    name: one of DETECTORS; threshold: the score from which on a find is a face; files: its networks; decides: numbers
    beside them that decide on finds.
    """

    name: str
    threshold: float
    files: tuple[Path, ...]
    decides: tuple[float, ...]

    def find(self, image: np.ndarray, size: int | None = None) -> Candidates:
        """The faces of a picture, surest first, of scores from the threshold on.

        size: longest side of the closest look, pixels; None: as the detector has it.
        """

    def glance(self, image: np.ndarray, side: int) -> Candidates:
        """What one quick look at a video's frame shows, unsure things too; side: its longest side, pixels."""


def detector_maker(kind: str | None, model: str | Path | None, size: int | None) -> Callable[[], Detector]:
    """What makes detectors of a kind, one of DETECTORS, None for our own.

    model: file of our own's or YuNet's, None for our own that came along; size: longest side of the closest look,
    pixels, None for the detector's own. Raises ValueError for another kind or size, and for YuNet without a model. What
    it makes raises ValueError or FileNotFoundError where the model or OpenCV lacks what it takes.
    """
    kind = OWN if kind is None else kind
    if kind not in DETECTORS:
        raise ValueError(f"detector: found {kind!r}, expected one of {', '.join(DETECTORS)}")
    size = CLOSEST if size is None else checked_size(size)
    if kind == OWN:
        return partial(OwnDetector, model or detector_model(), size)
    if model is None:
        raise ValueError("detector yunet: found no model, expected its .onnx file (--detector-model)")
    return partial(YuNetDetector, model, size)
