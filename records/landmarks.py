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

SCHEMES = {scheme.name: scheme for scheme in (IBUG_68,)}


def scheme_of(name: str) -> Scheme:
    """The scheme of that name; ValueError names the known ones."""
    if name not in SCHEMES:
        raise ValueError(f"point scheme: found {name!r}, expected one of {', '.join(SCHEMES)}")
    return SCHEMES[name]


def flip_points(points: np.ndarray, width: float, scheme: Scheme = IBUG_68) -> np.ndarray:
    """Points of the mirrored picture, [K, 2] of the same dtype: x' = width - 1 - x, partners swapped.

    `width` is the picture's in pixels (pixel centres at whole numbers, 0-based). NaN stays NaN, at the partner's place.
    """
    if points.shape != (scheme.count, 2):
        raise ValueError(f"flip: points are {points.shape}, expected ({scheme.count}, 2)")
    mirrored = points[list(scheme.flip)].copy()
    mirrored[:, 0] = width - 1 - mirrored[:, 0]
    return mirrored
