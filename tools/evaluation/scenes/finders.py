"""The detectors of an evaluation: opened by the names that people give them, one for each way of looking.

Looks: the longest side in pixels of one look at the whole picture, or `detect`: as `Landmarker.detect` looks, closer
where that may show more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infer.detect.own import MOST, OwnDetector
from infer.detect.yunet import YuNetDetector
from infer.geometry.candidates import Candidates
from infer.model.detector_contract import DetectorContract
from tools.evaluation.scenes.run import SceneFinder

DETECT = "detect"
LOOKS = ("640", DETECT)
LEAST = 0.02  # scores from which on finds are kept: average precision wants the unsure ones as well
YUNET = "yunet="  # yunet=FILE
BEFORE_LOOK = ", "  # in a finder's name


class DetectorFinder:
    """A detector; side: of its one look, None: as `Landmarker.detect` looks, with no score below the threshold then."""

    def __init__(self, detector: OwnDetector | YuNetDetector, side: int | None):
        self._detector, self._side = detector, side
        self.threshold = detector.threshold

    def find(self, image: np.ndarray) -> Candidates:
        """As `SceneFinder` has it."""
        return self._detector.find(image) if self._side is None else self._detector.glance(image, self._side, LEAST)


def open_finders(
    names: Sequence[str], looks: Sequence[str] = LOOKS
) -> tuple[dict[str, SceneFinder], dict[str, DetectorContract]]:
    """Detectors by their names and looks, `A.pb, 640`, and the contracts of those that have one, by the same.

    names: a model's path, or `yunet=FILE`; looks: as the module says, of which YuNet has no `detect`.
    Raises ValueError for a name given twice or another look, FileNotFoundError or ValueError for what does not open.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"detectors: found {', '.join(names)}, expected each once")
    sides = {look: None if look == DETECT else _side(look) for look in looks}
    finders: dict[str, SceneFinder] = {}
    contracts: dict[str, DetectorContract] = {}
    for name in names:
        if name.startswith(YUNET):
            finders |= _yunets(name, [side for side in sides.values() if side])
        else:
            detector = OwnDetector(name)
            own = {f"{name}{BEFORE_LOOK}{look}": DetectorFinder(detector, side) for look, side in sides.items()}
            finders |= own
            contracts |= dict.fromkeys(own, detector.contract)
    return finders, contracts


def look_of(name: str) -> str:
    """The look of a finder by its name."""
    return name.rpartition(BEFORE_LOOK)[2]


def _yunets(name: str, sides: Sequence[int]) -> dict[str, SceneFinder]:
    """YuNet with each of the sides. Raises ValueError where there is none."""
    file = name.removeprefix(YUNET)
    if not sides:
        raise ValueError(f"{name}: found looks without a size, expected one in pixels")
    detector = YuNetDetector(file)
    return {f"{Path(file).stem}{BEFORE_LOOK}{side}": DetectorFinder(detector, side) for side in sides}


def _side(look: str) -> int:
    """A look's longest side in pixels. Raises ValueError for what is none."""
    if not look.isdecimal() or not 32 <= int(look) <= MOST:
        raise ValueError(f"look: found {look!r}, expected 32 to {MOST} pixels, or {DETECT}")
    return int(look)
