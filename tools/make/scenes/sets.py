"""Sets of scenes: what goes into one, and what it does in its own way."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from infer.files.console import counted
from records import scene
from records.manifest import SceneManifest
from tools.make.datasets import Source, find_items
from tools.make.kind import SetKind
from tools.make.overlap import SeenPictures
from tools.make.parts import SetPlan, plan_parts
from tools.make.request import SceneRequest
from tools.make.scenes.cut import SceneCut, SceneSettings
from tools.make.scenes.preview import preview
from tools.read import scenes as readers
from tools.read.face import Item


def plan_of(request: SceneRequest, sources: list[Source]) -> SetPlan:
    """What the set will be. Raises what the readers raise."""
    find = partial(readers.find, format=request.format, orientation=request.orientation)
    found = find_items(sources, find, request.split, SeenPictures())
    settings = SceneSettings(request.points, request.longest)
    parts = plan_parts(found.items, request.split, request.shard_size)
    return SetPlan(SCENES, parts, settings, request.split, found.datasets, found.skipped, found.remarks)


def encode(item: Item, cut: SceneCut) -> bytes:
    """The record of a scene, serialised."""
    at = cut.places
    places = at.oriented, at.box, at.five, at.by, at.ignore
    names = item.part, item.name, item.source
    return scene.encode(scene.SceneRecord(cut.image, cut.width, cut.height, *places, *names))


def words(cut: SceneCut) -> str:
    """A scene in words."""
    box, ignored = cut.places.box, len(cut.places.ignore)
    found = f"{cut.width}x{cut.height} px, {len(cut.image)} bytes, {counted(len(box), 'face')}, {ignored} to ignore"
    return f"{found}, box {box[0].round(1).tolist()} ..." if len(box) else found


def report(folder: Path) -> Path:
    """Writes the report of a set into its folder."""
    from tools.make.scenes.report import write_report  # not above: matplotlib takes its time, and not all sets want it

    return write_report(folder)


SCENES = SetKind("scene", SceneManifest, asdict, encode, words, preview, report)
