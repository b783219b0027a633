"""How long detectors take for a picture, in turns, so that a noisy machine slows all of them alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import cv2
import numpy as np

from infer.jobs.progress import Progress
from tools.evaluation.scenes.run import SceneFinder
from tools.evaluation.speed import in_turns

SIDES = (320, 640)  # pixels of a square picture
ROUNDS, CALLS = 10, 5
SQUARE = 8  # pixels of the patches that it shows


def time_rows(finders: Mapping[str, SceneFinder], rounds: int = ROUNDS, calls: int = CALLS) -> list[dict]:
    """Median milliseconds a square picture without a face, one thread, and the ratio to the first; a row each finder
    and side: model, side, milliseconds, ratio."""
    before, rows = cv2.getNumThreads(), []
    cv2.setNumThreads(1)
    try:
        with Progress(len(SIDES) * rounds, "rounds of timing") as progress:
            for side in SIDES:
                image = patches(side)
                work = {name: partial(finder.find, image) for name, finder in finders.items()}
                for name, (seconds, ratio) in in_turns(work, rounds, calls, progress).items():
                    rows.append({"model": name, "side": side, "milliseconds": 1000 * seconds, "ratio": ratio})
    finally:
        cv2.setNumThreads(before)
    return rows


def patches(side: int) -> np.ndarray:
    """A picture of soft patches, uint8 [side, side, 3]: nothing to be found, so that no find is paid for."""
    coarse = np.random.default_rng(0).integers(90, 160, (side // SQUARE, side // SQUARE, 3)).astype(np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
