"""A convention of landmark points as a type, and its JSON: read, checked and written here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.json_lines import line_of, line_of_repeated

MOST = 10_000  # points
LARGEST = 1 << 20  # bytes of a file; 98 points take 5 kilobytes
ALL = "points"  # the one group of a scheme that names none
_SINGLE = ("left_eye", "right_eye", "corners", "flip")  # keys of plain lists of indices
KEYS = ("name", "source", "count", "names", "groups", "lines", *_SINGLE, "made_of", "makes")
Chains = tuple[tuple[int, ...], ...]


class SchemeError(ValueError):
    """What is wrong with an entry of a scheme, `groups.eyes` or `flip[3]`; name: of the scheme, where it is known."""

    def __init__(self, entry: str, found: str, expected: str, name: str = ""):
        super().__init__(f"{name} {entry}: found {found}, expected {expected}".lstrip())
        self.entry = entry


@dataclass(frozen=True)
class Scheme:
    """A convention of landmark points.

    groups: name -> indices (every point in exactly one); lines: name of a group -> index chains to draw, closed where
    the first index returns at the end; left_eye, right_eye: indices whose mean is that eye's centre (the subject's left
    and right), empty where no points tell it; corners: the two points whose distance is inter-ocular (outer eye
    corners), empty where the box alone normalises errors; flip: for each point the index of its partner in a mirrored
    picture, empty where nobody knows; names: of the points, where they have any; made_of: name of another scheme -> for
    each point here the points there whose mean it is; makes: name of another scheme -> for each point there the points
    here whose mean it is; subset: of a part of another scheme, the indices there.
    Raises SchemeError for what contradicts itself.
    """

    name: str
    count: int
    groups: dict[str, tuple[int, ...]]
    lines: dict[str, Chains] = field(default_factory=dict)
    left_eye: tuple[int, ...] = ()
    right_eye: tuple[int, ...] = ()
    corners: tuple[int, ...] = ()
    flip: tuple[int, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    made_of: dict[str, Chains] = field(default_factory=dict, repr=False)
    makes: dict[str, Chains] = field(default_factory=dict, repr=False)
    subset: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\s/\\]+", self.name) or not self.name.isprintable():
            raise SchemeError("name", repr(self.name), "one word without slashes")
        if not 1 <= self.count <= MOST:
            raise self._wrong("count", str(self.count), f"1 to {MOST}")
        self._check_groups()
        self._check_eyes()
        self._check_flip()
        self._check_names()
        for source, indices in self.made_of.items():
            if len(indices) != self.count or not all(indices):
                raise self._wrong(f"made_of.{source}", f"{len(indices)} entries", f"points for each of {self.count}")
        for target, indices in self.makes.items():
            self._check_inside(f"makes.{target}", (index for mean in indices for index in mean))

    def _wrong(self, entry: str, found: str, expected: str) -> SchemeError:
        return SchemeError(entry, found, expected, self.name)

    def _check_inside(self, entry: str, indices: Iterable[int]) -> None:
        for index in indices:
            if not 0 <= index < self.count:
                raise self._wrong(entry, f"point {index}", f"0 to {self.count - 1}")

    def _check_groups(self) -> None:
        where: dict[int, str] = {}
        for name, group in self.groups.items():
            self._check_inside(f"groups.{name}", group)
            for index in group:
                if index in where:
                    raise self._wrong(f"groups.{name}", f"point {index} again, as in {where[index]}", "it in one group")
                where[index] = name
        missing = [index for index in range(self.count) if index not in where]
        if missing:
            raise self._wrong("groups", f"point {missing[0]} in none", f"each of {self.count} points in one")
        odd = [name for name in self.groups if not re.fullmatch(r"\w[\w-]*", name)]
        if odd:
            raise self._wrong("groups", f"the name {odd[0]!r}", "letters, digits, _ and -")
        for name, chains in self.lines.items():
            if name not in self.groups:
                raise self._wrong(f"lines.{name}", "no such group", f"one of {', '.join(self.groups)}")
            for chain in chains:
                self._check_inside(f"lines.{name}", chain)

    def _check_eyes(self) -> None:
        for entry in ("left_eye", "right_eye", "corners"):
            indices = getattr(self, entry)
            self._check_inside(entry, indices)
            if len(set(indices)) != len(indices):
                raise self._wrong(entry, f"{list(indices)}", "each point once")
        if bool(self.left_eye) != bool(self.right_eye) or set(self.left_eye) & set(self.right_eye):
            raise self._wrong("left_eye", f"{list(self.left_eye)}", f"both eyes or none, right_eye {self.right_eye}")
        if len(self.corners) not in (0, 2):
            raise self._wrong("corners", f"{len(self.corners)} points", "two, or none: then the box normalises errors")

    def _check_flip(self) -> None:
        if not self.flip:
            return
        if len(self.flip) != self.count:
            raise self._wrong("flip", f"{len(self.flip)} partners", f"one of each of {self.count} points, or none")
        self._check_inside("flip", self.flip)
        for index, partner in enumerate(self.flip):
            if self.flip[partner] != index:
                raise self._wrong(f"flip[{index}]", f"{partner}, whose own partner is {self.flip[partner]}", f"{index}")
        mirrored = sorted(self.flip[index] for index in self.left_eye)
        if mirrored != sorted(self.right_eye):
            raise self._wrong("right_eye", f"{list(self.right_eye)}", f"the partners of left_eye, {mirrored}")

    def _check_names(self) -> None:
        if not self.names:
            return
        if len(self.names) != self.count or len(set(self.names)) != self.count:
            raise self._wrong("names", f"{len(set(self.names))} different ones", f"one of each of {self.count} points")
        for index, name in enumerate(self.names):
            of_others = self.groups.get(name, (index,)) != (index,)
            if not name.strip() or "," in name or of_others:
                raise self._wrong(f"names[{index}]", f"{name!r}", "no comma, no name of other points' group")

    def name_of(self, index: int) -> str:
        """The name of a point, its number where it has none."""
        return self.names[index] if self.names else str(index)

    def document(self) -> dict[str, Any]:
        """The scheme as JSON has it, without what it lacks; `scheme_from` reads it."""
        plain = {"name": self.name, "count": self.count, "names": list(self.names), "groups": self.groups}
        lists = {key: list(getattr(self, key)) for key in _SINGLE}
        everything = {**plain, "lines": self.lines, **lists, "made_of": self.made_of, "makes": self.makes}
        found = {key: value for key, value in everything.items() if value}
        return json.loads(json.dumps(found))  # tuples as lists


def without_scheme(count: int) -> Scheme:
    """The scheme `points<K>` of so many points of which nothing is known: one group, no eyes, no partners."""
    return Scheme(f"{ALL}{count}", count, {ALL: tuple(range(count))})


def is_nameless(scheme: Scheme) -> bool:
    """Whether it is one of `without_scheme`."""
    return scheme.name == f"{ALL}{scheme.count}"


def read_scheme(path: str | Path, check: Callable[[Scheme], None] = lambda scheme: None) -> Scheme:
    """The scheme of a JSON file.

    check: raises SchemeError for what else is wrong with it. Raises FileNotFoundError where there is none, ValueError
    for what is none, which names the file, the line and the entry.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no such file, expected a point scheme as JSON")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: found {path.stat().st_size} bytes, expected a point scheme of {LARGEST} at most")
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        found = scheme_from(json.loads(text, object_pairs_hook=_once))
        check(found)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} line {error.lineno}: found {error.msg}, expected JSON") from None
    except _Repeated as error:
        raise ValueError(f"{path} line {line_of_repeated(text)}: {error}") from None
    except SchemeError as error:
        raise ValueError(f"{path} line {line_of(text, error.entry)}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    return found


def scheme_from(document: object) -> Scheme:
    """The scheme that a JSON object says. Raises ValueError, a SchemeError for an entry."""
    if not isinstance(document, Mapping):
        raise ValueError(f"found {_shown(document)}, expected an object with {', '.join(KEYS)}")
    for key in document:
        if key not in KEYS:
            raise SchemeError(key, "no such entry of a scheme", ", ".join(KEYS))
    name, count = document.get("name"), document.get("count")
    if not isinstance(name, str):
        raise SchemeError("name", _shown(name), "text")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST:
        raise SchemeError("count", _shown(count), f"1 to {MOST}")
    return Scheme(
        name=name,
        count=count,
        groups={key: _indices(value, f"groups.{key}") for key, value in _object(document, "groups").items()}
        or {ALL: tuple(range(count))},
        lines={key: _chains(value, f"lines.{key}") for key, value in _object(document, "lines").items()},
        **{key: _indices(document.get(key, []), key) for key in _SINGLE},
        names=_names(document.get("names", [])),
        made_of=_mapping(document, "made_of"),
        makes=_mapping(document, "makes"),
    )


class _Repeated(SchemeError):
    """A key that comes twice in one object; its entry is the key alone."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises _Repeated for a key that comes twice, of which JSON would keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Repeated(twice, "twice in one object", "once")
    return found


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise SchemeError(key, _shown(value), "an object")
    return value


def _list(value: object, entry: str) -> list[Any]:
    if not isinstance(value, list):
        raise SchemeError(entry, _shown(value), "a list")
    return value


def _indices(value: object, entry: str) -> tuple[int, ...]:
    """A list of points by their numbers."""
    for place, index in enumerate(_list(value, entry)):
        if not isinstance(index, int) or isinstance(index, bool):
            raise SchemeError(f"{entry}[{place}]", _shown(index), "the number of a point")
    return tuple(_list(value, entry))


def _chains(value: object, entry: str) -> Chains:
    return tuple(_indices(one, f"{entry}[{place}]") for place, one in enumerate(_list(value, entry)))


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Chains]:
    return {name: _means(value, f"{key}.{name}") for name, value in _object(document, key).items()}


def _means(value: object, entry: str) -> Chains:
    """For each point those whose mean it is: a list of them, or the number of a single one."""
    several = [one if isinstance(one, list) else [one] for one in _list(value, entry)]
    found = _chains(several, entry)
    for place, indices in enumerate(found):
        if not indices or min(indices) < 0:
            raise SchemeError(f"{entry}[{place}]", _shown(several[place]), "points of that scheme")
    return found


def _names(value: object) -> tuple[str, ...]:
    for place, name in enumerate(_list(value, "names")):
        if not isinstance(name, str):
            raise SchemeError(f"names[{place}]", _shown(name), "text")
    return tuple(_list(value, "names"))


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:40]}..."
