"""What two looks see of one picture, together: which of them sees a face better, and what both see."""

from __future__ import annotations

import numpy as np

from ..geometry.boxes import SAME, overlaps
from ..geometry.candidates import Candidates, suppressed, together

# pixels of the longer edge: boxes of such faces are best, those of ones twice as large in a look worse than those of
# ones half as large
BEST = 100.0


def best_in_both(coarse: float, close: float) -> float:
    """The longer edge of a face, pixels of the picture, whose boxes two looks of these scales see as well."""
    return BEST / float(np.sqrt(coarse * close))


def found_again(found: Candidates, others: Candidates) -> np.ndarray:
    """Which of the finds are among the others too, by their boxes: bool [N]."""
    return np.array([overlaps(box, others.boxes).max(initial=0) >= SAME for box in found.boxes], bool)


def merged(coarse: Candidates, close: Candidates, large: float, overlap: float) -> Candidates:
    """The finds of two looks as one, surest first: of a face that both found, the box of the look that sees it well.

    large: pixels of the picture; from there on a face is the coarse look's, smaller ones are the close look's. overlap:
    IoU from which on two finds are one face.
    """
    both = together([coarse, close])
    is_large = both.edges >= large
    preferred = is_large == (np.arange(len(both)) < len(coarse))
    kept = both.chosen(suppressed(both.boxes, both.five, both.scores + preferred, overlap))
    return kept.chosen(np.argsort(-kept.scores, kind="stable"))
