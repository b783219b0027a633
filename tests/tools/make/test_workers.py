"""tools/make/workers.py: what a sample does to its process costs that sample alone."""

import os
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from tests.helpers.annotated import IMAGE, POINTS
from tests.helpers.drawn import write_face
from tools.make import workers
from tools.make.cut import CutSettings, cut_face
from tools.make.workers import cut_all, cut_chunk
from tools.read import formats as readers
from tools.read.face import BadSample, Item
from tools.read.w300lp import find

RAW = CutSettings("pts_2d", 128, 0.15, 0, "raw")


def one(folder) -> Item:
    write_face(folder, "AFW", "AFW_1_1_0", IMAGE, {"pts_2d": POINTS}, None)
    return find(folder, "set")[0]


def test_whatever_a_sample_raises_is_a_bad_sample(tmp_path, monkeypatch):
    def broken(item, key):
        raise AttributeError("no such thing")

    monkeypatch.setattr(readers, "read", broken)
    (result,) = cut_chunk([one(tmp_path)], RAW)
    assert result.reason == "not usable" and "AFW_1_1_0_pts.mat: AttributeError no such thing" in str(result)


@pytest.mark.parametrize("noticed", ["while it waits", "by the next task"])
def test_a_broken_pool_is_one_line(tmp_path, noticed):
    class Pool:
        def schedule(self, *args, **settings):
            if noticed == "by the next task":
                raise RuntimeError("Unexpected error within the Pool")  # as pebble says it
            future = Future()
            future.set_exception(BrokenProcessPool("All workers expired"))
            return future

    with pytest.raises(OSError, match="AFW_1_1_0_pts.mat or a file after it: "):
        list(workers.cut_through(Pool(), [one(tmp_path)] * 2, RAW, 1))


# What follows runs in worker processes, which import this file by its name.


def deadly_chunk(items, settings):
    """Stands for `cut_chunk` where a file kills the process or never ends."""
    for item in items:
        if item.name == "AFW_3_1_0":
            time.sleep(0.5)  # pebble calls a pool broken whose process dies before its task is noted
            os._exit(9)
        if item.name == "AFW_5_1_0":
            time.sleep(60)
    return cut_chunk(items, settings)


def test_a_reader_that_dies_or_hangs_costs_its_sample_alone(tmp_path, monkeypatch):
    for index in range(7):
        write_face(tmp_path, "AFW", f"AFW_{index}_1_0", IMAGE, {"pts_2d": POINTS + index}, None)
    monkeypatch.setattr(workers, "cut_chunk", deadly_chunk)
    monkeypatch.setattr(workers, "CHUNK", 3)
    monkeypatch.setattr(workers, "SECONDS", 1.5)
    monkeypatch.setattr(workers, "CHUNK_SECONDS", 4.0)
    items = find(tmp_path, "set")
    results = list(cut_all(items, RAW, 2))
    assert [item for item, _ in results] == items
    said = {item.name: (cut.reason, str(cut)) for item, cut in results if isinstance(cut, BadSample)}
    killed, late = said.pop("AFW_3_1_0"), said.pop("AFW_5_1_0")
    assert killed[0] == "killed its reader" and killed[1].startswith("AFW_3_1_0_pts.mat: reading it ended the process")
    assert late == ("took too long", "AFW_5_1_0_pts.mat: reading took over 1.5 s") and not said
    for index in (0, 1, 2, 4, 6):
        assert results[index][1].image == cut_face(items[index], RAW).image
