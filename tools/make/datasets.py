"""Which faces go into a set of records: data sets by path, with a weight or a cap each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from infer.files.console import speakable
from records.landmarks import steps
from records.manifest import Dataset
from records.scheme import Scheme, is_nameless
from records.split import Split, hash_fraction
from tools.make.overlap import SeenPictures
from tools.read.face import Item

ROOT = Path(__file__).resolve().parents[2]
SMALLEST_CAP = 100  # `PATH:2` is a weight, `PATH:500` a cap
Find = Callable[[Path, str], list[Item]]
NOT_TAKEN, TWINS = "in the folder, of no face", "held by two sets, taken once"


@dataclass(frozen=True)
class Source:
    """A data set to take: its path; weight: how often a training face counts; cap: at most so many faces, None: all."""

    path: Path
    weight: float = 1.0
    cap: int | None = None


def parse_source(text: str) -> Source:
    """`PATH`, `PATH:2` (weight, under 100) or `PATH:500` (cap, 100 and more). Raises ValueError on another number."""
    path, colon, number = text.rpartition(":")
    if not colon or Path(text).exists():
        return Source(Path(text))
    try:
        value = float(number)
    except ValueError:
        return Source(Path(text))
    if value >= SMALLEST_CAP and value.is_integer():
        return Source(Path(path), cap=int(value))
    if not 0 < value < SMALLEST_CAP:
        raise ValueError(f"{text}: found {number}, expected a weight in (0, 100) or a whole cap from 100 on")
    return Source(Path(path), weight=value)


def default_dataset() -> Path:
    """The folder that is taken where none is named. Raises FileNotFoundError where it is not there."""
    path = ROOT / "data" / "300W_LP"
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: no such folder; put 300W-LP there, name another DATASET, or draw one: python tools/make_faces.py"
        )
    return path


@dataclass(frozen=True)
class FoundItems:
    """What goes into a set of records.

    items: in no special order; datasets: name -> entry of the manifest; skipped, remarks: what is left out already, and
    what one should know, {reason: [line]}.
    """

    items: list[Item] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def find_items(sources: Sequence[Source], find: Find, split: Split, seen: SeenPictures) -> FoundItems:
    """What to take of all data sets; a folder name that comes twice gets a number.

    find: what a data set holds, by its path and name; seen: tells what two sets hold, which is taken from the first.
    Raises ValueError where a path comes twice, and what the readers
    raise.
    """
    for place, count in Counter(source.path.resolve() for source in sources).items():
        if count > 1:
            raise ValueError(f"{place}: found {count} times, expected once (PATH:2 counts it twice)")
    names: Counter[str] = Counter()
    found = FoundItems()
    for source in sources:
        name = speakable(source.path.resolve().name)
        names[name] += 1
        name = name if names[name] == 1 else f"{name}#{names[name]}"
        items = find(source.path, name)
        single = without_duplicates(items, found.skipped)
        single = single if len(sources) == 1 else without_twins(single, seen, found.remarks)
        chosen = capped(single, source.cap)
        if len(sources) > 1:
            seen.add(chosen)
        found.items.extend(copy for item in chosen for copy in copies(item, source.weight, split))
        found.datasets[name] = Dataset(items[0].format, len(items), len(chosen), source.weight)
        if left := not_taken(source.path, items):
            found.remarks.setdefault(NOT_TAKEN, []).append(f"{name}: {left}")
    return found


def without_twins(items: Sequence[Item], seen: SeenPictures, remarks: dict[str, list[str]]) -> list[Item]:
    """The items that no set before holds; the others are noted in `remarks`."""
    kept = []
    for item in items:
        twin = seen.twin_of(item)
        if twin is None:
            kept.append(item)
        else:
            remarks.setdefault(TWINS, []).append(f"{item.key}: the same picture and face as {twin.key}")
    return kept


def not_taken(folder: Path, items: Sequence[Item]) -> str:
    """The files of a folder that are of no face, by kind and number, `3 .heic, 1 .mp4`; empty where there is none."""
    known = {os.path.abspath(path) for item in items for path in item.files}
    known |= {os.path.abspath(item.picture.with_suffix(".mat")) for item in items if item.annotation.suffix == ".mat"}
    files = (path for path in Path(folder).rglob("*") if not path.name.startswith(".") and path.is_file())
    left = Counter(path.suffix.lower() or "without suffix" for path in files if os.path.abspath(path) not in known)
    return ", ".join(f"{count} {suffix}" for suffix, count in left.most_common())


def records_scheme(items: Sequence[Item], wanted: Scheme | None = None) -> Scheme:
    """The scheme that records of these items have: the wanted one, else their common one.

    Raises ValueError, which names both schemes: where an item has another one that no mapping leads to the wanted one
    (`records.landmarks.convert`), with its file; where none is wanted and they differ, with a data set of each; and for
    no item.
    """
    found = {item.scheme.name: item for item in reversed(items)}
    if not found:
        raise ValueError("data sets: found no face, expected at least one")
    if wanted is None and len(found) > 1:
        names = " and ".join(f"{name} ({found[name].dataset})" for name in sorted(found))
        raise ValueError(f"data sets: found point schemes {names}, expected one, or a scheme that all map to")
    wanted = wanted or next(iter(found.values())).scheme
    for name in sorted(found):
        if steps(found[name].scheme, wanted) is None:
            file, scheme = found[name].annotation, found[name].scheme
            expected = f"expected {wanted.name} of {wanted.count}, or one that maps to it"
            raise ValueError(f"{file}: found point scheme {name} of {scheme.count} points, {expected}")
    return wanted


def named(items: Iterable[Item], scheme: Scheme) -> list[Item]:
    """The items, those whose points have no scheme with this one, where it has as many points."""

    def is_meant(item: Item) -> bool:
        return is_nameless(item.scheme) and item.scheme.count == scheme.count

    return [replace(item, scheme=scheme) if is_meant(item) else item for item in items]


def without_duplicates(items: Sequence[Item], skipped: dict[str, list[str]]) -> list[Item]:
    """The items without those whose name another one has already; they are noted in `skipped`."""
    kept: dict[str, Item] = {}
    for item in items:
        if item.key in kept:
            message = f"{item.key}: {item.picture.name} has the name of {kept[item.key].picture.name}, expected another"
            skipped.setdefault("duplicate name", []).append(message)
        else:
            kept[item.key] = item
    return list(kept.values())


def capped(items: Sequence[Item], cap: int | None) -> list[Item]:
    """At most `cap` of the items: those with the smallest hashes, so that a larger cap only adds to a smaller one."""
    if cap is None or len(items) <= cap:
        return list(items)
    return sorted(items, key=lambda item: hash_fraction(f"cap {item.key}"))[:cap]


def copies(item: Item, weight: float, split: Split) -> list[Item]:
    """The item as often as its weight says: for 2.5 twice, and every second item once more. A test face counts once."""
    if split.side_of(item.source) == "test":
        return [item]
    count = int(weight) + (hash_fraction(f"weight {item.key}") < weight - int(weight))
    return [replace(item, copy=number) for number in range(count)]
