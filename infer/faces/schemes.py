"""Which points of the schemes that came along are the 68, and which the five that faces are aligned by.

Plain data, read without OpenCV.
"""

from __future__ import annotations

from collections.abc import Sequence

WHOLE_FACE = "ibug68"  # the scheme of the 68
FIVE_PLACES = "mtfl5"  # the scheme of these five
Means = Sequence[Sequence[int]]  # for each place the indices of the points whose mean it is
# the five of each scheme of points that came along
FIVE: dict[str, Means] = {
    "ibug68": (range(36, 42), range(42, 48), (30,), (48,), (54,)),
    "ibug51": (range(19, 25), range(25, 31), (13,), (31,), (37,)),
    "ibug49": (range(19, 25), range(25, 31), (13,), (31,), (37,)),
    "wflw98": ((60, 61, 63, 64, 65, 67), (68, 69, 71, 72, 73, 75), (54,), (76,), (82,)),
    "cofw29": ((16,), (17,), (20,), (22,), (23,)),
    "aflw19": ((7,), (10,), (13,), (15,), (17,)),
    "kaggle15": ((1,), (0,), (10,), (12,), (11,)),
    "mtfl5": ((0,), (1,), (2,), (3,), (4,)),
}

# scheme that came along -> for each of the 68 those whose mean it is; of WFLW's 98 as its users have it, eyes and brows
# by their upper line
_HELD_BY_98 = (
    *(*range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60)),  # jaw, brows, nose
    *(60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75, *range(76, 96)),  # eyes, mouth
)
HELD: dict[str, Means] = {
    WHOLE_FACE: tuple((index,) for index in range(68)),
    "wflw98": tuple((index,) for index in _HELD_BY_98),
}
