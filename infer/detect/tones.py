"""The tones of what a detector is shown: dark, faded and foggy pictures look as others do."""

from __future__ import annotations

import cv2
import numpy as np

# levels of 255: pictures of which all but the darkest and the brightest 2 % of the values span less are stretched
SPAN = 150.0
NARROW = 100.0  # levels: those that span less, to all that they may; between both the less, so that no video flickers
FULL, BRIGHT = 220.0, 235.0  # levels that they span then, and the brightest one
GAIN = 8.0  # at most so many times: what is darker still is noise
FLAT = 8.0  # levels: what spans less shows nothing
OUTER = 50  # one of so many values lies beyond each end of the span
SAMPLED = 32  # lines of the shorter edge that tell: all of them know no better


def stretched(image: np.ndarray) -> np.ndarray:
    """The picture uint8 [height, width, 3], its tones stretched over the range that usual pictures have, where they
    span less than `SPAN`; else the picture itself."""
    low, high = _span(image)
    if not FLAT <= high - low < SPAN:
        return image
    wanted = np.interp(high - low, (NARROW, SPAN), (FULL, SPAN))
    gain = min(GAIN, wanted / (high - low))
    darkest = min(low, max(0.0, BRIGHT - gain * (high - low)))
    tones = (np.arange(256) - low) * gain + darkest
    return cv2.LUT(image, np.clip(tones.round(), 0, 255).astype(np.uint8))


def _span(image: np.ndarray) -> tuple[float, float]:
    """The values from which on 2 % are darker, and brighter."""
    step = max(1, min(image.shape[:2]) // SAMPLED)
    values = image[::step, ::step].ravel()
    ends = len(values) // OUTER, len(values) - 1 - len(values) // OUTER
    low, high = np.partition(values, ends)[list(ends)]
    return float(low), float(high)
