"""tools/make/parts.py: the plan of a set depends on names, settings and files, and shards on the plan alone."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from records.split import Split, source_of
from tools.make.cut import CutSettings
from tools.make.faces import FACES
from tools.make.parts import SetPlan, plan_parts
from tools.read import w300lp
from tools.read.face import Item


def items_of(names) -> list[Item]:
    return [Item("set", "AFW", name, source_of(name), Path(name), Path(name)) for name in names]


def test_a_plan_keeps_sides_when_faces_are_added_and_cuts_even_shards():
    names = [f"AFW_{photo}_1_{view}" for photo in range(40) for view in range(3)]
    small, large = (plan_parts(items_of(some), Split(0.25), 20) for some in (names[:60], names))
    for split in ("train", "test"):
        before, after = (
            {item.name for part in parts if part.split == split for item in part.items} for parts in (small, large)
        )
        assert before == after & set(names[:60]) and before < after
    sizes = [len(part.items) for part in large if part.split == "train"]
    assert sum(len(part.items) for part in large) == 120
    assert max(sizes) - min(sizes) <= 1 and min(sizes) >= 15 and max(sizes) <= 25
    assert [part.file for part in large][:2] == [f"train-0000{i}-of-0000{len(sizes)}.tfrecords" for i in (0, 1)]
    order = [item.name for part in large for item in part.items if part.split == "train"]
    assert order != sorted(order)
    assert plan_parts([], Split(0.25), 20) == ()


def test_changed_settings_or_files_make_another_plan(face_set, tmp_path):
    folder = shutil.copytree(face_set, tmp_path / "set")
    parts = plan_parts(w300lp.find(folder, "set"), Split(0.5), 6)
    plan = SetPlan(FACES, parts, CutSettings("pts_2d", 128, 0.15, 9, "raw"), Split(0.5), {}, {})
    digest = plan.digest()
    assert plan.digest() == digest and plan.items == 30
    assert replace(plan, settings=replace(plan.settings, margin=0.2)).digest() != digest
    os.utime(parts[0].items[0].picture, (1, 1))
    assert plan.digest() != digest
