"""What a run leaves to look at: curves out of its events, faces, answers, and the table of its splits."""

import re

import cv2
import numpy as np
import pytest

from net.data.record_set import RecordSet
from net.landmarks import page
from net.model.losses import PointLoss
from net.model.shape import Shape
from net.run.folder import RunFolder
from net.run.scalars import read_scalars


@pytest.fixture(scope="module")
def written(trained, record_set, tmp_path_factory):
    """The report of a finished run, in a copy of its folder."""
    run = tmp_path_factory.mktemp("plots") / "run"
    run.mkdir()
    for path in trained.iterdir():
        (run / path.name).symlink_to(path)
    page.write(RunFolder(run), RecordSet(record_set), Shape(width=8, decoder=8), PointLoss("wing"))
    return run


def test_the_table_has_a_row_for_each_split(written, record_set):
    lines = (written / "report.md").read_text().splitlines()
    rows = {
        cells[1].strip(): [float(cell) for cell in cells[2:-1]] for cells in (line.split("|") for line in lines[4:6])
    }
    records = RecordSet(record_set)
    assert {name: row[0] for name, row in rows.items()} == {split: records.count(split) for split in ("train", "test")}
    scalars = read_scalars(RunFolder(written))
    best = min(scalars["test/nme_box"], key=scalars["test/nme_box"].get)
    # the best checkpoint, answered anew, fits as training said it does
    nme, box = (100 * scalars[f"test/{name}"][best] for name in ("nme", "nme_box"))
    assert rows["test"][1:3] == pytest.approx([nme, box], abs=0.006)
    assert rows["test"][3] == pytest.approx(scalars["test/loss"][best], rel=0.05)
    assert rows["test"][4] == pytest.approx(scalars["test/mae"][best], rel=1e-3)


def test_every_picture_is_there_and_named(written):
    text = (written / "report.md").read_text()
    assert re.findall(r"\]\((.*?)\)", text) == ["curves.png", "answers.png", "faces.png"]
    faces, answers, curves = (cv2.imread(str(written / name)) for name in ("faces.png", "answers.png", "curves.png"))
    # 21 training faces in rows of six, at twice their 128 pixels; six of the test faces in rows of three
    assert faces.shape == (4 * 256, 6 * 256, 3) and answers.shape == (2 * 256, 3 * 256, 3)
    green, red = np.array([0, 220, 0]), np.array([40, 40, 255])
    assert (faces == green).all(axis=2).any() and not (faces == red).all(axis=2).any()
    assert (answers == green).all(axis=2).any() and (answers == red).all(axis=2).any()


def test_the_training_split_is_counted_in_part(trained, record_set, monkeypatch):
    monkeypatch.setattr(page, "BATCH", 2)
    monkeypatch.setattr(page, "FEW", 4)
    records = RecordSet(record_set)
    answers = page.answers_of(RunFolder(trained), records, Shape(width=8, decoder=8))
    counts = {split: len(found["label"]) for split, found in answers.items()}
    assert counts == {"train": 4, "test": records.count("test")} and records.count("train") > 4
    assert page.row_of(answers["train"], PointLoss("wing"))["faces"] == 4


def test_numbers_of_a_split_restated():
    label = np.array([[0.5, 0.5, np.nan, np.nan], [0.1, 0.2, 0.3, 0.4]], np.float32)
    predicted = np.array([[0.6, 0.5, 0.9, 0.9], [0.1, 0.4, 0.3, 0.3]], np.float32)
    row = page.row_of({"label": label, "predicted": predicted, "side": np.array([96.0, 48.0])}, PointLoss("l2"))
    off, side = np.array([0.1, 0, 0, 0.2, 0, -0.1]), np.array([96, 96, 48, 48, 48, 48])
    assert row["faces"] == 2 and row["loss"] == pytest.approx(np.square(128 * off).mean(), rel=1e-4)
    assert row["mae"] == pytest.approx(128 * np.abs(off).mean(), rel=1e-5)
    assert row["mae_picture"] == pytest.approx(np.abs(off * side).mean(), rel=1e-5)
    assert row["rmse_picture"] == pytest.approx(np.sqrt(np.square(off * side).mean()), rel=1e-5)
