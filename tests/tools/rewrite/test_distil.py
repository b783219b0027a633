"""Distillation: labels move towards a teacher's mean answer as far as trust says, in the right frame, no further."""

import json
from pathlib import Path

import numpy as np
import pytest

from records import shards
from records.landmarks import IBUG_68
from records.manifest import Manifest
from records.split import Split
from tests.helpers.tiny_model import SHAPE, write_model
from tests.tools.rewrite.test_augment import read
from tools.rewrite import distil
from tools.rewrite.distillation import taught
from tools.rewrite.teacher import Teacher

SMALL = Path(__file__).parents[3] / "infer" / "landmark_small.pb"
TINY = Manifest(
    points="pts_2d",
    size=128,
    margin=0.25,
    context=16,
    encoding="raw",
    scheme=IBUG_68,
    split=Split(),
    shards={},
    subsets={},
)


def test_a_label_moves_by_trust_unless_it_is_far_or_unknown():
    label = np.array([[0.5, 0.5], [0.2, 0.2], [np.nan, np.nan]], np.float32)
    answer = np.array([[0.54, 0.47], [0.4, 0.2], [0.7, 0.8]])
    np.testing.assert_allclose(taught(label, answer, 0.25, 0.06), [[0.51, 0.4925], [0.2, 0.2], [0.7, 0.8]], atol=1e-6)
    np.testing.assert_allclose(taught(label, answer, 1, 0.3)[:2], answer[:2], atol=1e-6)
    np.testing.assert_array_equal(taught(label, answer, 0, 0.3), label)


def test_the_teachers_answer_is_in_fractions_of_the_records_crop(tmp_path):
    """The tiny model answers the same places of any crop: seen from the record's own one that is its shape."""
    path = write_model(tmp_path / "a", crop={"margin": 0.25})  # as wide as the records' own crop
    black = np.zeros((160, 160, 3), np.uint8)
    np.testing.assert_allclose(Teacher([path], 1).answer(black, TINY).points, SHAPE, atol=1e-5)
    # the second view is the same crop mirrored, its points mirrored back
    mirrored = (SHAPE[[1, 0, 2, 4, 3]] - (1, 0)) * (-1, 1)
    both = Teacher([path], 2).answer(black, TINY)
    np.testing.assert_allclose(both.points, (SHAPE + mirrored) / 2, atol=1e-5)
    np.testing.assert_allclose(both.scatter, np.linalg.norm(SHAPE - mirrored, axis=1) / 2, atol=1e-5)
    other, wide = write_model(tmp_path / "b", crop={"margin": 0.5}), (SHAPE - 0.5) * (2 / 1.5) + 0.5
    np.testing.assert_allclose(Teacher([path, other], 1).answer(black, TINY).points, (SHAPE + wide) / 2, atol=1e-5)
    red = np.full((160, 160, 3), (255, 0, 0), np.uint8)
    np.testing.assert_allclose(Teacher([path], 1).answer(red, TINY).points, SHAPE + (0.02, 0), atol=1e-5)


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
    doubts: dict[str, list[float]] = {}
    for name, old in before.items():
        new = after[name]
        np.testing.assert_array_equal(new["image"], old["image"])
        assert all(new[key] == old[key] for key in ("subset", "source", "side"))
        np.testing.assert_array_equal(new["pose"], old["pose"])
        expected = old["label"]
        if old["subset"] != b"tiny/HELEN":
            answer = teacher.answer(old["image"], manifest)
            trust = 1 if old["subset"] == b"tiny/AFW" else 0.5
            known, points = np.where(np.isnan(old["label"]), answer.points.ravel(), old["label"]), answer.points.ravel()
            expected = known + trust * (points - known)
            doubt = np.sqrt(np.mean(answer.scatter**2 + ((points - known) ** 2).reshape(68, 2).sum(axis=1)))
            assert new["doubt"] == pytest.approx(doubt, rel=1e-5)
            doubts.setdefault(old["subset"].decode(), []).append(doubt)
        else:
            assert np.isnan(new["doubt"])
        np.testing.assert_allclose(new["label"], expected, atol=1e-5)
    assert len(doubts["tiny/AFW"]) > 2
    told = {name: (one.median, one.most) for name, one in shards.checked_manifest(distilled).doubts.items()}
    limits = {name: pytest.approx(np.percentile(found, (50, 90)), abs=1e-5) for name, found in doubts.items()}
    assert told == limits


def test_the_manifest_tells_what_was_done(distilled):
    manifest = json.loads((distilled / "manifest.json").read_text())
    assert manifest["trust"] == {"tiny/AFW": 1, "tiny/HELEN": 0} and manifest["views"] == 3
    contract = json.loads(SMALL.with_suffix(".json").read_text())
    assert (manifest["teachers"], manifest["terms"]) == ([contract["sha256"]], [contract["terms"]])
    assert manifest["distilled"]["moved"] >= 68 and 0 < manifest["distilled"]["mean"] < 0.5


def test_what_is_refused(record_set, tmp_path, capsys):
    teacher = ["--teacher", str(SMALL)]
    for argv, message in (
        ([record_set, *teacher, "--trust", "300W/*=1", "--out", tmp_path / "new"], "trust: found '300W/*', expected a"),
        ([record_set, "--teacher", write_model(tmp_path / "tiny"), "--out", tmp_path / "new"], "expected those of the"),
        (
            [record_set, *teacher, SMALL.with_name("landmark_3d.pb"), "--out", tmp_path / "new"],
            "landmark_3d.pb: found points of pts_3d, expected those of the records, pts_2d",
        ),
        ([record_set, "--teacher", tmp_path / "absent.pb", "--out", tmp_path / "new"], "absent.pb: no such model"),
    ):
        assert distil.main([str(arg) for arg in argv]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    for wrong in ("--trust=a", "--trust=*=1.5", "--views=0", "--far=0"):
        with pytest.raises(SystemExit):
            distil.parse_args(["r", *teacher, "--out", "o", wrong])
