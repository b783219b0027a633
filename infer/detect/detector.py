"""Face detectors: what a landmarker asks of one, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from ..geometry.candidates import Candidates
from ..model.shipped import detector_model
from .haar import HaarDetector
from .kinds import CLOSEST, DETECTORS, default_detector
from .own import OwnDetector, checked_size
from .yunet import YuNetDetector


class Detector(Protocol):
    """Finds faces in pictures uint8 [height, width, 3] BGR, as oriented landmark boxes in the picture's pixels.

    name: one of DETECTORS; sure: whether its scores tell what is a face, from `threshold` on; else it is generous, and
    each find wants a check.
    """

    name: str
    sure: bool
    threshold: float

    def looks(self, image: np.ndarray, size: int | None = None) -> Iterator[Candidates]:
        """What one look after the other finds, quick ones first, each surest first; a look is done when asked for.

        size: longest side of the closest look, pixels; None: as the detector has it.
        """

    def glance(self, image: np.ndarray, side: int) -> Candidates:
        """What one quick look at a video's frame shows, unsure things too; side: its longest side, pixels."""


def detector_maker(kind: str | None, model: str | Path | None, size: int | None) -> Callable[[], Detector]:
    """What makes detectors of a kind, one of DETECTORS, None for `default_detector()`.

    model: file of our own's or YuNet's; size: longest side of the closest look, pixels, None for the detector's own.
    Raises ValueError for another kind or size, and for a model that is missing or not wanted. What it makes raises
    ValueError or FileNotFoundError where the model or OpenCV lacks what it takes.
    """
    kind = default_detector() if kind is None else kind
    if kind not in DETECTORS:
        raise ValueError(f"detector: found {kind!r}, expected one of {', '.join(DETECTORS)}")
    size = None if size is None else checked_size(size)
    if kind == "haar":
        _refuse(model, size)
        return HaarDetector
    if kind == "own":
        return partial(OwnDetector, model or detector_model(), size or CLOSEST)
    if model is None:
        raise ValueError("detector yunet: found no model, expected its .onnx file (--detector-model)")
    return partial(YuNetDetector, model, size or CLOSEST)


def _refuse(model: str | Path | None, size: int | None) -> None:
    """Raises ValueError for what the cascades have no use for."""
    for what, value in (("the model", model), ("the size", size)):
        if value is not None:
            raise ValueError(f"detector haar: found {what} {value}, expected none (or --detector own, yunet)")
