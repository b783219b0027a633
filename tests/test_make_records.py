import hashlib
import json
import os
import shutil
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
import tensorflow as tf

from records import record, shards
from records.split import split_of
from tests.conftest import CONTEXT, RECORD_OPTIONS, TEST_FRACTION
from tests.drawn import draw_set, write_face
from tools import make_records
from tools.faces import Item
from tools.read_300w_lp import source_of


def records_of(folder: Path) -> dict[str, list[dict]]:
    """The decoded records of each split."""
    manifest = shards.read_manifest(folder)
    found = {}
    for split in ("train", "test"):
        files = shards.shard_files(folder, manifest, split)
        found[split] = [
            {key: value.numpy() for key, value in parsed.items()}
            for one in tf.data.TFRecordDataset(files)
            for parsed in [record.decode(one, manifest["encoding"], manifest["context"], 68)]
        ]
    return found


def contents(folder: Path) -> dict[str, str]:
    """File names and hashes of what a folder holds."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def error_of(capsys, *argv) -> str:
    """The one line that a refused call prints on stderr."""
    assert make_records.main([str(arg) for arg in argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("make_records: ")
    return lines[0]


def test_every_face_becomes_one_record_on_its_sources_side(record_set):
    found = records_of(record_set)
    names = {split: [one["name"].decode() for one in found[split]] for split in found}
    everyone = {f"{'AFW' if s % 2 else 'HELEN'}_{1000 + s}_1_{view}" for s in range(10) for view in range(3)}
    assert sorted(names["train"] + names["test"]) == sorted(everyone)
    for split in names:
        assert names[split] and {split_of(source_of(name), TEST_FRACTION) for name in names[split]} == {split}
    assert not {source_of(name) for name in names["train"]} & {source_of(name) for name in names["test"]}


def test_records_hold_the_faces_of_the_set(record_set, face_set):
    edge = 128 + 2 * CONTEXT
    for one in [one for split in records_of(record_set).values() for one in split]:
        subset, name = one["subset"].decode(), one["name"].decode()
        assert subset == f"tiny/{name.split('_')[0]}"
        own = scipy.io.loadmat(face_set / "landmarks" / subset[5:] / f"{name}_pts.mat")["pts_2d"].astype(float)
        side = 1.3 * np.ptp(own, axis=0).max()
        expected = (own - (own.min(axis=0) + own.max(axis=0)) / 2) / side + 0.5
        np.testing.assert_allclose(one["label"].reshape(68, 2), expected, atol=1e-5)
        assert one["side"] == pytest.approx(side, rel=1e-5)
        assert one["pose"][1] == pytest.approx(0.3 * int(name[-1]))
        assert one["image"].shape == (edge, edge, 3) and one["image"].std() > 20


def test_the_manifest_adds_up(record_set):
    manifest = json.loads((record_set / "manifest.json").read_text())
    found = records_of(record_set)
    for split, entry in manifest["splits"].items():
        assert entry["records"] == sum(shard["records"] for shard in entry["shards"]) == len(found[split])
        assert entry["records"] == sum(subset[split] for subset in manifest["subsets"].values())
        for index, shard in enumerate(entry["shards"]):
            assert shard["file"] == f"{split}-{index:05d}-of-{len(entry['shards']):05d}.tfrecords"
            data = (record_set / shard["file"]).read_bytes()
            assert (shard["bytes"], shard["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert len(manifest["splits"]["train"]["shards"]) > 1
    assert sum(entry["records"] for entry in manifest["splits"].values()) == 30
    assert set(manifest["subsets"]) == {"tiny/AFW", "tiny/HELEN"}
    assert manifest["skipped"] == {}
    settings = {key: manifest[key] for key in ("points", "size", "margin", "context", "encoding", "pixels", "scheme")}
    assert settings == {
        "points": "pts_2d",
        "size": 128,
        "margin": 0.15,
        "context": CONTEXT,
        "encoding": "raw",
        "pixels": "RGB",
        "scheme": "ibug68",
    }


def test_nothing_else_lies_in_the_folder(record_set):
    manifest = json.loads((record_set / "manifest.json").read_text())
    files = [shard["file"] for entry in manifest["splits"].values() for shard in entry["shards"]]
    assert sorted(os.listdir(record_set)) == sorted([*files, "manifest.json", "preview.jpg"])
    assert os.listdir(record_set.parent) == [record_set.name]
    assert cv2.imread(str(record_set / "preview.jpg")).shape[1] == 6 * (128 + 2 * CONTEXT)


def test_the_same_faces_give_the_same_bytes_whatever_the_workers(face_set, record_set, tmp_path):
    out = tmp_path / "again"
    assert make_records.main([str(face_set), "--out", str(out), *RECORD_OPTIONS, "--workers", "1"]) == 0
    assert contents(out) == contents(record_set)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A set of 12 faces in which four are bad in three ways."""
    folder = draw_set(tmp_path_factory.mktemp("damaged") / "bad", sources=4, views=3, seed=8)
    landmarks = folder / "landmarks"
    (folder / "AFW" / "AFW_1001_1_0.jpg").write_bytes(b"no picture")
    (landmarks / "HELEN" / "HELEN_1000_1_1_pts.mat").write_bytes(b"")
    for name in ("AFW_1003_1_0", "AFW_1003_1_1"):
        scipy.io.savemat(landmarks / "AFW" / f"{name}_pts.mat", {"pts_2d": np.zeros((68, 3))})
    return folder


