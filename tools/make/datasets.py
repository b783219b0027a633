"""Which faces go into a set of records: data sets by path, with a weight or a cap each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from records.landmarks import MAPPINGS, SCHEMES, Scheme
from records.manifest import Dataset
from records.split import Split, hash_fraction
from tools.read import formats as readers
from tools.read.face import Item

ROOT = Path(__file__).resolve().parents[2]
SMALLEST_CAP = 100  # `PATH:2` is a weight, `PATH:500` a cap


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


def find_items(
    sources: Sequence[Source], format: str | None, split: Split
) -> tuple[list[Item], dict[str, list[str]], dict[str, Dataset]]:
    """The items to take, in no special order, and what is left out already.

    A folder name that comes twice gets a number. Returns (items, {reason: [key: message]}, {dataset: its entry of the
    manifest}). Raises ValueError where a path comes twice, and what the readers raise.
    """
    seen: Counter[str] = Counter()
    items: list[Item] = []
    skipped: dict[str, list[str]] = {}
    summary: dict[str, Dataset] = {}
    for place, count in Counter(source.path.resolve() for source in sources).items():
        if count > 1:
            raise ValueError(f"{place}: found {count} times, expected once (PATH:2 counts its faces twice)")
    for source in sources:
        name = source.path.resolve().name
        seen[name] += 1
        name = name if seen[name] == 1 else f"{name}#{seen[name]}"
        found = readers.find(source.path, name, format)
        single = without_duplicates(found, skipped)
        chosen = capped(single, source.cap)
        items += [copy for item in chosen for copy in copies(item, source.weight, split)]
        summary[name] = Dataset(found[0].format, len(found), len(chosen), source.weight)
    return items, skipped, summary


def records_scheme(items: Sequence[Item], wanted: Scheme | None = None) -> Scheme:
    """The scheme that records of these items have: the wanted one, else their common one.

    Raises ValueError, which names both schemes and a data set of each, where an item has another one that no mapping
    leads to the wanted scheme (`records.landmarks.convert`), or where none is wanted and they differ; and for no item.
    """
    found = {item.scheme.name: item.dataset for item in reversed(items)}
    if not found:
        raise ValueError("data sets: found no face, expected at least one")
    if wanted is None and len(found) > 1:
        names = " and ".join(f"{name} ({dataset})" for name, dataset in sorted(found.items()))
        raise ValueError(f"data sets: found point schemes {names}, expected one, or a scheme that all map to")
    wanted = wanted or SCHEMES[next(iter(found))]
    for name, dataset in sorted(found.items()):
        if name != wanted.name and (name, wanted.name) not in MAPPINGS:
            raise ValueError(f"{dataset}: found point scheme {name}, expected {wanted.name} or one that maps to it")
    return wanted


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
