"""Distillation: labels move towards a teacher's mean answer as far as trust says, in the right frame, no further."""

import json
from pathlib import Path

import numpy as np
import pytest

from infer.geometry.crop import Crop
from net.data.record_set import RecordSet
from records import record, shards
from records.landmarks import IBUG_68
from records.manifest import Manifest
from records.runtime import tf
from records.split import Split
from tests.helpers.tiny_model import MARGIN, SHAPE, write_model
from tests.tools.rewrite.test_augment import read
from tools.rewrite import distil
from tools.rewrite.distillation import PointCounts, taught
from tools.rewrite.sets import opened
from tools.rewrite.teacher import Teacher, View, crop_of, views_of

SMALL = Path(__file__).parents[3] / "infer" / "landmark_small.pb"
TINY = Manifest("pts_2d", 128, 0.25, 16, "raw", IBUG_68, Split(), {}, {})


def test_a_label_moves_by_trust_unless_it_is_far_or_unknown():
    label = np.array([[0.5, 0.5], [0.2, 0.2], [np.nan, np.nan]], np.float32)
    answer = np.array([[0.54, 0.47], [0.4, 0.2], [0.7, 0.8]])
    np.testing.assert_allclose(taught(label, answer, 0.25, 0.06), [[0.51, 0.4925], [0.2, 0.2], [0.7, 0.8]], atol=1e-6)
    np.testing.assert_allclose(taught(label, answer, 1, 0.3)[:2], answer[:2], atol=1e-6)
    np.testing.assert_array_equal(taught(label, answer, 0, 0.3), label)


def test_views_begin_with_the_records_own_crop_and_stay_the_same():
    assert views_of(0) == [] and views_of(1) == [View()]
    views = views_of(200)
    assert views[:5] == views_of(5)[:5] and len(set(views)) == 200
    angles, scales = np.degrees([view.angle for view in views]), np.log([view.scale for view in views])
    assert 10 < angles.max() <= 12 and -12 <= angles.min() < -10 and 0.07 < abs(scales).max() <= 0.08 + 1e-9
    assert 0.045 < np.abs([view.shift for view in views]).max() <= 0.05


def test_a_view_has_the_margin_of_the_model(tmp_path):
    contract = Teacher([write_model(tmp_path)], 1).landmarkers[0].contract
    crop = crop_of(View(0.1, (0.1, 0.0), 1.5), 160, TINY, contract)
    side = 128 / 1.5 * (1 + 2 * MARGIN) * 1.5  # the records' crop is 1.5 boxes wide
    assert crop == Crop((79.5 + 0.1 * crop.side, 79.5), crop.side, contract.input.size, 0.1)
    assert crop.side == pytest.approx(side)


def test_the_teachers_answer_is_in_fractions_of_the_records_crop(tmp_path):
    """The tiny model answers the same places of any crop: seen from the record's own one that is its shape."""
    path = write_model(tmp_path, crop={"margin": 0.25})  # as wide as the records' own crop
    black = np.zeros((160, 160, 3), np.uint8)
    np.testing.assert_allclose(Teacher([path], 1).answer(black, TINY), SHAPE, atol=1e-5)
    # the second view is the same crop mirrored, its points mirrored back
    mirrored = (SHAPE[[1, 0, 2, 4, 3]] - (1, 0)) * (-1, 1)
    np.testing.assert_allclose(Teacher([path], 2).answer(black, TINY), (SHAPE + mirrored) / 2, atol=1e-5)


def test_the_teacher_sees_red_as_red(tmp_path):
    path = write_model(tmp_path, crop={"margin": 0.25})
    red = np.full((160, 160, 3), (255, 0, 0), np.uint8)
    np.testing.assert_allclose(Teacher([path], 1).answer(red, TINY), SHAPE + (0.02, 0), atol=1e-5)


def test_several_teachers_are_averaged(tmp_path):
    paths = [write_model(tmp_path / name, crop={"margin": margin}) for name, margin in (("a", 0.25), ("b", 0.5))]
    black = np.zeros((160, 160, 3), np.uint8)
    wide = (SHAPE - 0.5) * (2 / 1.5) + 0.5
    np.testing.assert_allclose(Teacher(paths, 1).answer(black, TINY), (SHAPE + wide) / 2, atol=1e-5)


@pytest.fixture(scope="module")
def distilled(record_set, tmp_path_factory):
    """`record_set` with the shipped small model as its teacher, which one subset trusts, and one only in part."""
    out = tmp_path_factory.mktemp("distilled") / "set"
    argv = [str(record_set), "--teacher", str(SMALL), "--trust", "tiny/AFW=1,tiny/HELEN=0"]
    assert distil.main([*argv, "--views", "3", "--far", "9", "--out", str(out)]) == 0
    return out


