import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
import tensorflow as tf

from records import record, shards
from records.landmarks import IBUG_68, KAGGLE_15
from records.manifest import MANIFEST, Dataset
from records.split import RULE, Split, source_of, split_of
from tests.conftest import CONTEXT, RECORD_OPTIONS, TEST_FRACTION
from tests.helpers.drawn import draw_set, write_face
from tools import make_records
from tools.make import parts as writing
from tools.read import w300lp as read_300w_lp
from tools.read.face import Item


def records_of(folder: Path) -> dict[str, list[dict]]:
    """The decoded records of each split."""
    manifest = shards.checked_manifest(folder)
    found = {}
    for split in ("train", "test"):
        files = manifest.files(folder, split)
        found[split] = [
            {key: value.numpy() for key, value in parsed.items()}
            for one in tf.data.TFRecordDataset(files)
            for parsed in [record.decode(one, manifest.encoding, manifest.context, 68)]
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
    manifest = shards.checked_manifest(record_set)
    found = records_of(record_set)
    for split, here in manifest.shards.items():
        assert manifest.count(split) == sum(subset[split] for subset in manifest.subsets.values()) == len(found[split])
        for index, shard in enumerate(here):
            assert shard.file == f"{split}-{index:05d}-of-{len(here):05d}.tfrecords"
            data = (record_set / shard.file).read_bytes()
            assert (shard.bytes, shard.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert len(manifest.shards["train"]) > 1
    assert manifest.count("train") + manifest.count("test") == 30
    assert set(manifest.subsets) == {"tiny/AFW", "tiny/HELEN"} and manifest.skipped == {}
    settings = (manifest.points, manifest.size, manifest.margin, manifest.context, manifest.encoding)
    assert settings == ("pts_2d", 128, 0.15, CONTEXT, "raw")
    assert manifest.scheme is IBUG_68 and manifest.split == Split(TEST_FRACTION, RULE)


def test_nothing_else_lies_in_the_folder(record_set):
    files = [shard.file for shard in shards.checked_manifest(record_set).all_shards]
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
    assert (
        make_records.main([str(damaged), "--out", str(out), "--test-fraction", "0", "--workers", "1", "--no-report"])
        == 1
    )
    manifest, printed = shards.checked_manifest(out), capsys.readouterr()
    reasons = {reason: len(names) for reason, names in manifest.skipped.items()}
    assert reasons == {"unreadable picture": 1, "unreadable annotation": 1, "wrong shape": 2}
    assert manifest.skipped["wrong shape"] == [
        f"bad/AFW/{name}: {name}_pts.mat: pts_2d is (68, 3), expected (68, 2)"
        for name in ("AFW_1003_1_0", "AFW_1003_1_1")
    ]
    assert "skipped, wrong shape: 2, the first bad/AFW/AFW_1003_1_0: " in printed.err
    assert manifest.count("train") == 8 and manifest.count("test") == 0
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
    line = error_of(capsys, tmp_path / "empty", "--out", tmp_path / "r", "--format", "300w-lp")
    assert "empty: found no pair of " in line
    line = error_of(capsys, tmp_path / "empty", "--out", tmp_path / "r")
    assert "empty: found no format that fits, expected one of 300w-lp, " in line
    line = error_of(capsys, tmp_path / "absent", "--out", tmp_path / "r")
    assert "absent: found no such file or folder, expected a data set" in line
    assert os.listdir(tmp_path) == ["empty"]


def test_a_picture_without_annotation_makes_no_pair(tmp_path, capsys):
    write_face(tmp_path / "set", "AFW", "AFW_1_1_0", np.zeros((50, 60, 3), np.uint8), None, None)
    line = error_of(capsys, tmp_path / "set", "--out", tmp_path / "r", "--format", "300w-lp")
    assert "set: found no pair of " in line


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
    options = ["--out", str(out), "--overwrite", "--test-fraction", "0", "--workers", "1", "--no-report"]
    assert make_records.main([str(small), *options]) == 0
    assert len(records_of(out)["train"]) == 2
    assert sorted(os.listdir(tmp_path)) == ["records", "small"]
    assert sorted(os.listdir(out)) == ["manifest.json", "preview.jpg", "train-00000-of-00001.tfrecords"]


def test_overwrite_does_not_touch_what_is_no_set_of_records(face_set, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    line = error_of(capsys, face_set, "--out", tmp_path, "--overwrite")
    assert "found a folder without manifest.json, will not replace what is no set of records" in line
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("error, code", [(KeyboardInterrupt(), 130), (OSError("No space left on device"), 2)])
def test_an_interrupted_run_keeps_what_was_and_goes_on_to_the_same_bytes(
    face_set, record_set, tmp_path, monkeypatch, capsys, error, code
):
    out = shutil.copytree(record_set, tmp_path / "records")
    before, cut_all = contents(out), writing.cut_all
    command = [str(face_set), "--out", str(out), *RECORD_OPTIONS, "--overwrite", "--workers", "1"]

    def stopped(items, settings, workers):
        items = list(items)
        yield from cut_all(items[:9], settings, workers)
        raise error

    monkeypatch.setattr(writing, "cut_all", stopped)
    assert make_records.main(command) == code
    assert contents(out) == before and sorted(os.listdir(tmp_path)) == ["records", "records.partial"]
    assert len(capsys.readouterr().err.splitlines()) == 1

    asked = []
    monkeypatch.setattr(writing, "cut_all", lambda items, *rest: cut_all(record_of(asked, items), *rest))
    (out / MANIFEST).write_text("{}")  # an older set, to be replaced
    assert make_records.main(command) == 0
    assert contents(out) == contents(record_set) and os.listdir(tmp_path) == ["records"]
    first = shards.checked_manifest(record_set).shards["train"][0].records
    assert len(asked) == 30 - first and "faces done before" in capsys.readouterr().out


def record_of(asked: list, items):
    """The items, each noted as it is asked for."""
    for item in items:
        asked.append(item.key)
        yield item


def test_a_killed_run_goes_on_to_the_same_bytes(face_set, record_set, tmp_path):
    command = [sys.executable, make_records.__file__, str(face_set), "--out", str(tmp_path / "records")]
    command += [*RECORD_OPTIONS, "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    notes = tmp_path / "records.partial" / "notes"
    while process.poll() is None and not (notes.is_dir() and any(notes.glob("*.json"))):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "records").exists() and any(notes.glob("*.json"))
    assert make_records.main(command[2:]) == 0
    assert contents(tmp_path / "records") == contents(record_set) and os.listdir(tmp_path) == ["records"]


def test_another_command_does_not_go_on_with_an_unfinished_set(face_set, record_set, tmp_path):
    partial = writing.Partial(tmp_path / "records")
    assert partial.open("another plan") is False
    (partial.set / "train-00000-of-00003.tfrecords").write_bytes(b"of another plan")
    assert make_records.main([str(face_set), "--out", str(tmp_path / "records"), *RECORD_OPTIONS]) == 0
    assert contents(tmp_path / "records") == contents(record_set)


def test_changed_files_make_another_plan(face_set, tmp_path):
    folder = shutil.copytree(face_set, tmp_path / "set")
    settings = make_records.Settings("pts_2d", 128, 0.15, 9, "raw")
    parts = writing.plan_parts(read_300w_lp.find(folder, "set"), Split(0.5), 6)
    digest = writing.digest_of(parts, settings)
    assert writing.digest_of(parts, settings) == digest
    assert writing.digest_of(parts, replace(settings, margin=0.2)) != digest
    os.utime(parts[0].items[0].picture, (1, 1))
    assert writing.digest_of(parts, settings) != digest


def test_weights_and_caps_in_one_call(tmp_path, capsys):
    first, second = (draw_set(tmp_path / name, sources=6, views=2, seed=seed) for seed, name in enumerate("ab"))
    out = tmp_path / "records"
    options = ["--out", str(out), "--test-fraction", "0.5", "--workers", "1", "--no-report"]
    assert make_records.main([str(first), f"{second}:3", *options]) == 0
    manifest, found = shards.checked_manifest(out), records_of(out)
    counts = Counter((one["subset"].decode()[0], one["name"].decode()) for one in found["train"])
    assert {count for (name, _), count in counts.items() if name == "a"} == {1}
    assert {count for (name, _), count in counts.items() if name == "b"} == {3}
    assert {count for count in Counter(one["name"].decode() for one in found["test"]).values()} == {2}
    assert manifest.datasets["b"] == Dataset("300w-lp", 12, 12, 3.0)
    assert "b (300w-lp): 12 of 12 faces, weight 3" in capsys.readouterr().out


def test_sets_of_several_formats_and_a_scheme_that_all_map_to(face_set, tmp_path, capsys):
    rows = "file," + ",".join(f"x{i},y{i}" for i in range(15)) + "\n" + "p.png," + ",".join("10,12" for _ in range(14))
    (tmp_path / "faces.csv").write_text(f"{rows},50,60\n")
    cv2.imwrite(str(tmp_path / "p.png"), np.full((90, 80, 3), 99, np.uint8))
    out = ["--out", str(tmp_path / "records"), "--workers", "1", "--no-report", "--test-fraction", "0"]
    line = error_of(capsys, face_set, tmp_path / "faces.csv", *out)
    assert "ibug68" in line and "kaggle15" in line
    line = error_of(capsys, tmp_path / "faces.csv", *out, "--scheme", "ibug68")
    assert "faces.csv" in line and "kaggle15" in line and "ibug68" in line
    assert make_records.main([str(face_set), *out, "--scheme", "kaggle15"]) == 0
    manifest = shards.checked_manifest(tmp_path / "records")
    assert manifest.scheme is KAGGLE_15
    files = manifest.files(tmp_path / "records", "train")
    one = record.decode(next(iter(tf.data.TFRecordDataset(files))), "jpeg", 32, 15)
    subset, name = one["subset"].numpy().decode().split("/")[1], one["name"].numpy().decode()
    own = scipy.io.loadmat(face_set / "landmarks" / subset / f"{name}_pts.mat")["pts_2d"]
    label = one["label"].numpy().reshape(15, 2)
    # nose tip and mouth corners of Kaggle's order: 10, then the subject's left (54) and right (48)
    span = (own[54] - own[48])[0] / (label[11] - label[12])[0]
    np.testing.assert_allclose((label[10] - label[12]) * span, own[30] - own[48], atol=1e-2)


def test_audit_names_what_is_damaged_missing_cut_or_strange(record_set, tmp_path, capsys):
    assert make_records.main(["--audit", str(record_set)]) == 0
    assert "sound (train" in capsys.readouterr().out
    out = shutil.copytree(record_set, tmp_path / "records")
    first, second, third, *_ = sorted(out.glob("train-*.tfrecords"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.unlink()
    cut_at_a_boundary(third)
    (out / "train-00009-of-00009.tfrecords").write_bytes(b"")
    assert make_records.main(["--audit", str(out)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert f"{first}: damaged (" in lines[0]
    assert f"{second}: missing, expected " in lines[1]
    assert f"{third}: found " in lines[2] and "cut or damaged" in lines[2]
    assert "train-00009-of-00009.tfrecords: not in manifest.json" in lines[3]
    assert make_records.main(["--audit", str(tmp_path)]) == 2


def cut_at_a_boundary(path: Path) -> None:
    """Leaves out a shard's last record: what remains reads without any error."""
    kept = list(tf.data.TFRecordDataset(str(path)))[:-1]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for one in kept:
            writer.write(one.numpy())


def test_duplicate_names_and_missing_annotations_are_told(tmp_path):
    folder = draw_set(tmp_path / "set", sources=3, views=1)
    (folder / "AFW" / "AFW_9_1_0.jpg").write_bytes((folder / "AFW" / "AFW_1001_1_0.jpg").read_bytes())
    out = tmp_path / "records"
    options = ["--out", str(out), "--test-fraction", "0", "--workers", "1", "--no-report"]
    assert make_records.main([str(folder), *options]) == 1
    message = "set/AFW/AFW_9_1_0: AFW_9_1_0.jpg: found no AFW_9_1_0_pts.mat, expected one"
    assert shards.checked_manifest(out).skipped == {"missing annotation": [message]}


def test_several_sets_are_told_apart(tmp_path, capsys):
    for seed, place in enumerate(("one", "two")):
        draw_set(tmp_path / place / "same", sources=2, views=1, seed=seed)
    out = tmp_path / "records"
    sets = [str(tmp_path / place / "same") for place in ("one", "two")]
    assert make_records.main([*sets, "--out", str(out), "--test-fraction", "0", "--workers", "1", "--no-report"]) == 0
    subsets = {name: counts["train"] for name, counts in shards.checked_manifest(out).subsets.items()}
    assert subsets == {"same/AFW": 1, "same/HELEN": 1, "same#2/AFW": 1, "same#2/HELEN": 1}


def items_of(names) -> list[Item]:
    return [Item("set", "AFW", name, source_of(name), Path(name), Path(name)) for name in names]


def test_a_plan_keeps_sides_when_faces_are_added_and_cuts_even_shards():
    names = [f"AFW_{photo}_1_{view}" for photo in range(40) for view in range(3)]
    small, large = (writing.plan_parts(items_of(some), Split(0.25), 20) for some in (names[:60], names))
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
    assert writing.plan_parts([], Split(0.25), 20) == []


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
