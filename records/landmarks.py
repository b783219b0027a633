"""The point schemes that come along (`schemes/*.json`), by name, and how points of one become points of another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from records.scheme import (
    ALL,
    KEYS,
    MOST,
    Chains,
    Scheme,
    SchemeError,
    is_nameless,
    read_scheme,
    scheme_from,
    without_scheme,
)

FOLDER = Path(__file__).with_name("schemes")
SHIPPED = ("wflw98", "ibug68", "ibug51", "ibug49", "cofw29", "aflw19", "kaggle15", "mtfl5")
SCHEMES = {name: read_scheme(FOLDER / f"{name}.json") for name in SHIPPED}
IBUG_68, KAGGLE_15 = SCHEMES["ibug68"], SCHEMES["kaggle15"]
KAGGLE_NAMES = KAGGLE_15.names  # the columns of Kaggle's facial-keypoints-detection (`<name>_x`, `<name>_y`)
_NAMELESS = re.compile(rf"{ALL}([1-9][0-9]*)")


def scheme_of(name: str) -> Scheme:
    """The scheme of that name: one that came along, `points<K>`, or the part of either that `kaggle15[0,1,10]` names.

    ValueError names the known ones.
    """
    whole, bracket, indices = name.partition("[")
    found = SCHEMES.get(whole) or _nameless(whole)
    if not found or bracket and not name.endswith("]"):
        raise ValueError(f"point scheme: found {name!r}, expected one of {', '.join(SCHEMES)}, {ALL}<K>")
    return part_of(found, indices_of(indices[:-1], found)) if bracket else found


def _nameless(name: str) -> Scheme | None:
    found = _NAMELESS.fullmatch(name)
    return without_scheme(int(found[1])) if found and int(found[1]) <= MOST else None


def own_scheme(text: str) -> Scheme:
    """The scheme that `--scheme` asks for: one by name, or one's own by the path of its JSON, `FILE.json`.

    Raises FileNotFoundError and ValueError as `read_scheme`, and where one's own has the name of another.
    """
    if not text.endswith(".json"):
        return scheme_of(text)
    return read_scheme(text, _check_beside_shipped)


def _check_beside_shipped(scheme: Scheme) -> None:
    """Raises SchemeError where somebody's own scheme and those that came along do not go together."""
    if "[" in scheme.name:
        raise SchemeError("name", repr(scheme.name), "one without brackets, which name parts")
    known = SCHEMES.get(scheme.name) or _nameless(scheme.name)
    if known and known != scheme:
        raise SchemeError("name", repr(scheme.name), "another: that scheme came along and differs")
    for name in scheme.made_of.keys() & SCHEMES.keys():
        most = max(max(indices) for indices in scheme.made_of[name])
        if most >= SCHEMES[name].count:
            raise SchemeError(f"made_of.{name}", f"point {most}", f"0 to {SCHEMES[name].count - 1}")
    for name, means in scheme.makes.items():
        if name not in SCHEMES:
            raise SchemeError(f"makes.{name}", "no such scheme", f"one of {', '.join(SCHEMES)}")
        if len(means) != SCHEMES[name].count:
            expected = f"{SCHEMES[name].count}, one for each of its points"
            raise SchemeError(f"makes.{name}", f"{len(means)} entries", expected)


def told(scheme: Scheme) -> str | dict[str, Any]:
    """A scheme as files keep it: by its name where that says all, else whole, as JSON has it."""
    try:
        return scheme.name if scheme_of(scheme.name) == scheme else scheme.document()
    except ValueError:
        return scheme.document()


def scheme_told(kept: object) -> Scheme:
    """The scheme that a file keeps as `told` says it. Raises ValueError."""
    return scheme_of(kept) if isinstance(kept, str) else scheme_from(kept)


def scheme_in_contract(points: Mapping[str, Any]) -> Scheme:
    """The scheme of a model, from what its contract says of points, whose `scheme` is a name. Raises ValueError."""
    try:
        return scheme_of(points["scheme"])
    except ValueError:
        told_there = {key: value for key, value in points.items() if key in KEYS}
        return scheme_from({**told_there, "name": points["scheme"]})


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
    mirror partner is missing, or the eyes that the scheme has: crops are turned upright by them.
    """
    places = {index: place for place, index in enumerate(indices)}
    name = f"{scheme.name}[{','.join(map(str, indices))}]"
    alone = [scheme.name_of(index) for index in indices if scheme.flip and scheme.flip[index] not in places]
    if alone:
        raise ValueError(f"{name}: found {alone[0]} without its mirror partner, expected both")

    def kept(old: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(places[index] for index in old if index in places)

    left, right = kept(scheme.left_eye), kept(scheme.right_eye)
    if scheme.left_eye and not left:
        raise ValueError(f"{name}: found no point of the eyes, expected of {scheme.left_eye} and {scheme.right_eye}")
    corners = kept(scheme.corners)
    if len(corners) < len(scheme.corners):
        corners = (right[0], left[0]) if left else ()
    return Scheme(
        name=name,
        count=len(indices),
        groups={group: kept(old) for group, old in scheme.groups.items() if kept(old)},
        lines={group: tuple(map(kept, chains)) for group, chains in scheme.lines.items() if kept(scheme.groups[group])},
        left_eye=left,
        right_eye=right,
        corners=corners,
        flip=tuple(places[scheme.flip[index]] for index in indices) if scheme.flip else (),
        names=tuple(scheme.name_of(index) for index in indices),
        subset=indices,
    )


def steps(source: Scheme, target: Scheme) -> list[Scheme] | None:
    """The schemes on the shortest way from one to another, the target last; none on the way to the same points.

    None where no way leads there. Points without a scheme are those of any scheme of their number; points of one name
    are the same.
    """
    if is_same(source, target) or source.name == f"{ALL}{target.count}":
        return []
    ways: list[list[Scheme]] = [[target]]
    while ways:
        way = ways.pop(0)
        if _mapping(source, way[0]):
            return way
        ways += [[SCHEMES[name], *way] for name in way[0].made_of if name in SCHEMES and SCHEMES[name] not in way]
    return None


def is_same(one: Scheme, other: Scheme) -> bool:
    """Whether two schemes are one: two people's own may have one name and differ in names or partners of points."""
    told_by_both = [(one.names, other.names), (one.flip, other.flip)]
    alike = all(mine == others for mine, others in told_by_both if mine and others)
    return alike and (one.name, one.count) == (other.name, other.count)


