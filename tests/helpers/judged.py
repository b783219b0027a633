"""Three pictures of two sets, with finds whose fate is known."""

import numpy as np

from records.judging import FoundBoxes, Judged, TruePicture, judge

NONE = np.zeros((0, 4))
SMALL, LARGE, TINY, TURNED = [10, 10, 30, 40], [50, 0, 150, 120], [200, 5, 208, 16], [20, 20, 68, 60]


def picture(name, *boxes, yaws=None, rolls=None, kinds=None, ignore=NONE):
    boxes = np.array(boxes, float).reshape(-1, 4)
    unknown = [np.nan] * len(boxes)
    heights = boxes[:, 3] - boxes[:, 1]
    yaws, rolls = np.radians(yaws or unknown), np.radians(rolls or unknown)
    return TruePicture(name, boxes, heights, yaws, rolls, kinds or [""] * len(boxes), np.array(ignore, float))


def finds(*pairs, rolls=None):
    """Pairs of box and score."""
    boxes = np.array([box for box, _ in pairs], float).reshape(-1, 4)
    return FoundBoxes(boxes, np.array([score for _, score in pairs]), np.radians(rolls or [np.nan] * len(pairs)))


TRUTHS = [
    picture("crowd", SMALL, LARGE, TINY, yaws=[10, -70, 0], rolls=[170, 0, 0], kinds=["masked", "", ""]),
    picture("plain", TURNED, yaws=[40], rolls=[-30]),
    picture("plain", ignore=[[0, 0, 9, 9]]),
]


def three_judged() -> Judged:
    """The three pictures, judged."""
    answers = [
        finds((TINY, 0.95), (SMALL, 0.6), ([300, 0, 330, 30], 0.3), rolls=[0, -175, 0]),
        finds(([0, 80, 30, 120], 0.7), (TURNED, 0.9), rolls=[0, -28]),
        finds(([1, 1, 8, 8], 0.99), ([40, 40, 60, 60], 0.4)),
    ]
    return judge(TRUTHS, answers)
