"""make_records.py on Apache Beam: the set that the local way writes, from any file system to any other.

Where Beam is not installed, tests/slow/test_beam.py runs these in the environment that has it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed here", exc_type=ImportError)

from records import shards
from records.manifest import Manifest
from tests.conftest import RECORD_OPTIONS, ROOT
from tests.helpers.drawn import draw_set
from tests.tools.test_make_records import contents
from tools import make_records
from tools.make.beam import records as beam_records
from tools.make.beam import remote
from tools.make.beam.runner import options_of
from tools.read import w300lp as read_300w_lp
from tools.read.face import BadSample

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
        assert f"skipped, {reason}: 1, the first {names[0]}" in said.err.splitlines()
    assert len(said.err.splitlines()) == 2


@pytest.fixture
def job_server():
    """The port of Beam's own job server, in a process of its own."""
    command = [sys.executable, "-u", "-m", "apache_beam.runners.portability.local_job_service_main"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    for line in server.stdout:
        if found := re.search(r"(?:port|on).*?(\d{4,5})\s*$", line):
            break
    threading.Thread(target=server.stdout.read, daemon=True).start()  # so that its pipe never fills
    yield int(found[1])
    server.kill()
    server.wait()


def test_a_portable_job_server_runs_it(spoiled, local_set, tmp_path, job_server):
    options = ["--", "--job_endpoint", f"localhost:{job_server}", "--environment_type", "LOOPBACK"]
    assert on_beam(spoiled, tmp_path / "set", *options, runner="PortableRunner") == 1
    assert contents(tmp_path / "set") == contents(local_set)


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


def test_what_is_not_there_is_named(far, tmp_path, capfd):
    assert "far://absent: found nothing there" in error_of(capfd, "far://absent", tmp_path / "set", *FAR)
    assert "nowhere://absent: found no way" in error_of(capfd, "nowhere://absent", tmp_path / "set", *FAR)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--direct_num_workers", "two"], "argument --direct_num_workers: invalid int value: 'two'"),
        (["--direct_running_mode", "fast"], "argument --direct_running_mode: invalid choice: 'fast'"),
        (["--nonsense", "3"], "found --nonsense 3"),
        (["--runner", "FlinkRunner"], "found --runner FlinkRunner"),
        (["--beam_plugin", "no.such"], "found --beam_plugin no.such"),
    ],
)
def test_bad_beam_options_are_refused(flags, message):
    with pytest.raises(ValueError, match=f"^beam options: {message}"):
        options_of("DirectRunner", flags)


def test_options_that_a_job_server_may_know_are_left_to_it(spoiled, tmp_path, capfd):
    options = options_of("FlinkRunner", ["--nonsense", "4"])
    assert options.get_all_options(retain_unknown_options=True)["nonsense"] in (4, "4")
    assert "--nonsense 4" in error_of(capfd, spoiled, tmp_path / "set", "--", "--nonsense", "4")
    assert os.listdir(tmp_path) == []


def test_a_runner_that_fails_is_one_line_with_its_log(spoiled, tmp_path, capfd):
    line = error_of(capfd, spoiled, tmp_path / "set", "--runner", "DataflowRunner")
    log = re.search(r"its messages: (\S+\.log)\)", line)[1]
    assert line.startswith("make_records: DataflowRunner: ") and Path(log).is_file()
    assert not (tmp_path / "set").exists()


def test_no_usable_face_is_an_error_and_leaves_nothing(tmp_path, capfd):
    folder = draw_set(tmp_path / "tiny", sources=1, views=1)
    next((folder / "HELEN").glob("*.jpg")).write_bytes(b"")
    line = error_of(capfd, folder, tmp_path / "set", "--test-fraction", "0")
    assert "tiny: found 1 faces and no usable one for training: unreadable picture 1" in line
    assert os.listdir(tmp_path) == ["tiny"]


def test_messages_name_files_where_the_data_set_has_them(tmp_path):
    for path, url in ((f"{tmp_path}/gs/bucket/AFW/a.jpg", "gs://bucket/AFW/a.jpg"), ("/data/a.jpg", "/data/a.jpg")):
        found = beam_records.at_home(BadSample("reason", f"{path}: found nothing"), tmp_path)
        assert str(found) == f"{url}: found nothing"


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


def test_only_what_a_reader_opens_is_fetched(face_set):
    item = read_300w_lp.find(face_set, "tiny")[0]
    assert remote.files_of(item) == {item.picture, item.annotation, item.picture.with_suffix(".mat")}
    table = replace(item, data=object(), annotation=face_set / "faces.csv")
    assert remote.files_of(table) == {item.picture}
    assert remote.files_of(replace(table, picture=table.annotation)) == set()  # Kaggle's rows hold their pictures


def test_a_mirror_holds_names_and_whole_tables(far, tmp_path):
    (far / "set" / "a").mkdir(parents=True)
    (far / "set" / "a" / "one.jpg").write_bytes(b"large")
    (far / "set" / "faces.csv").write_text("file,x0,y0")
    options_of("DirectRunner", FAR[1:])
    path = remote.mirror("far://set/", tmp_path / "mirrors")
    assert path == tmp_path / "mirrors" / "far" / "set"
    assert (path / "a" / "one.jpg").read_bytes() == b"" and (path / "faces.csv").read_text() == "file,x0,y0"
    assert remote.origin_of(path / "a" / "one.jpg", tmp_path / "mirrors") == "far://set/a/one.jpg"
