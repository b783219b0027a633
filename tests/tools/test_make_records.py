"""tools/make_records.py from the command line: what it writes, what it skips, what it refuses, how it goes on."""

import hashlib
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from records import shards
from records.landmarks import IBUG_68, KAGGLE_15
from records.manifest import MANIFEST, Dataset
from records.split import RULE, SPLITS, Split, source_of
from tests.conftest import CONTEXT, RECORD_OPTIONS, TEST_FRACTION
from tests.helpers.annotated import IMAGE, OTHER, POINTS, coco_annotation, coco_keypoints, write_annotations, write_pts
from tests.helpers.drawn import draw_set, symmetric_face, write_face
from tests.helpers.labelled import labelme_shapes, write_shapes
from tests.helpers.pictures import encode, exif
from tests.helpers.records import records_of
from tools import make_records
from tools.make import datasets, parts
from tools.make.staging import Staging
from tools.read.labelled import ORDERED

ALL_FOR_TRAINING = ["--test-fraction", "0", "--workers", "1", "--no-report"]


def contents(folder: Path) -> dict[str, str]:
    """File names and hashes of what a folder holds."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def made(dataset, out: Path, *options) -> int:
    return make_records.main([str(dataset), "--out", str(out), *map(str, options)])


def error_of(capsys, *argv) -> str:
    """The one line that a refused call prints on stderr."""
    assert make_records.main([str(arg) for arg in argv]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("make_records: ")
    return line


def test_records_hold_the_faces_of_the_set(record_set, face_set):
    edge = 128 + 2 * CONTEXT
    for one in records_of(record_set, "train") + records_of(record_set, "test"):
        subset, name = one["subset"].decode(), one["name"].decode()
        assert subset == f"tiny/{name.split('_')[0]}"
        own = scipy.io.loadmat(face_set / "landmarks" / subset[5:] / f"{name}_pts.mat")["pts_2d"].astype(float)
        side = 1.3 * np.ptp(own, axis=0).max()
        expected = (own - (own.min(axis=0) + own.max(axis=0)) / 2) / side + 0.5
        np.testing.assert_allclose(one["label"].reshape(68, 2), expected, atol=1e-5)
        assert one["side"] == pytest.approx(side, rel=1e-5)
        assert one["pose"][1] == pytest.approx(0.3 * int(name[-1]))
        assert one["image"].shape == (edge, edge, 3) and one["image"].std() > 20


def test_the_manifest_adds_up_and_every_face_is_on_its_sources_side(record_set):
    manifest = shards.checked_manifest(record_set)
    names = {split: [one["name"].decode() for one in records_of(record_set, split)] for split in SPLITS}
    everyone = {f"{'AFW' if s % 2 else 'HELEN'}_{1000 + s}_1_{view}" for s in range(10) for view in range(3)}
    assert sorted(names["train"] + names["test"]) == sorted(everyone)
    for split, here in manifest.shards.items():
        assert {Split(TEST_FRACTION).side_of(source_of(name)) for name in names[split]} == {split}
        assert manifest.count(split) == sum(subset[split] for subset in manifest.subsets.values()) == len(names[split])
        for index, shard in enumerate(here):
            assert shard.file == f"{split}-{index:05d}-of-{len(here):05d}.tfrecords"
    assert len(manifest.shards["train"]) > 1 and shards.audit(record_set) == []
    assert set(manifest.subsets) == {"tiny/AFW", "tiny/HELEN"} and manifest.skipped == {}
    settings = (manifest.points, manifest.size, manifest.margin, manifest.context, manifest.encoding)
    assert settings == ("pts_2d", 128, 0.15, CONTEXT, "raw")
    assert manifest.scheme is IBUG_68 and manifest.split == Split(TEST_FRACTION, RULE)


def test_bad_samples_are_skipped_counted_and_listed(tmp_path, capsys):
    folder, out = draw_set(tmp_path / "bad", sources=4, views=3, seed=8), tmp_path / "records"
    (folder / "AFW" / "AFW_1001_1_0.jpg").write_bytes(b"no picture")
    (folder / "landmarks" / "HELEN" / "HELEN_1000_1_1_pts.mat").write_bytes(b"")
    (folder / "AFW" / "AFW_9_1_0.jpg").write_bytes((folder / "AFW" / "AFW_1001_1_1.jpg").read_bytes())
    for name in ("AFW_1003_1_0", "AFW_1003_1_1"):
        scipy.io.savemat(folder / "landmarks" / "AFW" / f"{name}_pts.mat", {"pts_2d": np.zeros((68, 3))})
    assert made(folder, out, *ALL_FOR_TRAINING, "--workers", 2) == 1
    manifest, printed = shards.checked_manifest(out), capsys.readouterr()
    reasons = {reason: len(names) for reason, names in manifest.skipped.items()}
    once = dict.fromkeys(("unreadable picture", "unreadable annotation", "missing annotation"), 1)
    assert reasons == {**once, "wrong shape": 2}
    names = [line.split(": ")[0] for line in manifest.skipped["wrong shape"]]
    assert names == ["bad/AFW/AFW_1003_1_0", "bad/AFW/AFW_1003_1_1"]
    assert "skipped, wrong shape: 2, the first bad/AFW/AFW_1003_1_0: " in printed.err
    assert manifest.count("train") == len(records_of(out, "train")) == 8 and manifest.count("test") == 0
    assert manifest.remarks == {} and "look at preview.jpg in it)" in printed.out


def test_what_one_should_know_of_faces_that_were_taken_is_said_and_kept(tmp_path, capsys):
    path = write_annotations(tmp_path / "set", coco_annotation(), coco_annotation(keypoints=coco_keypoints(OTHER)))
    data = encode(IMAGE, ".jpg")
    (path.parent / "a.png").write_bytes(data[:2] + exif(6) + data[2:])
    assert made(path, tmp_path / "records", "--workers", 1, "--previews", 0, "--no-report") == 0
    remarks, printed = shards.checked_manifest(tmp_path / "records").remarks, capsys.readouterr()
    assert list(remarks) == ["the test split is empty", "turned by EXIF, taken as stored"]
    (split,), (turned,) = remarks.values()
    assert split.startswith(
        "none of 1 source (pictures of one name count as one photo) fell into it at --test-fraction 0"
    )
    assert turned.startswith("faces.json/all/a.png: ")  # one picture, whatever number of faces
    assert printed.err.splitlines() == [f"{kind}: {line}" for kind, (line,) in remarks.items()]
    assert printed.out.endswith(f"written: {tmp_path / 'records'}\n")


@pytest.mark.parametrize(
    "points, fraction, reason",
    [(5, 0, "wrong shape 1, the first set/AFW/AFW_1_1_0: "), (68, 0.9999, "all fell into the test split")],
)
def test_a_set_without_a_training_face_is_an_error_and_leaves_nothing(tmp_path, capsys, points, fraction, reason):
    image, own = np.full((50, 60, 3), 99, np.uint8), {"pts_2d": 15 * symmetric_face()[:points] + (30, 25)}
    write_face(tmp_path / "set", "AFW", "AFW_1_1_0", image, own, None)
    argv = [tmp_path / "set", "--out", tmp_path / "records", "--workers", 1, "--test-fraction", fraction]
    assert f"found 1 face and no usable one for training: {reason}" in error_of(capsys, *argv)
    assert os.listdir(tmp_path) == ["set"]


def test_what_is_no_set_is_one_line_each(tmp_path, capsys, monkeypatch):
    (tmp_path / "empty").mkdir()
    out = ["--out", tmp_path / "r"]
    assert "empty: found no pair of " in error_of(capsys, tmp_path / "empty", *out, "--format", "300w-lp")
    assert "empty: found no format that fits" in error_of(capsys, tmp_path / "empty", *out)
    monkeypatch.setattr(datasets, "ROOT", tmp_path)
    line = error_of(capsys, *out)
    assert str(tmp_path / "data" / "300W_LP") in line and "tools/make_faces.py" in line
    assert os.listdir(tmp_path) == ["empty"]


def test_a_set_of_records_is_replaced_only_when_asked_and_other_folders_are_not(record_set, tmp_path, capsys):
    out = shutil.copytree(record_set, tmp_path / "records")
    small = draw_set(tmp_path / "small", sources=2, views=1)
    assert "records: found an existing folder, expected none" in error_of(capsys, small, "--out", out)
    assert contents(out) == contents(record_set)
    assert "found a folder without manifest.json" in error_of(capsys, small, "--out", small, "--overwrite")
    assert made(small, out, "--overwrite", *ALL_FOR_TRAINING) == 0
    assert len(records_of(out, "train")) == 2 and sorted(os.listdir(tmp_path)) == ["records", "small"]
    assert sorted(os.listdir(out)) == ["manifest.json", "preview.jpg", "train-00000-of-00001.tfrecords"]


def test_an_interrupted_run_keeps_what_was_and_goes_on_to_the_same_bytes(
    face_set, record_set, tmp_path, monkeypatch, capsys
):
    """One worker writes what two did into `record_set`."""
    out = shutil.copytree(record_set, tmp_path / "records")
    before, cut_all = contents(out), parts.cut_all
    command = [face_set, out, *RECORD_OPTIONS, "--overwrite", "--workers", 1]

    def stopped(items, settings, workers):
        items = list(items)
        yield from cut_all(items[:9], settings, workers)
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "cut_all", stopped)
    assert made(*command) == 130
    assert contents(out) == before and sorted(os.listdir(tmp_path)) == ["records", "records.partial"]
    assert len(capsys.readouterr().err.splitlines()) == 1

    asked = []
    monkeypatch.setattr(parts, "cut_all", lambda items, *rest: cut_all((asked.append(i) or i for i in items), *rest))
    (out / MANIFEST).write_text("{}")  # an older set, to be replaced
    assert made(*command) == 0
    assert contents(out) == contents(record_set) and os.listdir(tmp_path) == ["records"]
    first = shards.checked_manifest(record_set).shards["train"][0].records
    assert len(asked) == 30 - first and "faces done before" in capsys.readouterr().out


def test_names_that_are_no_utf_8_are_read_and_written_escaped(tmp_path, monkeypatch, capsys):
    odd, cut_all = os.fsdecode(b"caf\xe9"), parts.cut_all
    write_pts(tmp_path / "drawn", "1")
    write_pts(tmp_path / "drawn" / "sub", "2")
    for suffix in (".pts", ".jpg"):
        (tmp_path / "drawn" / "sub" / f"2{suffix}").rename(tmp_path / "drawn" / "sub" / f"{odd}{suffix}")
    (tmp_path / "drawn" / "sub" / f"alone.{odd}").touch()
    (tmp_path / "drawn" / "sub" / f"{odd} bare.pts").touch()
    (tmp_path / "drawn").rename(tmp_path / odd)
    command = [tmp_path / odd, tmp_path / "records", *ALL_FOR_TRAINING, "--shard-size", 1]

    def stopped(items, *rest):
        yield from cut_all(list(items)[:2], *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "cut_all", stopped)
    assert made(*command) == 130
    monkeypatch.setattr(parts, "cut_all", cut_all)
    assert made(*command) == 1
    assert "done before" in capsys.readouterr().out
    manifest, found = shards.checked_manifest(tmp_path / "records"), records_of(tmp_path / "records", "train")
    known = {(one["subset"].decode(), one["name"].decode(), one["source"].decode()) for one in found}
    assert known == {(r"caf\xe9/all", "1", "1"), (r"caf\xe9/sub", r"caf\xe9", r"caf\xe9")}
    (line,) = manifest.skipped["wrong shape"]
    assert line.startswith(r"caf\xe9/sub/caf\xe9 bare: caf\xe9 bare.pts: found 0 points")
    assert manifest.remarks == {"in the folder, of no face": [r"caf\xe9: 1 .caf\xe9"]}
    assert r"caf\xe9: found a name that is no UTF-8" in error_of(capsys, tmp_path / odd, "--out", tmp_path / "x" / odd)


def test_another_command_does_not_go_on_with_an_unfinished_set(face_set, record_set, tmp_path):
    staging = Staging(tmp_path / "records")
    assert staging.open("another plan") is False
    (staging.set / "train-00000-of-00003.tfrecords").write_bytes(b"of another plan")
    assert made(face_set, tmp_path / "records", *RECORD_OPTIONS) == 0
    assert contents(tmp_path / "records") == contents(record_set)


def test_weights_and_several_sets_of_one_name_in_one_call(tmp_path, capsys):
    first, second = (draw_set(tmp_path / place / "a", sources=6, views=2, seed=seed) for seed, place in enumerate("xy"))
    out = tmp_path / "records"
    options = ["--out", str(out), "--test-fraction", "0.5", "--workers", "1", "--no-report"]
    assert make_records.main([str(first), f"{second}:3", *options]) == 0
    counts = Counter((one["subset"].decode().split("/")[0], one["name"].decode()) for one in records_of(out, "train"))
    assert {count for (name, _), count in counts.items() if name == "a"} == {1}
    assert {count for (name, _), count in counts.items() if name == "a#2"} == {3}
    assert set(Counter(one["name"].decode() for one in records_of(out, "test")).values()) == {2}
    assert shards.checked_manifest(out).datasets["a#2"] == Dataset("300w-lp", 12, 12, 3.0)
    assert "a#2 (300w-lp): 12 of 12 faces, weight 3" in capsys.readouterr().out


def test_sets_of_several_formats_and_a_scheme_that_all_map_to(face_set, tmp_path, capsys):
    rows = "file," + ",".join(f"x{i},y{i}" for i in range(15)) + "\n" + "p.png," + ",".join("10,12" for _ in range(14))
    (tmp_path / "faces.csv").write_text(f"{rows},50,60\n")
    cv2.imwrite(str(tmp_path / "p.png"), np.full((90, 80, 3), 99, np.uint8))
    out = ["--out", tmp_path / "records", *ALL_FOR_TRAINING]
    line = error_of(capsys, face_set, tmp_path / "faces.csv", *out)
    assert "ibug68" in line and "kaggle15" in line
    assert made(face_set, tmp_path / "records", *ALL_FOR_TRAINING, "--scheme", "kaggle15") == 0
    assert shards.checked_manifest(tmp_path / "records").scheme is KAGGLE_15
    one = records_of(tmp_path / "records", "train")[0]
    subset, name = one["subset"].decode().split("/")[1], one["name"].decode()
    own = scipy.io.loadmat(face_set / "landmarks" / subset / f"{name}_pts.mat")["pts_2d"]
    label = one["label"].reshape(15, 2)
    # nose tip and mouth corners of Kaggle's order: 10, then the subject's left (54) and right (48)
    span = (own[54] - own[48])[0] / (label[11] - label[12])[0]
    np.testing.assert_allclose((label[10] - label[12]) * span, own[30] - own[48], atol=1e-2)


def test_points_with_labels_of_ones_own_find_their_places_in_a_scheme_of_these_names(tmp_path):
    names = ("p10", "chin", "p2")
    for number, points in enumerate((POINTS, OTHER)):
        shapes = labelme_shapes(points[[30, 8, 19]], names)
        write_shapes(tmp_path / "set", shapes[number:] + shapes[:number], f"{number}.png", f"{number}.json")
    assert made(tmp_path / "set", tmp_path / "plain", *ALL_FOR_TRAINING) == 0
    manifest = shards.checked_manifest(tmp_path / "plain")
    assert manifest.scheme.names == ("chin", "p2", "p10")
    assert manifest.remarks[ORDERED] == ["3, in this order: chin, p2, p10"]
    (tmp_path / "mine.json").write_text(json.dumps({"name": "mine", "count": 3, "names": names}))
    assert made(tmp_path / "set", tmp_path / "own", *ALL_FOR_TRAINING, "--scheme", tmp_path / "mine.json") == 0
    assert shards.checked_manifest(tmp_path / "own").scheme.names == names
    plain, own = (
        {one["name"].decode(): one for one in records_of(tmp_path / name, "train")} for name in ("plain", "own")
    )
    for name, points in (("0#1", POINTS), ("1#1", OTHER)):
        label = own[name]["label"].reshape(3, 2)
        np.testing.assert_array_equal(label[[1, 2, 0]], plain[name]["label"].reshape(3, 2))
        there = points[[30, 8, 19]]
        np.testing.assert_allclose((label - label[0]) * own[name]["side"], there - there[0], atol=1e-3)


def test_audit_names_what_is_damaged_missing_cut_or_strange(record_set, tmp_path, capsys):
    assert make_records.main(["--audit", str(record_set)]) == 0
    assert "sound (train" in capsys.readouterr().out
    out = shutil.copytree(record_set, tmp_path / "records")
    first, second, third, *_ = sorted(out.glob("train-*.tfrecords"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.unlink()
    third.write_bytes(third.read_bytes()[:-5])
    (out / "train-00009-of-00009.tfrecords").write_bytes(b"")
    assert make_records.main(["--audit", str(out)]) == 1
    lines = capsys.readouterr().err.splitlines()
    starts = [f"{first}: found a damaged record after ", f"{second}: missing, expected ", f"{third}: found "]
    starts.append(f"{out / 'train-00009-of-00009.tfrecords'}: not in manifest.json")
    assert all(start in line for start, line in zip(starts, lines, strict=True))
    assert make_records.main(["--audit", str(tmp_path)]) == 2


@pytest.mark.parametrize(
    "argv, message",
    [
        (["set", "--context", "-1"], "--context"),
        (["set", "--test-fraction", "nan"], "--test-fraction"),
        (["set", "--", "--direct_num_workers"], "--"),
        (["set", "--runner", "MyRunner"], "--runner"),
        (["set", "--out", "s3://bucket/set"], "found a URL, expected paths; with --runner"),
    ],
)
def test_wrong_options_are_usage_errors(argv, message, capsys):
    with pytest.raises(SystemExit) as caught:
        make_records.main(argv)
    assert caught.value.code == 2 and message in capsys.readouterr().err
