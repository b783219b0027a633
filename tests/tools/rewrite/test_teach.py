"""Records of few points taught: the label is the teacher's answer where it agrees with them; who disagrees is named."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from infer.landmarker import Landmarker
from records import shards
from records.landmarks import IBUG_68, SCHEMES, convert
from records.split import split_of
from tests.helpers.drawn import draw_face, random_face
from tests.helpers.records import records_of
from tests.helpers.scenes import face, line
from tests.helpers.tiny_model import write_model
from tools import make_records
from tools.rewrite import teach
from tools.rewrite.teacher import Teacher
from tools.rewrite.teaching import DISAGREES, disagreement

MODELS = Path(__file__).parents[3] / "infer"
SMALL = MODELS / "landmark_small.pb"
FIVE = SCHEMES["mtfl5"]
FRACTION = 0.4
NAMES = [f"p{number}" for number in range(7)]
TRAINING = [name for name in NAMES if split_of(name, FRACTION) == "train"]
WRONG = TRAINING[1]  # whose nose is marked in another place than the teacher sees it


@pytest.fixture(scope="module")
def five_set(tmp_path_factory):
    """Records of a list of drawn faces, whose five points are those that the small model sees."""
    folder, rng, lines = tmp_path_factory.mktemp("five"), np.random.default_rng(5), []
    landmarker = Landmarker(SMALL)
    for name in NAMES:
        points = random_face(rng)
        image, box = draw_face(points, rng), box_of(points)
        cv2.imwrite(str(folder / f"{name}.png"), image)
        five = convert(landmarker.fit(image, box[None], 1)[0], IBUG_68, FIVE)
        five[2] += (0.2 * (box[2] - box[0])) * (name == WRONG)
        lines.append(line(f"{name}.png", face(box.tolist(), five.ravel().tolist(), "human"), ignore=()))
    (folder / "faces.jsonl").write_text("\n".join(lines))
    options = [
        "--context",
        "11",
        "--encoding",
        "raw",
        "--test-fraction",
        str(FRACTION),
        "--no-report",
        "--workers",
        "1",
    ]
    assert make_records.main([str(folder / "faces.jsonl"), "--out", str(folder / "set"), *options]) == 0
    return folder / "set"


@pytest.fixture(scope="module")
def taught(five_set):
    out = five_set.with_name("taught")
    argv = [str(five_set), "--teacher", str(SMALL), "--views", "3", "--far", "0.04", "--out", str(out)]
    assert teach.main(argv) == 0
    return out


def test_the_answer_is_the_label_where_it_agrees(five_set, taught):
    assert shards.audit(taught) == []
    before, manifest = shards.checked_manifest(five_set), shards.checked_manifest(taught)
    assert (before.scheme, manifest.scheme, manifest.points) == (FIVE, IBUG_68, "pts_2d")
    old = {one["name"]: one for one in records_of(five_set, "train")}
    new = {one["name"]: one for one in records_of(taught, "train")}
    assert sorted(new) == [f"{name}#1".encode() for name in TRAINING if name != WRONG] and len(old) == len(new) + 1
    teacher = Teacher([SMALL], 3)
    for name, one in new.items():
        answer = teacher.answer(one["image"], before)
        np.testing.assert_allclose(one["label"], answer.points.ravel(), atol=1e-6)
        assert one["doubt"] == pytest.approx(np.sqrt(np.mean(answer.scatter**2)), rel=1e-5)
        np.testing.assert_array_equal(one["image"], old[name]["image"])
        assert all(one[key] == old[name][key] for key in ("subset", "source", "side"))


def test_the_manifest_names_who_is_left_out(five_set, taught, capsys):
    manifest = shards.checked_manifest(taught)
    (told,) = manifest.skipped[DISAGREES]
    assert told.startswith(f"faces.jsonl/all/{WRONG}#1: ") and "nose_tip" in told and "0.04" in told
    assert manifest.subsets == {"faces.jsonl/all": {"train": len(TRAINING) - 1, "test": 0}}
    assert manifest.count("test") == 0 and shards.checked_manifest(five_set).count("test") > 0
    assert manifest.notes["taught"] == {"from": "mtfl5", "far": 0.04} and manifest.notes["views"] == 3
    counted, doubted = teach.in_words(manifest).splitlines()
    assert counted == f"faces.jsonl/all: {len(TRAINING) - 1} faces taught, 1 left out: {DISAGREES}"
    assert f"{manifest.doubts['faces.jsonl/all'].median:.4f}" in doubted


def test_a_known_point_decides_and_an_unknown_one_does_not():
    answer = np.random.default_rng(1).uniform(0, 1, (68, 2))
    label = convert(answer, IBUG_68, FIVE)
    label[1] += (0.03, -0.04)  # 0.05
    label[4] = np.nan
    assert disagreement(answer, IBUG_68, label, FIVE, 0.051) == ""
    assert "0.050 of the crop's side off at left_eye_center" in disagreement(answer, IBUG_68, label, FIVE, 0.049)


def test_what_is_refused(five_set, record_set, tmp_path, capsys):
    small, tiny = str(SMALL), str(write_model(tmp_path / "tiny"))
    for argv, message in (
        ([record_set, "--teacher", small], "landmark_small.pb: found points of ibug68, expected others that lead to"),
        ([five_set, "--teacher", tiny], "landmark.pb: found points of tiny5, expected others that lead to"),
        ([five_set, "--teacher", small, MODELS / "landmark_3d.pb"], "found points of ibug68 by pts_3d, expected"),
        ([five_set, "--teacher", small, "--far", "1e-9", "--views", "3"], "found no record left for training"),
    ):
        assert teach.main([str(arg) for arg in (*argv, "--out", tmp_path / "new")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    for wrong in ("--far=0", "--views=0"):
        with pytest.raises(SystemExit):
            teach.parse_args(["r", "--teacher", "t", "--out", "o", wrong])
