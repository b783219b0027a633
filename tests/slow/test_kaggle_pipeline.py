"""Kaggle's task through the commands: records, two small networks of different kinds, export, merge, submission."""

import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from export import freeze
from export.checkpoint import Checkpoint
from export.recrop import median_recrop
from infer import Landmarker, read_picture
from infer import run as infer_run
from infer.geometry.boxes import absolute_shape, box_of, picture_box
from infer.geometry.crop import Crop
from infer.kaggle.files import read_lookup, whole_picture_box
from infer.model.contract import read_contract
from net import train
from net.data.batches import test_batches as batches_of
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers import drawn_kaggle, tiny_model
from tests.helpers.drawn import symmetric_face
from tests.helpers.drawn_kaggle import COMMON, write_set
from tests.helpers.web_service import PHOTO, SHIPPED
from tools import make_records
from tools.kaggle import score
from tools.kaggle.files import read_locations

MARGIN = 0.15  # of the crops that training sees
FOUR = "left_eye_center,right_eye_center,nose_tip,mouth_center_bottom_lip"
SMALL = "--width 8 --decoder 8 --batch 4 --steps 6 --eval-every 3 --report-every 3 --threads 1 --seed 2 --dropout 0"
CLASSIC = "--picture grey --pixels standardised --labels standardised --head dense --loss l2 --optimizer sgd"
CLASSIC += " --rate 0.005 --schedule plateau --validation 0.3"


def call(main, *argv):
    assert main([str(arg) for arg in argv]) == 0


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kaggle")
    write_set(folder / "files")
    options = ("--no-report", "--test-fraction", "0.25", "--encoding", "raw")
    call(make_records.main, folder / "files", "--out", folder / "records", *options)
    common = ["--records", folder / "records", *SMALL.split()]
    call(train.main, *common, "--run", folder / "four", "--points-subset", FOUR, *CLASSIC.split())
    call(train.main, *common, "--run", folder / "all", "--mix", "*/partial=0", "--no-plots")
    call(
        freeze.main, "--run", folder / "four", "--out", folder / "m4", "--formats", "pb,onnx,tflite", "--terms", "mine"
    )
    call(freeze.main, "--run", folder / "all", "--out", folder / "m15", "--terms", "mine")
    return folder


def submit(workshop, name, *options):
    argv = [workshop / "files" / "test.csv", "--submission", workshop / name, "--no-draw", *options]
    call(infer_run.main, *argv)
    return read_locations(workshop / name)


def test_the_contract_says_what_the_network_sees_and_answers(workshop):
    four, whole = read_contract(workshop / "m4" / "landmark.pb"), read_contract(workshop / "m15" / "landmark.pb")
    assert (four.input.channels, four.input.order, four.points.names) == (1, "GRAY", FOUR.split(","))
    assert (whole.input.channels, whole.input.order, whole.points.count) == (3, "RGB", 15)
    assert four.points.scheme == "kaggle15[0,1,10,14]" and four.points.flip == [1, 0, 2, 3]
    network = four.network
    assert network["picture"] == "grey" and 30 < network["pixel_mean"] < 220 and len(network["label_std"]) == 8
    # the whole picture reaches further beyond 4 points than beyond 15
    assert four.recrop.margin > whole.recrop.margin > 0.2


def test_every_format_of_the_grey_standardised_network_passed(workshop):
    formats = json.loads((workshop / "m4" / "landmark.json").read_text())["formats"]
    assert list(formats) == ["pb", "onnx", "tflite"]
    for entry in formats.values():
        proof = entry["tolerance"]
        assert proof["limit"] == {"max": 1e-5}
        runtimes = {"tensorflow", "opencv", "onnxruntime", "litert"} & set(proof)
        assert runtimes and all(proof[name]["max"] <= 1e-5 for name in runtimes)


def test_the_report_has_three_splits(workshop):
    rows = (workshop / "four" / "report.md").read_text().splitlines()[4:7]
    assert [row.split("|")[1].strip() for row in rows] == ["train", "validation", "test"]
    best = json.loads((workshop / "four" / "best" / "nme.json").read_text())
    assert best["step"] in (3, 6)


