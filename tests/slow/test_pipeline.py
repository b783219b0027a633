"""The commands in a row, as a user calls them: each a process of its own, from another working directory."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.io

ROOT = Path(__file__).resolve().parents[2]
COUNT = 12


def call(folder: Path, script: str, *argv) -> str:
    """Runs a script from `folder`; returns what it printed."""
    command = [sys.executable, str(ROOT / script), *map(str, argv)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{script}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A folder with everything that the commands made one after the other, all paths relative to it."""
    folder = tmp_path_factory.mktemp("workshop")
    drawing = ("--count", COUNT, "--views", 2, "--seed", 3, "--out", "300W_LP")
    printed = {"faces": call(folder, "tools/make_faces.py", *drawing)}
    records = ("300W_LP", "--out", "records", "--context", 12, "--test-fraction", 0.4)
    printed["records"] = call(folder, "tools/make_records.py", *records)
    small = ("--width", 8, "--decoder", 8, "--batch", 4, "--steps", 4, "--eval-every", 2, "--report-every", 2)
    printed["train"] = call(folder, "net/train.py", "--records", "records", "--run", "run", *small, "--threads", 1)
    printed["freeze"] = call(folder, "export/freeze.py", "--run", "run", "--out", "model")
    write_boxes(folder)
    options = ("--model", "model/landmark.pb", "--boxes", "boxes.csv", "--out", "out", "--json", "points.json")
    printed["infer"] = call(folder, "infer/run.py", *pictures(folder), *options)
    return folder, printed


def pictures(folder: Path) -> list[Path]:
    """Three of the drawn pictures, relative to the folder."""
    return [path.relative_to(folder) for path in sorted((folder / "300W_LP").glob("DRAWN/*.jpg"))[:3]]


def write_boxes(folder: Path) -> None:
    """The true landmark boxes of the pictures, in place of detection."""
    with open(folder / "boxes.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "x0", "y0", "x1", "y1"])
        for path in pictures(folder):
            mat = scipy.io.loadmat(folder / "300W_LP" / "landmarks" / "DRAWN" / f"{path.stem}_pts.mat")["pts_2d"]
            writer.writerow([path.name, *mat.min(axis=0), *mat.max(axis=0)])


def test_every_drawn_face_is_recorded(workshop):
    folder, printed = workshop
    manifest = json.loads((folder / "records" / "manifest.json").read_text())
    counts = [entry["records"] for entry in manifest["splits"].values()]
    assert sum(counts) == COUNT and all(counts) and manifest["skipped"] == {}
    assert (folder / "records" / "preview.jpg").stat().st_size > 10_000
    assert "written: records" in printed["records"]
    assert set(os.listdir(folder)) == {"300W_LP", "records", "run", "model", "boxes.csv", "out", "points.json"}


def test_a_run_and_a_proved_model_follow(workshop):
    folder, printed = workshop
    assert "step 4/4" in printed["train"] and "test NME" in printed["train"]
    assert {"settings.json", "checkpoint", "best"} <= set(os.listdir(folder / "run"))
    assert sorted(os.listdir(folder / "model")) == ["landmark.json", "landmark.pb"]
    assert "opencv: at most" in printed["freeze"]
    trained_on = json.loads((folder / "model" / "landmark.json").read_text())["trained_on"]
    subsets = json.loads((folder / "records" / "manifest.json").read_text())["subsets"]
    assert trained_on["faces"] == {"300W_LP/DRAWN": subsets["300W_LP/DRAWN"]}
    assert trained_on["split"] == {"test_fraction": 0.4, "rule": 1}  # as the records were made


def test_inference_answers_68_points_a_face(workshop):
    folder, _ = workshop
    images = json.loads((folder / "points.json").read_text())["images"]
    points = np.array([face["points"] for entry in images for face in entry["faces"]], float)
    assert points.shape == (3, 68, 2) and np.isfinite(points).all()
    # four steps teach nothing, but a heat map's mean stays inside its crop, and the crop near the picture
    assert points.min() > -100 and points.max() < 550 and np.ptp(points, axis=1).max() > 1
    assert {path.name for path in (folder / "out").glob("DRAWN*.jpg")} == {path.name for path in pictures(folder)}
