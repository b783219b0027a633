"""A detector's network as OpenCV runs it: a picture in, what its cells take for faces out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ..geometry.candidates import Candidates
from ..geometry.cells import decoded
from ..geometry.levels import FIELDS
from ..model.detector_contract import DetectorContract
from ..model.graph import open_graph, running
from ..model.schema import NHWC

CELLS = 5000  # the surest of a look: what of them is one face costs by the square of their number
SUREST = 0.999  # of a threshold whose odds are asked for


class CellNetwork:
    """A network of the contract, loaded and tried.

    threshold: the score that stands for the network's own threshold, so that those of two networks tell alike; None:
    that one. Raises ValueError where the file is damaged, does not fit its contract or OpenCV cannot run it.
    """

    def __init__(self, contract: DetectorContract, threshold: float | None = None):
        self.contract = contract
        self.threshold = contract.threshold if threshold is None else threshold
        with running(contract.model):
            self._net = open_graph(contract.model)
            self.seen(np.zeros((contract.multiple, 2 * contract.multiple, 3), np.uint8), self.threshold)

    def seen(self, image: np.ndarray, least: float) -> Candidates:
        """What the network sees in a picture uint8 [height, width, 3] BGR as large as it is: from scores of `least` on,
        0 to 1 (both excluded), surest first, each thing once."""
        below, right = (-edge % self.contract.multiple for edge in image.shape[:2])
        ready = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT) if below or right else image
        own, told = self.contract.threshold, self.threshold
        found = decoded(self._cells(ready), self.contract.levels, float(moved_score(least, told, own))).surest(CELLS)
        distinct = found.distinct(self.contract.overlap)
        return Candidates(moved_score(distinct.scores, own, told), distinct.oriented, distinct.five)

    def _cells(self, image: np.ndarray) -> list[np.ndarray]:
        """The network's maps, float32 [height, width, FIELDS] each. Raises ValueError where they are no such maps."""
        last = self.contract.layout == NHWC
        rgb = image[None, :, :, ::-1]
        blob = np.ascontiguousarray(rgb if last else rgb.transpose(0, 3, 1, 2), np.float32)
        self._net.setInput(blob, self.contract.input)
        answers = self._net.forward([level.name for level in self.contract.levels])
        maps = [answer[0] if last else answer[0].transpose(1, 2, 0) for answer in answers]
        for cells, level in zip(maps, self.contract.levels, strict=True):
            wanted = [edge // level.stride for edge in image.shape[:2]] + [FIELDS]
            if list(cells.shape) != wanted:
                raise ValueError(
                    f"{self.contract.model}: answers {list(cells.shape)} as {level.name}, expected {wanted}"
                )
        return maps


def moved_score(score: ArrayLike, own: float, told: float) -> np.ndarray:
    """Scores 0 to 1 as float64, on a scale where `own` has become `told`: all odds times the same.

    From `own` on they are `told` and more, to the last bit, also where thresholds are as good as 1.
    """
    score = np.asarray(score, np.float64)
    if own == told:
        return score
    factor = odds(min(told, SUREST)) / odds(min(own, SUREST))
    moved = factor * score / (1 - score + factor * score)
    beside = np.where(score > own, np.maximum(moved, told), np.minimum(moved, np.nextafter(told, 0)))
    return np.where(score == own, told, beside)


def odds(score: float) -> float:
    """How much likelier than not something of this score is, 0 and more; of a score under 1."""
    return score / (1 - score)
