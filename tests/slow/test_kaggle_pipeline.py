"""Kaggle's task through the commands: records, two small networks of different kinds, export, merge, submission."""

import numpy as np
import pytest

from export import freeze
from export.checkpoint import LandmarkCheckpoint
from infer import Landmarker
from infer import run as infer_run
from infer.geometry.boxes import absolute_shape, picture_box
from infer.kaggle.files import read_lookup, whole_picture_box
from infer.model.contract import read_contract
from net import train
from net.data.batches import test_batches as batches_of
from tests.helpers import drawn_kaggle
from tests.helpers.drawn_kaggle import write_set
from tools import make_records
from tools.kaggle import score
from tools.kaggle.files import read_locations

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


def test_the_contract_says_what_the_network_sees_and_answers(workshop):
    four, whole = read_contract(workshop / "m4" / "landmark.pb"), read_contract(workshop / "m15" / "landmark.pb")
    assert (four.input.channels, four.input.order, four.points.names) == (1, "GRAY", FOUR.split(","))
    assert (whole.input.channels, whole.input.order, whole.points.count) == (3, "RGB", 15)
    assert four.points.scheme == "kaggle15[0,1,10,14]" and four.points.flip == [1, 0, 2, 3]
    network = four.network
    assert network["picture"] == "grey" and 30 < network["pixel_mean"] < 220 and len(network["label_std"]) == 8
    # the whole picture reaches further beyond 4 points than beyond 15
    assert four.recrop.margin > whole.recrop.margin > 0.2
    assert list(four.raw["formats"]) == ["pb", "onnx", "tflite"]  # all of them passed
    rows = (workshop / "four" / "report.md").read_text().splitlines()[4:7]
    assert [row.split("|")[1].strip() for row in rows] == ["train", "validation", "test"]


def test_submissions_of_one_network_and_of_two(workshop, capsys):
    model, other = workshop / "m15" / "landmark.pb", workshop / "m4" / "landmark.pb"
    for name, options in (("alone.csv", ()), ("merged.csv", ("--merge", other))):
        argv = [workshop / "files" / "test.csv", "--submission", workshop / name, "--no-draw", "--model", model]
        call(infer_run.main, *argv, *options)
    alone, merged = (read_locations(workshop / name) for name in ("alone.csv", "merged.csv"))
    asked = read_lookup(workshop / "files" / "IdLookupTable.csv")
    shared = {row.row for row in asked if row.feature[:-2] in FOUR.split(",")}
    differs = {row for row in alone if abs(alone[row] - merged[row]) > 1e-3}
    assert differs and differs <= shared
    call(score.main, workshop / "alone.csv", workshop / "files" / "solution.csv")
    assert f"| all | {len(alone)} |" in capsys.readouterr().out


def test_the_submission_is_what_the_checkpoint_answers_to_the_crop_of_its_records(workshop):
    """A test row is cut as a training row is: the checkpoint on records of the test rows gives the same locations."""
    run = LandmarkCheckpoint(workshop / "four", "best")
    batch = next(iter(batches_of(run.record_set(), 99, "test")))
    answers = run.landmarks(batch["image"].numpy().astype(np.float32)).reshape(-1, 4, 2)
    landmarker = Landmarker(workshop / "m4" / "landmark.pb")
    names = [name.decode() for name in batch["name"].numpy()]
    images = [row.image for row in drawn_kaggle.rows(24)]
    for name, answer in zip(names, answers, strict=True):
        image = images[int(name[3:]) - 1]
        points = landmarker.fit(image, [whole_picture_box(96, 96)], passes=1)[0]
        np.testing.assert_allclose(points, absolute_shape(answer, picture_box(96, 96)), atol=2e-3)