def test_submissions_of_one_network_and_of_two(workshop, capsys):
    model, other = workshop / "m15" / "landmark.pb", workshop / "m4" / "landmark.pb"
    alone = submit(workshop, "alone.csv", "--model", model)
    merged = submit(workshop, "merged.csv", "--model", model, "--merge", other)
    asked = read_lookup(workshop / "files" / "IdLookupTable.csv")
    features = {row.row: row.feature[:-2] for row in asked}
    shared = set(FOUR.split(","))
    assert len(shared) == len(COMMON)
    differs = {row: abs(alone[row] - merged[row]) > 1e-3 for row in alone}
    assert any(differs[row] for row in alone if features[row] in shared)
    assert not any(differs[row] for row in alone if features[row] not in shared)
    capsys.readouterr()
    call(score.main, workshop / "alone.csv", workshop / "files" / "solution.csv")
    assert f"| all | {len(alone)} |" in capsys.readouterr().out


def test_the_submission_is_what_the_checkpoint_answers_to_the_crop_of_its_records(workshop):
    """A test row is cut as a training row is: the checkpoint on records of the test rows gives the same locations."""
    run = Checkpoint(workshop / "four", "best")
    batch = next(iter(batches_of(run.record_set(), 99, "test")))
    answers = run.answer(batch["image"].numpy().astype(np.float32)).reshape(-1, 4, 2)
    landmarker = Landmarker(workshop / "m4" / "landmark.pb")
    names = [name.decode() for name in batch["name"].numpy()]
    images = [row.image for row in drawn_kaggle.rows(24)]
    for name, answer in zip(names, answers, strict=True):
        image = images[int(name[3:]) - 1]
        points = landmarker.fit(image, [whole_picture_box(96, 96)], passes=1)[0]
        np.testing.assert_allclose(points, absolute_shape(answer, picture_box(96, 96)), atol=2e-3)


@pytest.fixture
def steady(tmp_path, monkeypatch):
    """A model that answers the same upright face of 15 points to every crop, placed as training has it."""
    face = symmetric_face()
    shape = Crop.around(box_of(face), MARGIN, tiny_model.SIZE).to_fractions(convert(face, IBUG_68, KAGGLE_15))
    monkeypatch.setattr(tiny_model, "SHAPE", shape.astype(np.float32))
    monkeypatch.setattr(tiny_model, "COUNT", KAGGLE_15.count)
    fields = ("count", "groups", "lines", "left_eye", "right_eye", "flip", "names")
    points = {"scheme": KAGGLE_15.name, **{name: getattr(KAGGLE_15, name) for name in fields}}
    crop = {"margin": MARGIN, "points": asdict(median_recrop(shape[None], KAGGLE_15))}
    return tiny_model.write_model(tmp_path / "steady", channels=1, crop=crop, points=points)


def test_faces_of_fifteen_points_are_found(steady, tmp_path):
    """Without --boxes: the detector finds the drawn face, and the points lie on it, about where 68 points have them."""
    call(infer_run.main, PHOTO, "--model", steady, "--out", tmp_path / "o")
    (entry,) = json.loads((tmp_path / "o" / "points.json").read_text())["images"]
    (face,) = entry["faces"]
    (known,) = Landmarker(SHIPPED).detect(read_picture(PHOTO))
    expected = convert(known.points.astype(np.float64), IBUG_68, KAGGLE_15)
    apart = np.linalg.norm(np.array(face["points"]) - expected, axis=1)
    assert apart.max() < 0.15 * np.ptp(known.points, axis=0).max()
    drawn = cv2.absdiff(cv2.imread(str(tmp_path / "o" / PHOTO.name)), cv2.imread(str(PHOTO))).max(axis=2) > 30
    for x, y in np.rint(face["points"]).astype(int):
        assert drawn[y - 2 : y + 3, x - 2 : x + 3].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--points-subset", "nose_tip"], "found no point of the eyes"),
        (["--labels", "standardised", "--loss", "wing"], "counts in pixels"),
    ],
)
def test_what_cannot_be_trained_is_said(workshop, tmp_path, capsys, options, message):
    argv = ["--records", str(workshop / "records"), "--run", str(tmp_path / "run"), *options]
    try:
        code = train.main(argv)
    except SystemExit as end:
        code = end.code
    assert code == 2 and message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "run").exists()
