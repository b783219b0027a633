"""Which face detectors there are, for those that only name them: no OpenCV here, which takes its time."""

OWN = "own"  # the one that is taken when none is named
DETECTORS = (OWN, "yunet")
CLOSEST = 1280  # pixels of the longest side: the last look, if no other size is asked for
