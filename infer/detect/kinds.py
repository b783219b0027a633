"""Which face detectors there are, for those that only name them: no OpenCV here, which takes its time."""

from __future__ import annotations

from ..model.shipped import detector_model

DETECTORS = ("own", "haar", "yunet")
CLOSEST = 1280  # pixels of the longest side: the last look, if no other size is asked for


def default_detector() -> str:
    """The detector that is taken when none is named: our own where its file is there."""
    return "own" if detector_model().is_file() else "haar"