def common(schemes: Iterable[Scheme]) -> Scheme | None:
    """The scheme of most points that all of these lead to, one that came along or one of these; None where none is.

    Points without a scheme lead to one of these alone: that they stand in another's order nobody says.
    """
    schemes = list(schemes)
    known = schemes if any(map(is_nameless, schemes)) else [*SCHEMES.values(), *schemes]
    reached = [target for target in known if all(steps(scheme, target) is not None for scheme in schemes)]
    return max(reached, key=lambda scheme: scheme.count, default=None)


def convert(points: np.ndarray, source: Scheme, target: Scheme) -> np.ndarray:
    """The same face in another scheme: [..., K, 2] of `source` -> [..., K', 2] of `target`, the dtype kept.

    A point that is the mean of several is unknown (NaN) where one of them is. Raises ValueError for another shape, and
    for a pair of schemes without a mapping, naming both.
    """
    points = np.asarray(points)
    if points.shape[-2:] != (source.count, 2):
        raise ValueError(f"convert: points are {points.shape}, expected (..., {source.count}, 2) of {source.name}")
    way = steps(source, target)
    if way is None:
        known = ", ".join(f"{one} -> {scheme.name}" for scheme in SCHEMES.values() for one in scheme.made_of)
        raise ValueError(f"point schemes: found no mapping {source.name} -> {target.name}, expected one of {known}")
    points = points.copy()
    for scheme in way:
        points, source = _means(points, _mapping(source, scheme)), scheme
    return points


def mapping(source: Scheme, target: Scheme) -> Chains:
    """For each point of a scheme those of another whose mean it is, by all steps on the way.

    Where means are of means, points come as often as they weigh. Empty where no way leads there, or for points without
    a scheme: that they stand in the order of another nobody says.
    """
    way = None if is_nameless(source) else steps(source, target)
    if way is None:
        return ()
    found: Chains = tuple((index,) for index in range(source.count))
    for scheme in way:
        found = tuple(_weighed([found[index] for index in indices]) for indices in _mapping(source, scheme))
        source = scheme
    return found


def _weighed(means: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The points whose mean is the mean of several such means."""
    length = math.lcm(*map(len, means))
    return tuple(index for mean in means for index in mean * (length // len(mean)))


def _mapping(source: Scheme, target: Scheme) -> Chains:
    """For each point of a scheme those of another whose mean it is, as either says or their names do, else none."""
    if source.name in target.made_of:
        return target.made_of[source.name]
    if target.name in source.makes:
        return source.makes[target.name]
    numbers = any(name.isdigit() for name in target.names)  # of parts of schemes without names: they tell nothing
    if target.names and not numbers and set(target.names) <= set(source.names):
        return tuple((source.names.index(name),) for name in target.names)
    return ()


def _means(points: np.ndarray, mapping: Chains) -> np.ndarray:
    return np.stack([points[..., list(indices), :].mean(axis=-2) for indices in mapping], axis=-2).astype(points.dtype)


def flip_points(points: np.ndarray, width: float, scheme: Scheme = IBUG_68) -> np.ndarray:
    """Points of the mirrored picture, [K, 2] of the same dtype: x' = width - 1 - x, partners swapped.

    `width` is the picture's in pixels (pixel centres at whole numbers, 0-based). NaN stays NaN, at the partner's place.
    Raises ValueError for another shape, and for a scheme without partners.
    """
    if not scheme.flip:
        raise ValueError(f"flip: found {scheme.name} without mirror partners, expected a scheme that names them")
    if points.shape != (scheme.count, 2):
        raise ValueError(f"flip: points are {points.shape}, expected ({scheme.count}, 2)")
    mirrored = points[list(scheme.flip)].copy()
    mirrored[:, 0] = width - 1 - mirrored[:, 0]
    return mirrored