def test_bad_samples_are_skipped_counted_and_listed(damaged, tmp_path, capsys):
    out = tmp_path / "records"
    assert make_records.main([str(damaged), "--out", str(out), "--test-fraction", "0", "--workers", "1"]) == 1
    manifest, printed = shards.read_manifest(out), capsys.readouterr()
    reasons = {reason: len(names) for reason, names in manifest["skipped"].items()}
    assert reasons == {"unreadable picture": 1, "unreadable annotation": 1, "wrong shape": 2}
    assert manifest["skipped"]["wrong shape"] == [
        f"bad/AFW/{name}: {name}_pts.mat: pts_2d is (68, 3), expected (68, 2)"
        for name in ("AFW_1003_1_0", "AFW_1003_1_1")
    ]
    assert "skipped, wrong shape: 2, the first bad/AFW/AFW_1003_1_0: " in printed.err
    assert manifest["splits"]["train"]["records"] == 8 and manifest["splits"]["test"]["records"] == 0
    assert "train: 8 faces in 1 shards" in printed.out and "bytes" in printed.out
    assert len(records_of(out)["train"]) == 8


def test_no_usable_face_is_an_error_that_names_the_reason(tmp_path, capsys):
    black, own = np.zeros((50, 60, 3), np.uint8), {"pts_2d": np.zeros((5, 2))}
    write_face(tmp_path / "set", "AFW", "AFW_1_1_0", black, own, None)
    line = error_of(capsys, tmp_path / "set", "--out", tmp_path / "records", "--workers", 1)
    assert "found 1 faces and no usable one for training: wrong shape 1, the first set/AFW/AFW_1_1_0: " in line
    assert os.listdir(tmp_path) == ["set"]


def test_a_set_whose_faces_are_all_for_testing_is_an_error(tmp_path, capsys):
    draw_set(tmp_path / "set", sources=1, views=1)
    line = error_of(capsys, tmp_path / "set", "--out", tmp_path / "r", "--test-fraction", 0.9999, "--workers", 1)
    assert line.endswith("found 1 faces and no usable one for training: all fell into the test split")


