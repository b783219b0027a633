"""tools/make_scenes.py from the command line: what it writes, what it skips, how it goes on, what it refuses."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from net import train
from records import scene, shards
from records.manifest import Dataset, SceneManifest
from records.split import split_of
from tests.helpers import scenes as made
from tests.tools.test_make_records import contents
from tools import make_records, make_scenes
from tools.make import parts
from tools.make.datasets import TWINS

PLAIN = ["--workers", "1", "--no-report", "--previews", "0"]


def make(*argv) -> int:
    return make_scenes.main([*map(str, argv), *PLAIN])


def scenes_of(folder: Path, split: str = "train") -> list[scene.SceneRecord]:
    return list(scene.read(shards.checked_set(folder, SceneManifest).files(folder, split)))


@pytest.fixture(scope="module")
def labels(tmp_path_factory) -> Path:
    return made.write_many(tmp_path_factory.mktemp("scenes") / "set", 30)


@pytest.fixture(scope="module")
def whole(labels, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("records") / "whole"
    assert make(labels, "--out", out, "--test-fraction", 0.3, "--shard-size", 8) == 0
    return out


def test_scenes_show_their_faces_and_are_split_by_source(whole, labels):
    manifest = shards.checked_set(whole, SceneManifest)
    assert manifest.datasets == {"labels.jsonl": Dataset("labels", 30, 30, 1)} and manifest.longest == 1280
    sides = {one.name: split for split in ("train", "test") for one in scenes_of(whole, split)}
    assert sides == {f"p{number}": split_of(f"p{number}", 0.3) for number in range(30)}
    assert 3 <= manifest.count("test") <= 15 and len(manifest.shards["train"]) > 1
    for one in scenes_of(whole):
        x0, y0, x1, y1 = one.box[0].astype(int)
        picture = scene.decode_image(one.image)
        assert picture.shape == (one.height, one.width, 3) == (40, 60, 3)
        assert (picture[y0 : y1 + 1, x0 : x1 + 1] == 200).all() and (picture == 200).all(axis=2).sum() == 12 * 15
        assert one.subset == "labels.jsonl/all" and one.source == one.name and one.by == ("me",)
        np.testing.assert_allclose(one.five[0, 0], (x0 + 3, y0 + 4))
        assert one.image == (labels.parent / f"{one.name}.png").read_bytes()


def test_an_interrupted_run_goes_on_to_the_same_set(whole, labels, tmp_path, monkeypatch, capsys):
    argv = [labels, "--out", tmp_path / "set", "--test-fraction", 0.3, "--shard-size", 8]
    write_part, written = parts.write_part, []

    def interrupted(*args):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(args)
        return write_part(*args)

    monkeypatch.setattr(parts, "write_part", interrupted)
    assert make(*argv) == 130 and "goes on" in capsys.readouterr().err
    monkeypatch.undo()
    assert make(*argv) == 0
    assert "going on with" in capsys.readouterr().out
    assert contents(tmp_path / "set") == contents(whole)


def test_weights_caps_and_twins_of_other_sets(labels, tmp_path):
    copy = shutil.copytree(labels.parent, tmp_path / "copy") / "labels.jsonl"
    other = made.write_many(tmp_path / "other", 5, seed=4)
    argv = [labels, copy, f"{other}:3", "--out", tmp_path / "set", "--test-fraction", 0]
    assert make(*argv) == 0
    manifest = shards.checked_set(tmp_path / "set", SceneManifest)
    assert manifest.datasets["labels.jsonl#2"] == Dataset("labels", 30, 0, 1) and len(manifest.remarks[TWINS]) == 30
    counts = Counter(one.subset for one in scenes_of(tmp_path / "set"))
    assert counts == {"labels.jsonl/all": 30, "labels.jsonl#3/all": 15}


def test_what_cannot_be_read_is_skipped_and_named(labels, tmp_path, capsys):
    folder = shutil.copytree(labels.parent, tmp_path / "set")
    (folder / "p3.png").write_bytes(b"no picture")
    (folder / "p4.png").unlink()
    with (folder / "labels.jsonl").open("a") as file:
        file.write("\nno JSON\n")
    assert make(folder, "--out", tmp_path / "out", "--test-fraction", 0) == 1
    skipped = shards.checked_set(tmp_path / "out", SceneManifest).skipped
    assert {reason: len(lines) for reason, lines in skipped.items()} == {
        "unreadable picture": 2,
        "unreadable annotation": 1,
    }
    assert len(scenes_of(tmp_path / "out")) == 28 and "skipped, unreadable picture: 2" in capsys.readouterr().err


def test_landmark_sets_become_scenes(face_set, tmp_path):
    assert make(face_set, "--out", tmp_path / "set", "--test-fraction", 0.5, "--points", "pts_3d") == 0
    manifest = shards.checked_set(tmp_path / "set", SceneManifest)
    assert manifest.points == "pts_3d" and manifest.count("train") + manifest.count("test") == 30
    assert {one.by for one in scenes_of(tmp_path / "set")} == {("points",)}


def test_neither_kind_of_records_is_taken_for_the_other(whole, record_set, tmp_path, capsys):
    assert make_scenes.main(["--audit", str(whole)]) == 0
    assert train.main(["--records", str(whole), "--run", str(tmp_path / "run")]) == 2
    assert make_records.main(["--audit", str(whole)]) == make_scenes.main(["--audit", str(record_set)]) == 2
    of_faces, of_faces_too, of_scenes = capsys.readouterr().err.strip().splitlines()
    for line in (of_faces, of_faces_too):
        assert f"{whole / 'manifest.json'}: found a set of scenes, expected one of faces" in line
    assert of_scenes.startswith(f"make_scenes: {record_set / 'manifest.json'}: found a set of faces, expected one of")


@pytest.mark.parametrize(
    "argv, message",
    [(["a", "--longest", "63"], "--longest"), (["s3://a"], "URL"), (["a", "--workers", "0"], "--workers")],
)
def test_wrong_options_are_usage_errors(argv, message, capsys):
    with pytest.raises(SystemExit) as caught:
        make_scenes.main(argv)
    assert caught.value.code == 2 and message in capsys.readouterr().err


def test_nothing_to_make_a_set_of_is_one_line(labels, tmp_path, capsys):
    for argv, reason in ((["absent"], "absent: found no such"), ([tmp_path], "found no format that fits")):
        assert make(*argv, "--out", tmp_path / "set") == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("make_scenes: ") and reason in line
