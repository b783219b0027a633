"""The detectors of an evaluation: opened by the names that people give them, one for each way of looking.

Looks: the longest side in pixels of one look at the whole picture, or `detect`: as `Landmarker.detect` looks, closer
where that may show more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infer.detect.own import MOST, OwnDetector
from infer.detect.reduced import reduced
from infer.detect.yunet import YuNetDetector
from infer.faces.check import FACE
from infer.geometry.candidates import Candidates, candidates_of
from infer.geometry.oriented import roll_of
from infer.landmarker import Landmarker
from infer.model.detector_contract import DetectorContract
from tools.evaluation.scenes.run import SceneFinder
from tools.read.whole_face import landmark_boxes

DETECT = "detect"
LOOKS = ("640", DETECT)
LEAST = 0.02  # scores from which on finds are kept: average precision wants the unsure ones as well
HAAR, YUNET = "haar", "yunet="  # yunet=FILE
BEFORE_LOOK = ", "  # in a finder's name
YUNET_THRESHOLD = 0.6  # from which on YuNet's finds are commonly taken for faces


class OwnFinder:
    """A detector with a contract; side: of its one look, None: as `Landmarker.detect` looks, with no score below the
    threshold then."""

    def __init__(self, detector: OwnDetector, side: int | None):
        self._detector, self._side = detector, side
        self.threshold = detector.threshold

    def find(self, image: np.ndarray) -> Candidates:
        """As `SceneFinder` has it."""
        return self._detector.find(image) if self._side is None else self._detector.glance(image, self._side, LEAST)


class YuNetFinder:
    """YuNet in one look of a longest side, its boxes of whole faces mapped to landmark boxes.

    Not those that follow from its five points, which it places badly in profiles and in faces that are turned.
    """

    threshold = YUNET_THRESHOLD

    def __init__(self, detector: YuNetDetector):
        self._detector = detector

    def find(self, image: np.ndarray) -> Candidates:
        """As `SceneFinder` has it."""
        look = reduced(image, self._detector.size)
        rows = self._detector.run(look.image)
        whole = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        boxes = look.to_picture(landmark_boxes(whole).reshape(-1, 2, 2)).reshape(-1, 4)
        return candidates_of(boxes, rows[:, -1], roll_of(rows[:, 4:14].reshape(-1, 5, 2)))


class HaarFinder:
    """The cascades with the check behind them, as `Landmarker.detect` uses them: the boxes around its points."""

    threshold = FACE

    def __init__(self) -> None:
        self._landmarker = Landmarker(detector=HAAR)

    def find(self, image: np.ndarray) -> Candidates:
        """As `SceneFinder` has it; no rolls are told."""
        faces = self._landmarker.detect(image)
        return candidates_of([face.box for face in faces], [face.score or 0.0 for face in faces], np.nan)


def open_finders(
    names: Sequence[str], looks: Sequence[str] = LOOKS
) -> tuple[dict[str, SceneFinder], dict[str, DetectorContract]]:
    """Detectors by their names and looks, `A.pb, 640`, and the contracts of those that have one, by the same.

    names: a model's path, `haar`, or `yunet=FILE`; looks: as the module says; haar has but its own, YuNet no `detect`.
    Raises ValueError for a name given twice or another look, FileNotFoundError or ValueError for what does not open.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"detectors: found {', '.join(names)}, expected each once")
    sides = {look: None if look == DETECT else _side(look) for look in looks}
    finders: dict[str, SceneFinder] = {}
    contracts: dict[str, DetectorContract] = {}
    for name in names:
        if name == HAAR:
            finders[name] = HaarFinder()
        elif name.startswith(YUNET):
            finders |= _yunets(name, [side for side in sides.values() if side])
        else:
            detector = OwnDetector(name)
            own = {f"{name}{BEFORE_LOOK}{look}": OwnFinder(detector, side) for look, side in sides.items()}
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
    return {f"{Path(file).stem}, {side}": YuNetFinder(YuNetDetector(file, side, LEAST)) for side in sides}


def _side(look: str) -> int:
    """A look's longest side in pixels. Raises ValueError for what is none."""
    if not look.isdecimal() or not 32 <= int(look) <= MOST:
        raise ValueError(f"look: found {look!r}, expected 32 to {MOST} pixels, or {DETECT}")
    return int(look)