def test_empty_and_missing_folders_are_one_line_each(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert "empty: found no pair of " in error_of(capsys, tmp_path / "empty", "--out", tmp_path / "r")
    line = error_of(capsys, tmp_path / "absent", "--out", tmp_path / "r")
    assert "absent: no such folder, expected a data set" in line
    assert os.listdir(tmp_path) == ["empty"]


def test_a_picture_without_annotation_makes_no_pair(tmp_path, capsys):
    write_face(tmp_path / "set", "AFW", "AFW_1_1_0", np.zeros((50, 60, 3), np.uint8), None, None)
    assert "set: found no pair of " in error_of(capsys, tmp_path / "set", "--out", tmp_path / "r")


def test_the_absent_default_set_is_named_with_the_way_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(make_records, "ROOT", tmp_path)
    line = error_of(capsys, "--out", tmp_path / "r")
    assert str(tmp_path / "data" / "300W_LP") in line and "tools/make_faces.py" in line
    assert os.listdir(tmp_path) == []


def test_an_existing_folder_is_refused_and_left_alone(face_set, record_set, tmp_path, capsys):
    out = shutil.copytree(record_set, tmp_path / "records")
    before = contents(out)
    line = error_of(capsys, face_set, "--out", out)
    assert "records: found an existing folder, expected none (--overwrite replaces it)" in line
    assert contents(out) == before and os.listdir(tmp_path) == ["records"]


def test_overwrite_replaces_a_set_of_records(record_set, tmp_path):
    out = shutil.copytree(record_set, tmp_path / "records")
    small = draw_set(tmp_path / "small", sources=2, views=1)
    options = ["--out", str(out), "--overwrite", "--test-fraction", "0", "--workers", "1"]
    assert make_records.main([str(small), *options]) == 0
    assert len(records_of(out)["train"]) == 2
    assert sorted(os.listdir(tmp_path)) == ["records", "small"]
    assert sorted(os.listdir(out)) == ["manifest.json", "preview.jpg", "train-00000-of-00001.tfrecords"]


def test_overwrite_does_not_touch_what_is_no_set_of_records(face_set, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    line = error_of(capsys, face_set, "--out", tmp_path, "--overwrite")
    assert "found a folder without manifest.json, will not replace what is no set of records" in line
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("error, code", [(KeyboardInterrupt(), 130), (OSError("disk full"), 2)])
def test_an_interrupted_run_leaves_nothing_and_keeps_what_was(face_set, record_set, tmp_path, monkeypatch, error, code):
    def stopped(items, settings, workers):
        yield from zip(items[:9], make_records_cuts(items[:9], settings), strict=True)
        raise error

    out = shutil.copytree(record_set, tmp_path / "records")
    before = contents(out)
    monkeypatch.setattr(make_records, "cut_all", stopped)
    assert make_records.main([str(face_set), "--out", str(out), *RECORD_OPTIONS, "--overwrite"]) == code
    assert contents(out) == before
    assert os.listdir(tmp_path) == ["records"]


def make_records_cuts(items, settings):
    from tools.cutting import cut_chunk

    return cut_chunk(items, settings)


def test_several_sets_are_told_apart(tmp_path, capsys):
    for seed, place in enumerate(("one", "two")):
        draw_set(tmp_path / place / "same", sources=2, views=1, seed=seed)
    out = tmp_path / "records"
    sets = [str(tmp_path / place / "same") for place in ("one", "two")]
    assert make_records.main([*sets, "--out", str(out), "--test-fraction", "0", "--workers", "1"]) == 0
    subsets = {name: counts["train"] for name, counts in shards.read_manifest(out)["subsets"].items()}
    assert subsets == {"same/AFW": 1, "same/HELEN": 1, "same#2/AFW": 1, "same#2/HELEN": 1}


def items_of(names) -> list[Item]:
    return [Item("set", "AFW", name, source_of(name), Path(name), Path(name)) for name in names]


def test_a_plan_keeps_sides_when_faces_are_added_and_cuts_even_shards():
    names = [f"AFW_{photo}_1_{view}" for photo in range(40) for view in range(3)]
    small, large = (make_records.plan(items_of(some), 0.25, 20) for some in (names[:60], names))
    for split in ("train", "test"):
        before, after = ({item.name for part in plan[split] for item in part} for plan in (small, large))
        assert before == after & set(names[:60]) and before < after
    sizes = [len(part) for part in large["train"]]
    assert sum(sizes) + sum(len(part) for part in large["test"]) == 120
    assert max(sizes) - min(sizes) <= 1 and min(sizes) >= 15 and max(sizes) <= 25
    order = [item.name for part in large["train"] for item in part]
    assert order != sorted(order)
    assert make_records.plan([], 0.25, 20) == {"train": [], "test": []}


@pytest.mark.parametrize(
    "option",
    [
        ("--context", "-1"),
        ("--margin", "-0.1"),
        ("--shard-size", "0"),
        ("--workers", "0"),
        ("--test-fraction", "1"),
        ("--test-fraction", "nan"),
        ("--points", "pt2d"),
        ("--encoding", "png"),
    ],
)
def test_options_out_of_range_are_usage_errors(option, capsys):
    with pytest.raises(SystemExit) as caught:
        make_records.main(["somewhere", *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_defaults_lie_in_the_repository():
    args = make_records.parse_args([])
    root = Path(make_records.__file__).resolve().parents[1]
    assert isinstance(args, Namespace) and args.out == root / "data" / "records"
    assert (args.context, args.points, args.encoding, args.test_fraction) == (32, "pts_2d", "jpeg", 0.1)
