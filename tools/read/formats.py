"""All readers behind one interface: which format a path holds, its items, and the face of each.

A reader is a module with FORMAT (its name), SCHEMES (of its points), ORIGIN (what it takes off the file's coordinates
to count from 0, centres at whole numbers), `matches(path)`, `find(path, dataset)` and `read(item, points_key)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from records.landmarks import MAPPINGS, SCHEMES, Scheme
from tools.read import aflw2000 as read_aflw2000
from tools.read import coco as read_coco
from tools.read import dlib as read_dlib
from tools.read import kaggle as read_kaggle
from tools.read import points_csv as read_csv
from tools.read import pts as read_pts
from tools.read import w300lp as read_300w_lp
from tools.read.face import Face, Item

FORMATS: dict[str, ModuleType] = {
    module.FORMAT: module
    for module in (read_300w_lp, read_aflw2000, read_pts, read_dlib, read_coco, read_csv, read_kaggle)
}


def reader_of(name: str) -> ModuleType:
    """The reader of that format; ValueError names the known ones."""
    if name not in FORMATS:
        raise ValueError(f"format: found {name!r}, expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def detect(path: str | Path) -> ModuleType:
    """The reader whose format the path holds.

    Raises FileNotFoundError for a missing path, ValueError where no format or more than one fits.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file or folder, expected a data set")
    found = [name for name, module in FORMATS.items() if module.matches(path)]
    if len(found) != 1:
        seen = f"more than one format that fits ({', '.join(found)})" if found else "no format that fits"
        raise ValueError(f"{path}: found {seen}, expected one of {', '.join(FORMATS)}; --format chooses")
    return FORMATS[found[0]]


def find(path: str | Path, dataset: str, format: str | None = None) -> list[Item]:
    """The items of a data set, of the format given or detected. Raises FileNotFoundError or ValueError."""
    module = reader_of(format) if format else detect(path)
    return module.find(Path(path), dataset)


def read(item: Item, points_key: str) -> Face:
    """The face of an item, by the reader of its format. Raises BadSample."""
    return reader_of(item.format).read(item, points_key)


def scheme_of_item(item: Item) -> Scheme:
    """The scheme of an item's points: its format's, or, where that has several, the one with as many points."""
    schemes = reader_of(item.format).SCHEMES
    return schemes[0] if len(schemes) == 1 else next(one for one in schemes if one.count == len(item.data.points))


def scheme_of_items(items: Sequence[Item], wanted: Scheme | None = None) -> Scheme:
    """The scheme that records of these items have: the wanted one, else their common one.

    Raises ValueError, which names both schemes and a data set of each, where an item has another one that no mapping
    leads to the wanted scheme (`records.landmarks.convert`), or where none is wanted and they differ; and for no item.
    """
    found = {scheme_of_item(item).name: item.dataset for item in reversed(items)}
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
