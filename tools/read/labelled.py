"""Formats whose points have labels: all labels of a set, in one order, are its points.

Labels that are a scheme's names mean that scheme's points. Numbers are places, from 0 or 1 on. Other labels stand in
natural order (`p2` before `p10`), or in that of the file's own list, and are the names of a scheme of their own: they
find their places in any other that has these names. Where no scheme that came along fits, a remark says what the order
is.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from records.landmarks import IBUG_68, SCHEMES
from records.scheme import ALL, MOST, Scheme
from tools.read.face import BadSample, Remark
from tools.read.listing import Entry, ListingFormat
from tools.read.marks import Marks, scheme_of_count
from tools.read.placing import Size

ORDERED = "labels of points that no known scheme has"

_SHOWN = 8  # labels in a remark
_DIGITS = 9  # of a label that is a number, at most
Place = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Labelled:
    """What a file says of a face whose points have labels.

    points: label -> x, y in pixels, 0-based, NaN where unknown; what is missing is unknown; listed: the labels are but
    places in a list, so that none may be missing; name: what messages call it; the others as `Marks` has them.
    """

    name: str
    points: Mapping[str, Place] = field(default_factory=dict)
    listed: bool = False
    box: np.ndarray | None = None
    size: Size | None = None
    source: str | None = None
    fault: tuple[str, str] | None = None


@dataclass(frozen=True)
class Order:
    """The points of a set: their labels in order, their scheme, and what one should know of them."""

    labels: tuple[str, ...]
    scheme: Scheme
    remarks: tuple[Remark, ...] = ()

    def marks(self, face: Labelled, upright: bool) -> Marks:
        """What a file says of a face, its points in this order; upright: as `Marks` has it."""
        unknown = (np.nan, np.nan)
        points = np.array([face.points.get(label, unknown) for label in self.labels], np.float64).reshape(-1, 2)
        fault = face.fault or self._fault(face)
        return Marks(points, face.box, fault, self.scheme, face.size, upright, self.remarks, face.source)

    def _fault(self, face: Labelled) -> tuple[str, str] | None:
        if face.listed and len(face.points) != len(self.labels):
            expected = f"expected {len(self.labels)}, as most faces have"
            return "wrong shape", f"{face.name}: found {len(face.points)} points, {expected}"
        others = sorted(face.points.keys() - set(self.labels))
        if others:
            expected = (
                f"expected of {self.labels[0]} to {self.labels[-1]}" if self.labels else "expected names or numbers"
            )
            return "unreadable annotation", f"{face.name}: found the label {others[0][:40]!r}, {expected}"
        return None


def order_of(faces: Iterable[Labelled]) -> Order:
    """The order of the points of all faces of a set. Raises ValueError for more labels than a scheme may have.

    Where some labels are numbers and some names, those that are more often there are its points.
    """
    sound = [face for face in faces if not face.fault]
    seen = Counter(label for face in sound if not face.listed for label in face.points)
    lengths = Counter(len(face.points) for face in sound if face.listed)
    if lengths:
        seen.update({str(place): lengths.total() for place in range(lengths.most_common(1)[0][0])})
    if len(seen) > MOST:
        raise ValueError(f"found {len(seen)} different labels of points, expected at most {MOST}")
    numbers, names = (Counter({label: seen[label] for label in filter(kind, seen)}) for kind in (_is_number, _is_name))
    if numbers.total() > names.total():
        return _order(_numbers(_usual(set(numbers), sound)), ())
    if not names:
        return Order((), IBUG_68)  # of faces that are none, all of them
    return _order((), tuple(sorted(names, key=_natural)))


def order_of_list(names: Sequence[str]) -> Order:
    """The order of points that a file lists by these names, in which it has them.

    68 are iBUG's whatever they are called. Names that no scheme may have tell nothing.
    """
    told = len(set(names)) == len(names) != IBUG_68.count and all(map(_is_name, names))
    return _order((), tuple(names)) if told else _order(tuple(map(str, range(len(names)))), ())


def _order(numbers: tuple[str, ...], names: tuple[str, ...]) -> Order:
    """The order of labels that are numbers, or of names."""
    scheme = _of_names(names) if names else scheme_of_count(len(numbers))
    remarks = () if scheme.name in SCHEMES else ((ORDERED, _told(numbers or names)),)
    return Order(numbers or scheme.names, scheme, remarks)


def _usual(numbers: set[str], faces: Sequence[Labelled]) -> set[str]:
    """The numbers; where those of the 68 are there and no more than half of the faces have others, these alone."""
    for first in (0, 1):
        known = set(map(str, range(first, first + IBUG_68.count)))
        odd = sum(1 for face in faces if face.points.keys() & numbers - known)
        if known <= numbers and odd <= len(faces) / 2:
            return known
    return numbers


def _is_number(label: str) -> bool:
    return label.isascii() and label.isdigit() and len(label) <= _DIGITS


def _numbers(labels: set[str]) -> tuple[str, ...]:
    """The numbers in order; where some are missing between 0 or 1 and those of a known scheme, with these."""
    found = sorted(map(int, labels))
    ways = [range(first, found[-1] + 1) for first in (0, 1)] if found else []
    known = [way for way in ways if len(way) <= MOST and scheme_of_count(len(way)).name in SCHEMES]
    complete = any(found[0] == way[0] and len(found) == len(way) for way in ways)
    return tuple(map(str, known[0] if known and not complete else found))


def _is_name(label: str) -> bool:
    """Whether a scheme may have a point of that name."""
    return bool(label.strip()) and label.isprintable() and "," not in label and not label.isdigit() and label != ALL


def _natural(label: str) -> tuple:
    """What sorts labels as people count: by the numbers in them, where the words before these are alike."""
    parts = [part.lstrip("0") if part.isdigit() else part for part in re.split("([0-9]+)", label)]
    return [(len(part), part) if index % 2 else part for index, part in enumerate(parts)], label


def _of_names(names: tuple[str, ...]) -> Scheme:
    """The smallest known scheme that has all these names, else one of its own, whose name no other names' has."""
    fitting = [scheme for scheme in SCHEMES.values() if set(names) <= set(scheme.names)]
    mark = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
    own = Scheme(f"{ALL}{len(names)}-{mark}", len(names), {ALL: tuple(range(len(names)))}, names=names)
    return min(fitting, key=lambda scheme: scheme.count, default=own)