def test_only_trusted_training_records_change(record_set, distilled):
    assert shards.audit(distilled) == []
    teacher = Teacher([SMALL], 3)
    before, manifest = read(record_set, "train"), shards.checked_manifest(record_set)
    after = read(distilled, "train")
    assert before.keys() == after.keys()
    changed = 0
    for name, old in before.items():
        new = after[name]
        np.testing.assert_array_equal(new["image"], old["image"])
        assert all(new[key] == old[key] for key in ("subset", "source", "side"))
        np.testing.assert_array_equal(new["pose"], old["pose"])
        expected = old["label"]
        if old["subset"] == b"tiny/AFW":
            changed += 1
            expected = teacher.answer(old["image"], manifest).ravel()
        elif old["subset"] != b"tiny/HELEN":
            answer = teacher.answer(old["image"], manifest).ravel()
            expected = np.where(np.isnan(old["label"]), answer, (old["label"] + answer) / 2)
        np.testing.assert_allclose(new["label"], expected, atol=1e-5)
    assert changed > 2


def test_test_records_stay_to_the_byte_and_the_manifest_tells_what_was_done(record_set, distilled):
    one, other = ([tensor.numpy() for tensor in judged_by(folder)] for folder in (record_set, distilled))
    assert one == other and len(one) > 1
    manifest = json.loads((distilled / "manifest.json").read_text())
    assert manifest["trust"] == {"tiny/AFW": 1, "tiny/HELEN": 0} and manifest["views"] == 3
    contract = json.loads(SMALL.with_suffix(".json").read_text())
    assert (manifest["teachers"], manifest["terms"]) == ([contract["sha256"]], [contract["terms"]])
    assert manifest["distilled"]["moved"] >= 68 and 0 < manifest["distilled"]["mean"] < 0.5
    assert RecordSet(distilled).count("train") == RecordSet(record_set).count("train")


def judged_by(folder):
    return tf.data.TFRecordDataset(RecordSet(folder).files("test"))


def test_unknown_points_are_filled_in_and_counted(record_set, tmp_path):
    """Of a record without its jaw: the count, and that the filled points are the teacher's."""
    manifest, serialised = shards.checked_manifest(record_set), next(iter(judged_by(record_set))).numpy()
    found, image = opened(serialised, manifest)
    label = found["label"].reshape(-1, 2).copy()
    label[list(IBUG_68.groups["jaw"])] = np.nan
    answer = Teacher([SMALL], 1).answer(image, manifest)
    counts = PointCounts()
    new = taught(label, answer, 0.5, 9)
    counts.add(label, new)
    assert (counts.filled, counts.moved, counts.kept) == (17, 51, 0)
    moved = np.linalg.norm(new - label, axis=1)[17:]
    assert counts.mean == pytest.approx(moved.mean(), rel=1e-5)
    np.testing.assert_allclose(new[:17], answer[:17], atol=1e-6)
    record.encode(record.Record(found["image"], new.ravel(), found["pose"], 1.0, "a/b", "c"))


def test_what_is_refused(record_set, distilled, tmp_path, capsys):
    teacher = ["--teacher", str(SMALL)]
    for argv, message in (
        ([record_set, *teacher, "--out", distilled], "found an existing folder, expected none"),
        ([record_set, *teacher, "--trust", "300W/*=1", "--out", tmp_path / "new"], "trust: found '300W/*', expected a"),
        ([record_set, "--teacher", write_model(tmp_path / "tiny"), "--out", tmp_path / "new"], "expected those of the"),
        (
            [record_set, *teacher, SMALL.with_name("landmark_3d.pb"), "--out", tmp_path / "new"],
            "landmark_3d.pb: found points of pts_3d, expected those of the records, pts_2d",
        ),
        ([record_set, "--teacher", tmp_path / "absent.pb", "--out", tmp_path / "new"], "absent.pb: no such model"),
        ([tmp_path / "absent", *teacher, "--out", tmp_path / "new"], "found no manifest.json"),
    ):
        assert distil.main([str(arg) for arg in argv]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    for wrong in ("--trust=a", "--trust=*=1.5", "--views=0", "--far=0"):
        with pytest.raises(SystemExit):
            distil.parse_args(["r", *teacher, "--out", "o", wrong])


def test_ctrl_c_leaves_nothing_behind(record_set, tmp_path, monkeypatch, capsys):
    def stop(self, image, manifest):
        raise KeyboardInterrupt

    monkeypatch.setattr(Teacher, "answer", stop)
    assert distil.main([str(record_set), "--teacher", str(SMALL), "--out", str(tmp_path / "new")]) == 130
    assert f"distil: stopped; {tmp_path / 'new'} is as it was" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
