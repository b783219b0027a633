"""The points: their order, groups, mirror partners and the pair that normalises errors, one `Scheme` per convention."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Scheme:
    """A convention of landmark points.

    groups: name -> indices (every point in exactly one); lines: name of a group -> index chains to draw, closed where
    the first index returns at the end; left_eye, right_eye: indices whose mean is that eye's centre (the subject's left
    and right); corners: the two points whose distance is inter-ocular (outer eye corners); flip: for each point the
    index of its partner in a mirrored picture.
    """

    name: str
    count: int
    groups: dict[str, tuple[int, ...]]
    lines: dict[str, tuple[tuple[int, ...], ...]]
    left_eye: tuple[int, ...]
    right_eye: tuple[int, ...]
    corners: tuple[int, int]
    flip: tuple[int, ...] = field(repr=False)

    def __post_init__(self):
        inside = sorted(index for group in self.groups.values() for index in group)
        if inside != list(range(self.count)):
            raise ValueError(f"{self.name}: the groups hold {len(inside)} indices, expected each of {self.count} once")
        everyone = list(range(self.count))
        if sorted(self.flip) != everyone or [self.flip[partner] for partner in self.flip] != everyone:
            raise ValueError(f"{self.name}: flip is no involution of {self.count} points")


def _chain(first: int, last: int, closed: bool = False) -> tuple[int, ...]:
    return tuple(range(first, last + 1)) + ((first,) if closed else ())


# Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013, figure 1 (counted from 0 here)
_IBUG_FLIP = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31),  # ridge of the nose
    *range(35, 30, -1),  # nostrils
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # outer lips
    *(64, 63, 62, 61, 60, 67, 66, 65),  # inner lips
)

IBUG_68 = Scheme(
    name="ibug68",
    count=68,
    groups={
        "jaw": _chain(0, 16),
        "brows": _chain(17, 26),
        "nose": _chain(27, 35),
        "eyes": _chain(36, 47),
        "mouth": _chain(48, 67),
    },
    lines={
        "jaw": (_chain(0, 16),),
        "brows": (_chain(17, 21), _chain(22, 26)),
        "nose": (_chain(27, 30), _chain(31, 35)),
        "eyes": (_chain(36, 41, closed=True), _chain(42, 47, closed=True)),
        "mouth": (_chain(48, 59, closed=True), _chain(60, 67, closed=True)),
    },
    left_eye=_chain(42, 47),
    right_eye=_chain(36, 41),
    corners=(36, 45),
    flip=_IBUG_FLIP,
)

# the columns of Kaggle's facial-keypoints-detection (`<name>_x`, `<name>_y`); left and right are the subject's
KAGGLE_NAMES = (
    "left_eye_center",
    "right_eye_center",
    "left_eye_inner_corner",
    "left_eye_outer_corner",
    "right_eye_inner_corner",
    "right_eye_outer_corner",
    "left_eyebrow_inner_end",
    "left_eyebrow_outer_end",
    "right_eyebrow_inner_end",
    "right_eyebrow_outer_end",
    "nose_tip",
    "mouth_left_corner",
    "mouth_right_corner",
    "mouth_center_top_lip",
    "mouth_center_bottom_lip",
)

KAGGLE_15 = Scheme(
    name="kaggle15",
    count=15,
    groups={"brows": _chain(6, 9), "nose": (10,), "eyes": _chain(0, 5), "mouth": _chain(11, 14)},
    lines={"brows": ((6, 7), (8, 9)), "eyes": ((2, 0, 3), (4, 1, 5)), "mouth": ((11, 13, 12, 14, 11),)},
    left_eye=(0,),
    right_eye=(1,),
    corners=(5, 3),
    flip=(1, 0, 4, 5, 2, 3, 8, 9, 6, 7, 10, 12, 11, 13, 14),
)

SCHEMES = {scheme.name: scheme for scheme in (IBUG_68, KAGGLE_15)}

# (from, to) -> for each point of `to` the points of `from` whose mean it is; that of Kaggle's columns was checked on
# 368 full rows cut from hand-annotated 68-point faces: a similarity of the mapped points meets every one within 2e-6 px
MAPPINGS: dict[tuple[str, str], tuple[tuple[int, ...], ...]] = {
    (IBUG_68.name, KAGGLE_15.name): (
        *(IBUG_68.left_eye, IBUG_68.right_eye),  # eye centres
        *((42,), (45,), (39,), (36,)),  # eye corners: left inner, left outer, right inner, right outer
        *((22,), (26,), (21,), (17,)),  # brow ends: left inner, left outer, right inner, right outer
        (30,),  # tip of the nose
        *((54,), (48,), (51,), (57,)),  # mouth: left corner, right corner, top of upper lip, bottom of lower lip
    ),
}


def scheme_of(name: str) -> Scheme:
    """The scheme of that name; ValueError names the known ones."""
    if name not in SCHEMES:
        raise ValueError(f"point scheme: found {name!r}, expected one of {', '.join(SCHEMES)}")
    return SCHEMES[name]


def convert(points: np.ndarray, source: Scheme, target: Scheme) -> np.ndarray:
    """The same face in another scheme: [..., K, 2] of `source` -> [..., K', 2] of `target`, the dtype kept.

    A point that is the mean of several is unknown (NaN) where one of them is. Raises ValueError for another shape, and
    for a pair of schemes without a mapping, naming both.
    """
    points = np.asarray(points)
    if points.shape[-2:] != (source.count, 2):
        raise ValueError(f"convert: points are {points.shape}, expected (..., {source.count}, 2) of {source.name}")
    if source.name == target.name:
        return points.copy()
    mapping = MAPPINGS.get((source.name, target.name))
    if mapping is None:
        known = ", ".join(f"{one} -> {other}" for one, other in MAPPINGS)
        raise ValueError(f"point schemes: found no mapping {source.name} -> {target.name}, expected one of {known}")
    return np.stack([points[..., list(indices), :].mean(axis=-2) for indices in mapping], axis=-2).astype(points.dtype)


def flip_points(points: np.ndarray, width: float, scheme: Scheme = IBUG_68) -> np.ndarray:
    """Points of the mirrored picture, [K, 2] of the same dtype: x' = width - 1 - x, partners swapped.

    `width` is the picture's in pixels (pixel centres at whole numbers, 0-based). NaN stays NaN, at the partner's place.
    """
    if points.shape != (scheme.count, 2):
        raise ValueError(f"flip: points are {points.shape}, expected ({scheme.count}, 2)")
    mirrored = points[list(scheme.flip)].copy()
    mirrored[:, 0] = width - 1 - mirrored[:, 0]
    return mirrored
