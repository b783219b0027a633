"""Kaggle's facial-keypoints-detection once through, in minutes: drawn faces in its files, and a submission, scored.

make demo-kaggle
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from infer.geometry.boxes import absolute_shape, picture_box
from infer.geometry.crop import Crop
from infer.kaggle.files import EDGE
from records.landmarks import IBUG_68, KAGGLE_15, KAGGLE_NAMES, convert
from records.split import hash_fraction, split_of
from tools.kaggle import files as kaggle_files
from tools.read import w300lp as read_300w_lp
from tools.read.face import Item
from tools.shell import call

MARGIN = 0.15  # around the landmark box, about as in Kaggle's pictures
FULL = 0.31  # part of the rows with all 15 points, as in Kaggle's training.csv; the others have these
COMMON = ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")
TEST_FRACTION = 0.15
SHOWN = 6  # ordinary pictures of the test side


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=700, help="faces to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo" / "kaggle", help="folder (default: demo/kaggle)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    started = time.monotonic()
    faces, files, records, run, model, output = (
        args.out / name for name in ("300W_LP", "files", "records", "run", "model", "output")
    )
    steps = ["--steps", args.steps] if args.steps else []
    try:
        call("tools/make_faces.py", "--count", args.count, "--views", 1, "--out", faces, "--overwrite")
        write_files(faces, files)
        call("tools/make_records.py", files / "training.csv", "--out", records, "--overwrite")
        shutil.rmtree(run, ignore_errors=True)  # a demo shows training from the start
        call("net/train.py", "--recipe", "kaggle_demo", "--records", records, "--run", run, *steps)
        call("export/freeze.py", "--run", run, "--out", model)
        landmark, submission = model / "landmark.pb", args.out / "submission.csv"
        call("infer/run.py", files / "test.csv", "--model", landmark, "--submission", submission, "--out", output)
        pictures = collect_pictures(faces, args.out / "pictures")
        call("infer/run.py", pictures, "--model", landmark, "--out", args.out / "ordinary")
        call("tools/kaggle/score.py", submission, files / "solution.csv")
    except subprocess.CalledProcessError as error:
        print(f"demo: {error.cmd[1]} ended with exit code {error.returncode}", file=sys.stderr)
        return error.returncode
    summary(args.out, time.monotonic() - started)
    return 0


def write_files(faces: Path, folder: Path) -> None:
    """training.csv, test.csv, IdLookupTable.csv and solution.csv of drawn faces; test rows have all points."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"\nwriting the faces as Kaggle's files into {folder}", flush=True)
    items = read_300w_lp.find(faces, faces.name)
    held_out = [split_of(item.source, TEST_FRACTION) == "test" for item in items]
    kaggle_files.write_training(folder, rows_of([item for item, test in zip(items, held_out, strict=True) if not test]))
    kaggle_files.write_test(
        folder, list(rows_of([item for item, test in zip(items, held_out, strict=True) if test], 1))
    )


def rows_of(items: list[Item], full: float = FULL) -> Iterator[kaggle_files.Row]:
    """The faces as rows: grey pictures of 96x96 around each, a part `full` of them with all 15 points."""
    common = np.isin(KAGGLE_NAMES, COMMON)
    for item in items:
        face = read_300w_lp.read(item, "pts_2d")
        crop = Crop.around(face.box, MARGIN, EDGE)
        fractions = convert(crop.to_fractions(face.points), IBUG_68, KAGGLE_15)
        points = absolute_shape(fractions, picture_box(EDGE, EDGE))
        if hash_fraction(f"full {item.key}") >= full:
            points[~common] = np.nan
        yield kaggle_files.Row(points, cv2.cvtColor(crop.cut(face.image), cv2.COLOR_BGR2GRAY))


def collect_pictures(faces: Path, folder: Path) -> Path:
    """A folder with some of the drawn pictures whose faces are in test.csv, whole and in colour."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    items = [item for item in read_300w_lp.find(faces, faces.name) if split_of(item.source, TEST_FRACTION) == "test"]
    for item in items[:: max(1, len(items) // SHOWN)][:SHOWN]:
        shutil.copy(item.picture, folder)
    return folder


def summary(folder: Path, seconds: float) -> None:
    """Where to look, and the time."""
    print(
        f"\nthe table above: errors in pixels of 96 on drawn faces never seen; submission: {folder / 'submission.csv'}"
    )
    print(f"faces with their points: {folder / 'output' / 'contact_sheet.jpg'}, {folder / 'ordinary'}")
    print(f"curves, faces, errors of the training: {folder / 'run' / 'report.md'}")
    print(f"the demo took {seconds / 60:.1f} min")


if __name__ == "__main__":
    sys.exit(main())
