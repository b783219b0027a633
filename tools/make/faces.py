"""Sets of face records: what goes into one, and what it does in its own way."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from records import record
from records.landmarks import SCHEMES, own_scheme
from records.manifest import Manifest
from records.scheme import Scheme, is_nameless
from tools.make.cut import Cut, CutSettings
from tools.make.datasets import Source, find_items, named, records_scheme
from tools.make.kind import SetKind
from tools.make.overlap import Seen
from tools.make.parts import SetPlan, plan_parts
from tools.make.preview import preview
from tools.make.request import FaceRequest
from tools.read import formats as readers
from tools.read.face import Item

NO_SCHEME = "points without a scheme"


def plan_of(request: FaceRequest, sources: list[Source]) -> SetPlan:
    """What the set will be. Raises ValueError where the data sets' point schemes do not go together, and as
    `own_scheme`."""
    find = partial(readers.find, format=request.format, orientation=request.orientation)
    found = find_items(sources, find, request.split, Seen(request.points))
    scheme = records_scheme(found.items, own_scheme(request.scheme) if request.scheme else None)
    items = named(found.items, scheme)
    how = request.margin, request.context, request.encoding
    settings = CutSettings(request.points, record.SIZE, *how, scheme, request.upright)
    parts = plan_parts(items, request.split, request.shard_size)
    remarks = found.remarks | ({NO_SCHEME: [without_scheme_in_words(scheme)]} if is_nameless(scheme) else {})
    return SetPlan(FACES, parts, settings, request.split, found.datasets, found.skipped, remarks)


def without_scheme_in_words(scheme: Scheme) -> str:
    """What a set of points without a scheme goes without, and which scheme has as many points."""
    others = [f"--scheme {other.name}" for other in SCHEMES.values() if other.count == scheme.count]
    has = f"; as many has {' or '.join(others)}" if others else ""
    return f"{scheme.name}: nothing will be mirrored, and errors are parts of the box's size{has}"


def fields_of(settings: CutSettings) -> dict[str, Any]:
    """What the manifest says of how faces were cut."""
    plain = {name: getattr(settings, name) for name in ("points", "size", "margin", "context", "encoding", "upright")}
    return plain | {"scheme": settings.scheme}


def encode(item: Item, cut: Cut) -> bytes:
    """The record of a cut face, serialised."""
    made = record.Record(cut.image, cut.label, cut.pose, cut.side, item.part, item.name, item.source)
    return record.encode(made)


def words(cut: Cut) -> str:
    """A cut face in words."""
    label, pose = (" ".join(f"{value:.3f}" for value in values) for values in (cut.label[:4], cut.pose))
    return f"side {cut.side:.1f} px, {len(cut.image)} bytes, label {label} ..., pitch yaw roll {pose}"


def report(folder: Path) -> Path:
    """Writes the report of a set into its folder."""
    from tools.make.report import write_report  # not above: matplotlib takes its time, and not every set wants it

    return write_report(folder)


FACES = SetKind("face", Manifest, fields_of, encode, words, preview, report)
