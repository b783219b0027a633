"""Smoothing of points from frame to frame: the One Euro filter, of a face's way and of what its points do besides.

G. Casiez, N. Roussel and D. Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012: an exponential filter whose cutoff rises with the speed, so that a still face does not tremble and
a moving one is not left behind. Time is in seconds and speed in face sizes per second, so one setting serves every
frame rate, face size and picture size.

The way that most points of a face go together holds little noise and is followed closely. What a point does besides is
mostly noise, also while the face moves: filtered by itself, it is smoothed as that of a face at rest. Points whose
error is expected to be large are smoothed the more, and go with their face all the same. What each of these gives was
measured: `tools/measure/video.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SmoothingSettings:
    """cutoff: Hz, of what is at rest; beta: Hz more per face size a second, of a point within its face; speed_cutoff:
    Hz, of the speed itself; way_beta: as beta, of the face's way; usual: expected error, in face sizes, up to which a
    point is smoothed as any other; of one with twice that the cutoff is a quarter.

    The face size is the longer edge of the box around its points. Raises ValueError for what is not positive (betas: 0
    or more).
    """

    cutoff: float = 1.0
    beta: float = 20.0
    speed_cutoff: float = 2.0
    way_beta: float = 40.0
    usual: float = 0.02

    def __post_init__(self):
        betas = min(self.beta, self.way_beta)
        if not (self.cutoff > 0 and betas >= 0 and self.speed_cutoff > 0 and self.usual > 0):
            raise ValueError(
                f"smoothing: found cutoff {self.cutoff} Hz, beta {self.beta}, speed cutoff {self.speed_cutoff} Hz, "
                f"way_beta {self.way_beta}, usual {self.usual}, expected betas >= 0 and all else > 0"
            )


class OneEuro:
    """Filters places float64 [N, 2], frame after frame; the first are given.

    cutoff: Hz, at rest; beta: Hz more per face size a second; speed_cutoff: Hz.
    """

    def __init__(self, places: np.ndarray, cutoff: float, beta: float, speed_cutoff: float):
        self.cutoff, self.beta, self.speed_cutoff = cutoff, beta, speed_cutoff
        self._raw, self._smooth, self._speed = places, places, np.zeros_like(places)

    def __call__(self, places: np.ndarray, elapsed: float, size: float, weights: np.ndarray | float = 1.0):
        """The smoothed places, float64 [N, 2], seen so many seconds after the last ones.

        size: of the face, in the places' unit; weights: of each place's cutoff, [N, 1].
        """
        speed = (places - self._raw) / (size * elapsed)
        self._speed = self._speed + _share(self.speed_cutoff, elapsed) * (speed - self._speed)
        # one cutoff for a point's x and y: two would bend its path
        pace = np.linalg.norm(self._speed, axis=1, keepdims=True)
        share = _share(weights * (self.cutoff + self.beta * pace), elapsed)
        self._raw, self._smooth = places, self._smooth + share * (places - self._smooth)
        return self._smooth


class FaceSmoother:
    """Filters the points of one face, frame after frame."""

    _raw: np.ndarray  # the last points
    _way: np.ndarray  # how far the face has gone, [1, 2]
    _whole: OneEuro
    _own: OneEuro

    def __init__(self, settings: SmoothingSettings = SmoothingSettings()):
        self.settings = settings
        self._time: float | None = None

    def __call__(self, points: np.ndarray, time: float, errors: np.ndarray | None = None) -> np.ndarray:
        """The smoothed points, float32 [K, 2], of points [K, 2] in pixels seen at a time in seconds.

        errors: expected of each point, pixels, [K]; None: of all alike. The first points come back as they are, as do
        those of a time that is not later than the last one.
        """
        points = np.asarray(points, np.float64)
        if self._time is None or time <= self._time:
            self._begin(points, time)
            return points.astype(np.float32)
        elapsed, self._time = time - self._time, time
        size = max(np.ptp(points, axis=0).max(), 1e-6)
        # the median: a mouth that opens does not move the face
        self._way, self._raw = self._way + np.median(points - self._raw, axis=0), points
        whole = self._whole(self._way, elapsed, size)
        own = self._own(points - self._way, elapsed, size, self._weights(errors, size))
        return (whole + own).astype(np.float32)

    def _begin(self, points: np.ndarray, time: float) -> None:
        chosen = self.settings
        self._time, self._raw, self._way = time, points, np.zeros((1, 2))
        self._whole = OneEuro(self._way, chosen.cutoff, chosen.way_beta, chosen.speed_cutoff)
        self._own = OneEuro(points, chosen.cutoff, chosen.beta, chosen.speed_cutoff)

    def _weights(self, errors: np.ndarray | None, size: float) -> np.ndarray | float:
        """Of the points' cutoffs, [K, 1]: 1 up to the usual error, then falling with its square."""
        if errors is None:
            return 1.0
        usual = self.settings.usual * size
        return np.square(usual / np.maximum(np.asarray(errors, np.float64), usual))[:, None]


def _share(cutoff, elapsed: float):
    """The share of the new value in an exponential filter of that cutoff, Hz, after so many seconds: equation 2."""
    rate = 2 * np.pi * cutoff * elapsed
    return rate / (rate + 1)