def _told(labels: Sequence[str]) -> str:
    more = ", ..." if len(labels) > _SHOWN else ""
    return f"{len(labels)}, in this order: {', '.join(labels[:_SHOWN])}{more}"


@dataclass(frozen=True)
class LabelledListing(ListingFormat):
    """A format of files that list faces with labelled points: its `parse` gives a `Labelled` each.

    upright: as `Marks` has it. Who annotates in a window sees the picture turned as its EXIF says, so points count in
    that mostly, unless the size that the file names says otherwise.
    """

    upright: bool = True

    def entries_of(self, files: Sequence[Path]) -> Iterable[tuple[Path, Iterable[Entry]]]:
        """Each file with its faces, whose points have the order of all."""
        found = [(file, list(self.parse(file))) for file in files]
        try:
            order = order_of(face for _, entries in found for _, face in entries)
        except ValueError as error:
            raise ValueError(f"{files[0]}: {error}") from None
        return [
            (file, [(picture, order.marks(face, self.upright)) for picture, face in entries]) for file, entries in found
        ]


def by_label(pairs: Iterable[tuple[str, Place]]) -> dict[str, Place]:
    """Labels, numbers without leading zeros, and places. Raises BadSample where a label comes twice."""
    points: dict[str, Place] = {}
    for text, place in pairs:
        label = str(int(text)) if _is_number(text) else text
        if label in points:
            raise BadSample("unreadable annotation", f"found the label {label[:40]!r} twice, expected once a face")
        points[label] = place
    return points
