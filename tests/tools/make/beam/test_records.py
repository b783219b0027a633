"""make_records.py on Apache Beam: the set that the local way writes, from any file system to any other.

Where Beam is not installed, tests/slow/test_beam.py runs these in the environment that has it.
"""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed here", exc_type=ImportError)

from records import shards
from records.manifest import Manifest
from tests.conftest import RECORD_OPTIONS
from tests.helpers.drawn import draw_set
from tests.tools.test_make_records import contents
from tools import make_records
from tools.make.beam import records as beam_records
from tools.make.beam.runner import options_of
from tools.read import w300lp as read_300w_lp

FAR = ["--", "--beam_plugin", "tests.helpers.far_files"]


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    """A set of 30 drawn faces, two of them unusable."""
    folder = draw_set(tmp_path_factory.mktemp("spoiled") / "tiny")
    (folder / "landmarks/AFW/AFW_1001_1_1_pts.mat").write_bytes(b"no .mat")
    (folder / "HELEN/HELEN_1002_1_1.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def local_set(spoiled, tmp_path_factory):
    """Its records, made by this machine alone."""
    folder = tmp_path_factory.mktemp("local") / "set"
    assert make_records.main([str(spoiled), "--out", str(folder), *RECORD_OPTIONS, "--workers", "1"]) == 1
    return folder


@pytest.fixture
def far(tmp_path, monkeypatch):
    """The folder behind `far://`."""
    monkeypatch.setenv("FAR", str(tmp_path / "far"))
    (tmp_path / "far").mkdir()
    return tmp_path / "far"


def on_beam(dataset, out, *others: str, runner="DirectRunner") -> int:
    return make_records.main([str(dataset), "--out", str(out), *RECORD_OPTIONS, "--runner", runner, *others])


def test_several_worker_processes_write_the_set_of_one_machine(spoiled, local_set, tmp_path, capfd):
    workers = ["--", "--direct_num_workers", "2", "--direct_running_mode", "multi_processing"]
    assert on_beam(spoiled, tmp_path / "set", *workers) == 1
    assert contents(tmp_path / "set") == contents(local_set)
    assert os.listdir(tmp_path) == ["set"]
    said = capfd.readouterr()
    counted = "skipped: unreadable annotation: 1; skipped: unreadable picture: 1; test records: 7; train records: 21"
    assert counted in said.out.splitlines()
    manifest = Manifest.read(local_set)
    assert [len(names) for names in manifest.skipped.values()] == [1, 1]
    for reason, names in manifest.skipped.items():  # standard error has these two lines and none of the workers'
        assert f"skipped, {reason}: {names[0]}" in said.err.splitlines()
    assert len(said.err.splitlines()) == 2


def test_from_a_far_file_system_to_a_far_one(spoiled, local_set, far, capsys):
    shutil.copytree(spoiled, far / "bucket" / "tiny")
    assert on_beam("far://bucket/tiny", "far://bucket/out/set", *FAR) == 1
    assert not list(far.glob("bucket/out/*.partial")) and not list(far.rglob("*.partial"))
    written = far / "bucket" / "out" / "set"
    found, expected = (json.loads((folder / "manifest.json").read_text()) for folder in (written, local_set))
    picture = "unreadable picture"
    assert found["skipped"].pop(picture) == [
        line.replace(str(spoiled), "far://bucket/tiny") for line in expected["skipped"].pop(picture)
    ]
    assert found == expected
    assert shards.audit(written) == []
    assert "written: far://bucket/out/set\n" in capsys.readouterr().out


def test_weights_and_tables_from_afar(far, tmp_path):
    folder = draw_set(tmp_path / "pictures", sources=3, views=1)
    lines = ["file," + ",".join(f"{axis}{index}" for index in range(68) for axis in "xy")]
    for item in read_300w_lp.find(folder, "pictures"):
        points = read_300w_lp.read(item, "pts_2d").points
        lines.append(f"{item.picture.relative_to(folder)}," + ",".join(f"{value:.3f}" for value in points.ravel()))
    (folder / "faces.csv").write_text("\n".join(lines) + "\n")
    shutil.rmtree(folder / "landmarks")
    for path in folder.rglob("*.mat"):
        path.unlink()
    shutil.copytree(folder, far / "pictures")
    options = ["--test-fraction", "0"]
    assert make_records.main([f"{folder}/faces.csv:2", "--out", str(tmp_path / "set"), *RECORD_OPTIONS, *options]) == 0
    assert on_beam("far://pictures/faces.csv:2", tmp_path / "far set", *options, *FAR) == 0
    assert contents(tmp_path / "far set") == contents(tmp_path / "set")
    assert shards.checked_manifest(tmp_path / "set").count("train") == 6


def error_of(capfd, *argv) -> str:
    assert on_beam(*argv) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("make_records: ")
    return lines[0]


def test_what_lies_at_a_far_place_is_replaced_only_if_asked(spoiled, far, capfd):
    out = far / "set"
    out.mkdir()
    (out / "photo.jpg").write_text("mine")
    assert "far://set: found an existing folder" in error_of(capfd, spoiled, "far://set", *FAR)
    assert "far://set: found a folder without" in error_of(capfd, spoiled, "far://set", "--overwrite", *FAR)
    (out / "manifest.json").write_text("{}")
    (out / "train-00000-of-00099.tfrecords").write_text("old")
    assert on_beam(spoiled, "far://set", "--overwrite", *FAR) == 1
    assert shards.audit(out) == [] and not (out / "photo.jpg").exists()


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--direct_num_workers", "two"], "argument --direct_num_workers: invalid int value: 'two'"),
        (["--nonsense", "3"], "found --nonsense 3"),
        (["--runner", "FlinkRunner"], "found --runner FlinkRunner"),
        (["--beam_plugin", "no.such"], "found --beam_plugin no.such"),
    ],
)
def test_bad_beam_options_are_refused(flags, message):
    with pytest.raises(ValueError, match=f"^beam options: {message}"):
        options_of("DirectRunner", flags)


def test_a_runner_that_fails_is_one_line_with_its_log(spoiled, tmp_path, capfd):
    line = error_of(capfd, spoiled, tmp_path / "set", "--runner", "DataflowRunner")
    log = re.search(r"its messages: (\S+\.log)\)", line)[1]
    assert line.startswith("make_records: DataflowRunner: ") and Path(log).is_file()
    assert not (tmp_path / "set").exists()


def test_relative_paths_are_those_of_the_submitter(spoiled, local_set, tmp_path, monkeypatch):
    """Workers have another working directory; the manifest names files as the data set was named all the same."""
    monkeypatch.chdir(spoiled.parent)
    cut_through = beam_records.cut_through

    def elsewhere(pool, items, *others):
        items = list(items)
        assert all(path.is_absolute() for item in items for path in (item.picture, item.annotation))
        return cut_through(pool, items, *others)

    monkeypatch.setattr(beam_records, "cut_through", elsewhere)
    assert on_beam(spoiled.name, tmp_path / "set", "--", "--direct_running_mode", "in_memory") == 1
    found, expected = (json.loads((folder / "manifest.json").read_text()) for folder in (tmp_path / "set", local_set))
    for reason, lines in expected.pop("skipped").items():
        assert found["skipped"].pop(reason) == [line.replace(f"{spoiled.parent}{os.sep}", "") for line in lines]
    assert found.pop("skipped") == {} and found == expected
