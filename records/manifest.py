"""What a set of records holds, as a type: the only reader and writer of its `manifest.json`.

A TFRecord file that ends at a record's boundary, or is empty, reads without any error, so what should be there stands
in the manifest.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from infer.files.atomic import write_text_atomically
from records.landmarks import scheme_told, told
from records.scheme import Scheme
from records.split import RULE, SPLITS, Split

MANIFEST = "manifest.json"
VERSION = 1
ENCODINGS = ("jpeg", "raw")  # of the pictures in records
_PLAIN = ("points", "size", "margin", "context", "encoding")  # written as they are
# of manifests that do not name the split's rule: where a source was then another thing than it is now
UNNAMED_RULE, CHANGED_SOURCES = 0, {"coco", "csv", "dlib", "pts"}


@dataclass(frozen=True)
class Shard:
    """One file of records: its name, how many records and bytes it holds, its SHA-256 in hexadecimal."""

    file: str
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """A data set that went in: its format, faces found and taken, how often a training face counts."""

    format: str
    found: int
    taken: int
    weight: float


@dataclass(frozen=True)
class Doubt:
    """How far off a teacher says that labels may be, fractions of the crop's side: the median of the faces, and what
    nine of ten are under."""

    median: float
    most: float


@dataclass(frozen=True, kw_only=True)
class SetManifest(ABC):
    """A set of records in words and numbers, whatever its records are.

    shards: of each split, in order; subsets: name -> split -> records; skipped: reason -> lines that name a record
    each; remarks: kind -> lines on what was taken, and how; notes: what else made the set, kept as it is.
    """

    KIND: ClassVar[str]  # of the records, as the file says it
    MAKER: ClassVar[str]  # the script that makes such sets
    KEYS: ClassVar[tuple[str, ...]]  # of the file, beside those of all kinds

    split: Split
    shards: dict[str, tuple[Shard, ...]]
    subsets: dict[str, dict[str, int]]
    datasets: dict[str, Dataset] = field(default_factory=dict)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def all_shards(self) -> list[Shard]:
        """The shards of all splits."""
        return [shard for split in SPLITS for shard in self.shards[split]]

    def count(self, split: str) -> int:
        """How many records a split holds."""
        return sum(shard.records for shard in self.shards[split])

    def files(self, folder: str | Path, split: str) -> list[str]:
        """Paths of a split's shards that hold records, in order."""
        return [str(Path(folder) / shard.file) for shard in self.shards[split] if shard.records]

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """The manifest of the set in a folder; whether the shards are as it says is for `records.shards` to check.

        Raises FileNotFoundError without a manifest, ValueError for a damaged one or one of another kind of records.
        """
        path = Path(folder) / MANIFEST
        if not path.is_file():
            raise FileNotFoundError(f"{folder}: found no {MANIFEST}, expected a set made by {cls.MAKER}")
        return cls.parse(path.read_bytes(), path)

    @classmethod
    def parse(cls, text: str | bytes, place: str | Path) -> Self:
        """The manifest that JSON text holds; place: what errors name. Raises ValueError as `read` does."""
        try:
            document = json.loads(text)
            kind = document.get("kind", Manifest.KIND)  # not named before there was another
            fields = _common_from(document) | cls._own_from(document) if kind == cls.KIND else None
        except (KeyError, AttributeError, TypeError, ValueError, RecursionError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else f"a damaged file or another kind: {error}"
            raise ValueError(f"{place}: found {reason}, expected a manifest of version {VERSION}") from None
        if fields is None:
            raise ValueError(f"{place}: found a set of {kind}, expected one of {cls.KIND}, as {cls.MAKER} makes it")
        return cls(**fields, notes=cls._notes_of(document))

    def write(self, folder: Path) -> None:
        """Writes the folder's `manifest.json`, whole or not at all."""
        write_text_atomically(Path(folder) / MANIFEST, self.text())

    def text(self) -> str:
        """The manifest as JSON."""
        splits = {
            split: {"records": self.count(split), "shards": [asdict(shard) for shard in self.shards[split]]}
            for split in SPLITS
        }
        document = {
            "version": VERSION,
            "kind": self.KIND,
            **self._own(),
            "test_fraction": self.split.test_fraction,
            "split_rule": self.split.rule,
            "splits": splits,
            "datasets": {name: asdict(dataset) for name, dataset in self.datasets.items()},
            "subsets": self.subsets,
            "skipped": self.skipped,
            "remarks": self.remarks,
        }
        return json.dumps({**document, **self.notes}, indent=1) + "\n"

    @classmethod
    def _notes_of(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in document.items() if key not in _COMMON and key not in cls.KEYS}

    @abstractmethod
    def _own(self) -> dict[str, Any]:
        """What the document says of this kind of records alone, under KEYS."""

    @classmethod
    @abstractmethod
    def _own_from(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of this kind alone. Raises KeyError, TypeError or ValueError on what is no such manifest."""


@dataclass(frozen=True, kw_only=True)
class Manifest(SetManifest):
    """A set of face records.

    points: the data sets' key ("pts_2d", "pts_3d"); size: side of the crop in pixels; margin: around the landmark box,
    part of its longer edge, on every side; context: border around the crop in pixels; encoding: one of
    ENCODINGS; scheme: of the points; upright: crops stand as the heads do; doubts: name -> doubt of the training faces,
    of subsets that a teacher looked at; the rest as in `SetManifest`.
    """

    KIND = "faces"
    MAKER = "tools/make_records.py"
    KEYS = (*_PLAIN, "scheme", "upright", "pixels", "doubts")

    points: str
    size: int
    margin: float
    context: int
    encoding: str
    scheme: Scheme
    upright: bool = False
    doubts: dict[str, Doubt] = field(default_factory=dict)

    def _own(self) -> dict[str, Any]:
        own: dict[str, Any] = {"scheme": told(self.scheme), "upright": self.upright, "pixels": "RGB"}
        if self.doubts:
            own["doubts"] = {name: asdict(doubt) for name, doubt in self.doubts.items()}
        return {name: getattr(self, name) for name in _PLAIN} | own

    @classmethod
    def _own_from(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        encoding = document["encoding"]
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding {encoding!r}, expected one of {ENCODINGS}")
        return {
            "points": _value(document, "points", str),
            "size": _value(document, "size", int),
            "margin": _value(document, "margin", int, float),
            "context": _value(document, "context", int),
            "encoding": encoding,
            "scheme": scheme_told(document["scheme"]),
            "upright": bool(document.get("upright", False)),  # not said before there were such
            "doubts": {name: _doubt(entry) for name, entry in document.get("doubts", {}).items()},
        }


@dataclass(frozen=True, kw_only=True)
class SceneManifest(SetManifest):
    """A set of scenes, pictures with all their faces.

    points: 300W-LP's key, where boxes come from points; longest: pixels of a picture's longer side at most, larger ones
    were reduced; the rest as in `SetManifest`.
    """

    KIND = "scenes"
    MAKER = "tools/make_scenes.py"
    KEYS = ("points", "longest")

    points: str
    longest: int

    def _own(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.KEYS}

    @classmethod
    def _own_from(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        return {"points": _value(document, "points", str), "longest": _value(document, "longest", int)}


_COMMON = {"version", "kind", "test_fraction", "split_rule", "splits", "datasets", "subsets", "skipped", "remarks"}


def _common_from(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of all kinds but the notes. Raises KeyError, AttributeError, TypeError or ValueError."""
    if document["version"] != VERSION:
        raise ValueError(f"version {document['version']!r}")
    return {
        "split": Split(
            _value(document, "test_fraction", int, float), document.get("split_rule", _unnamed_rule(document))
        ),
        "shards": {split: tuple(_shard(entry) for entry in document["splits"][split]["shards"]) for split in SPLITS},
        "subsets": {name: dict(counts) for name, counts in document["subsets"].items()},
        "datasets": {name: _dataset(entry) for name, entry in document.get("datasets", {}).items()},
        "skipped": dict(document.get("skipped", {})),
        "remarks": dict(document.get("remarks", {})),
    }


def _unnamed_rule(document: Mapping[str, Any]) -> int:
    """The rule of a manifest made before manifests named it: today's, if the sources of its formats are the same."""
    formats = {entry["format"] for entry in document.get("datasets", {}).values()}
    return UNNAMED_RULE if formats & CHANGED_SOURCES else RULE


def _shard(entry: Mapping[str, Any]) -> Shard:
    numbers = {name: _value(entry, name, int) for name in ("records", "bytes")}
    return Shard(file=_value(entry, "file", str), sha256=_value(entry, "sha256", str), **numbers)


def _dataset(entry: Mapping[str, Any]) -> Dataset:
    return Dataset(entry["format"], entry["found"], entry["taken"], entry["weight"])


def _doubt(entry: Mapping[str, Any]) -> Doubt:
    return Doubt(*(_value(entry, name, int, float) for name in ("median", "most")))


def _value(entry: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """The value of a key. Raises KeyError without one, TypeError for one of none of the kinds."""
    if not isinstance(entry[name], kinds) or isinstance(entry[name], bool):
        raise TypeError(f"{name} {entry[name]!r}, expected {' or '.join(kind.__name__ for kind in kinds)}")
    return entry[name]
