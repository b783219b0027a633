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
    index of its partner in a mirrored picture; names: of the points, where they have any; subset: of a part of another
    scheme, the indices there.
    """

    name: str
    count: int
    groups: dict[str, tuple[int, ...]]
    lines: dict[str, tuple[tuple[int, ...], ...]]
    left_eye: tuple[int, ...]
    right_eye: tuple[int, ...]
    corners: tuple[int, int]
    flip: tuple[int, ...] = field(repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    subset: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        inside = sorted(index for group in self.groups.values() for index in group)
        if inside != list(range(self.count)):
            raise ValueError(f"{self.name}: the groups hold {len(inside)} indices, expected each of {self.count} once")
        everyone = list(range(self.count))
        if sorted(self.flip) != everyone or [self.flip[partner] for partner in self.flip] != everyone:
            raise ValueError(f"{self.name}: flip is no involution of {self.count} points")

    def name_of(self, index: int) -> str:
        """The name of a point, its number where it has none."""
        return self.names[index] if self.names else str(index)


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
    names=KAGGLE_NAMES,
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
    """The scheme of that name, or the part of one that `kaggle15[0,1,10]` names; ValueError names the known ones."""
    whole, bracket, indices = name.partition("[")
    if whole not in SCHEMES or bracket and not name.endswith("]"):
        raise ValueError(f"point scheme: found {name!r}, expected one of {', '.join(SCHEMES)}")
    return part_of(SCHEMES[whole], indices_of(indices[:-1], SCHEMES[whole])) if bracket else SCHEMES[whole]


def indices_of(text: str, scheme: Scheme) -> tuple[int, ...]:
    """The points that a text names, in the scheme's order: numbers, names of points and of groups, between commas.

    Raises ValueError for what is none of them.
    """
    names: dict[str, tuple[int, ...]] = {scheme.name_of(index): (index,) for index in range(scheme.count)}
    names |= {str(index): (index,) for index in range(scheme.count)}
    names |= scheme.groups
    chosen: set[int] = set()
    for part in text.split(","):
        if part.strip() not in names:
            known = ", ".join([*scheme.groups, f"0 to {scheme.count - 1}", *scheme.names])
            raise ValueError(f"points: found {part!r}, expected of {scheme.name}: {known}")
        chosen.update(names[part.strip()])
    return tuple(sorted(chosen))


def part_of(scheme: Scheme, indices: tuple[int, ...]) -> Scheme:
    """The scheme of some of another's points, in its order, named `kaggle15[0,1,10]`.

    Where the outer eye corners are not among them, eye centres normalise errors. Raises ValueError where a point's
    mirror partner is missing, or an eye: crops are turned upright by the eyes.
    """
    places = {index: place for place, index in enumerate(indices)}
    name = f"{scheme.name}[{','.join(map(str, indices))}]"
    alone = [scheme.name_of(index) for index in indices if scheme.flip[index] not in places]
    if alone:
        raise ValueError(f"{name}: found {alone[0]} without its mirror partner, expected both")

    def kept(old: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(places[index] for index in old if index in places)

    left, right = kept(scheme.left_eye), kept(scheme.right_eye)
    if not left:
        raise ValueError(f"{name}: found no point of the eyes, expected of {scheme.left_eye} and {scheme.right_eye}")
    first, second = scheme.corners
    corners = (places[first], places[second]) if {first, second} <= places.keys() else (right[0], left[0])
    return Scheme(
        name=name,
        count=len(indices),
        groups={group: kept(old) for group, old in scheme.groups.items() if kept(old)},
        lines={group: tuple(map(kept, chains)) for group, chains in scheme.lines.items() if kept(scheme.groups[group])},
        left_eye=left,
        right_eye=right,
        corners=corners,
        flip=tuple(places[scheme.flip[index]] for index in indices),
        names=tuple(scheme.name_of(index) for index in indices),
        subset=indices,
    )


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
