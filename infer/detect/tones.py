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
COMMON = 16  # a value counts as that of one in so many at most, and more pixels have to be brighter than black
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
    """The values from which on 2 % are darker, and brighter; none between where nearly all is black.

    Of pixels that are not black, as the corners of turned pictures are; values that much of the picture has, as a page
    around a photo, count as those of a part of it: else much of the photo would be among the darkest 2 %.
    """
    step = max(1, min(image.shape[:2]) // SAMPLED)
    sample = image[::step, ::step]
    pixels = sample.shape[0] * sample.shape[1]
    shown = np.count_nonzero(sample[..., 0] | sample[..., 1] | sample[..., 2])
    if COMMON * shown < pixels:
        return 0.0, 0.0
    counts = np.bincount(sample.ravel(), minlength=256)
    counts[0] -= 3 * (pixels - shown)
    up_to = np.minimum(counts, np.ceil(3 * shown / COMMON)).cumsum()
    end = up_to[-1] // OUTER
    low, high = np.searchsorted(up_to, (end, up_to[-1] - end - 1), side="right")
    return float(low), float(high)
