"""Smoothing of points from frame to frame: the One Euro filter.

G. Casiez, N. Roussel and D. Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012: an exponential filter whose cutoff rises with the speed, so that a still face does not tremble and
a moving one is not left behind. Time is in seconds and speed in face sizes per second, so one setting serves every
frame rate, face size and picture size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SmoothingSettings:
    """cutoff: Hz, of a face at rest; beta: Hz more per face size a second; speed_cutoff: Hz, of the speed itself.

    The face size is the longer edge of the box around its points. Raises ValueError for what is not positive (beta: 0
    or more).
    """

    cutoff: float = 1.0
    beta: float = 20.0
    speed_cutoff: float = 2.0

    def __post_init__(self):
        if not (self.cutoff > 0 and self.beta >= 0 and self.speed_cutoff > 0):
            raise ValueError(
                f"smoothing: found cutoff {self.cutoff} Hz, beta {self.beta}, speed cutoff {self.speed_cutoff} Hz, "
                "expected cutoffs > 0 and beta >= 0"
            )


class OneEuro:
    """Filters the points of one face, frame after frame."""

    def __init__(self, settings: SmoothingSettings = SmoothingSettings()):
        self.settings = settings
        self._time: float | None = None

    def __call__(self, points: np.ndarray, time: float) -> np.ndarray:
        """The smoothed points, float32 [K, 2], of points [K, 2] in pixels seen at a time in seconds.

        The first points come back as they are, as do those of a time that is not later than the last one.
        """
        points = np.asarray(points, np.float64)
        if self._time is None or time <= self._time:
            self._time, self._raw, self._smooth, self._speed = time, points, points, np.zeros_like(points)
            return points.astype(np.float32)
        elapsed, self._time = time - self._time, time
        size = max(np.ptp(points, axis=0).max(), 1e-6)
        speed = (points - self._raw) / (size * elapsed)
        self._speed = self._speed + _share(self.settings.speed_cutoff, elapsed) * (speed - self._speed)
        # one cutoff for a point's x and y: two would bend its path
        pace = np.linalg.norm(self._speed, axis=1, keepdims=True)
        share = _share(self.settings.cutoff + self.settings.beta * pace, elapsed)
        self._raw, self._smooth = points, self._smooth + share * (points - self._smooth)
        return self._smooth.astype(np.float32)


def _share(cutoff, elapsed: float):
    """The share of the new value in an exponential filter of that cutoff, Hz, after so many seconds: equation 2."""
    rate = 2 * np.pi * cutoff * elapsed
    return rate / (rate + 1)
