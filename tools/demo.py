"""Everything once, in minutes: draws faces, makes records, trains, freezes, and finds points in pictures never seen.

make demo
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import matplotlib
import numpy as np

from infer import Landmarker, read_picture
from records.split import split_of
from tools.read import w300lp as read_300w_lp
from tools.shell import call

SHOWN = 11  # held-out drawn faces beside the portrait: a full contact sheet


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="faces to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder for all of it (default: demo)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    started = time.monotonic()
    faces, records, run, model = (args.out / name for name in ("300W_LP", "records", "run", "model"))
    steps = ["--steps", args.steps] if args.steps else []
    try:
        call("tools/make_faces.py", "--count", args.count, "--out", faces, "--overwrite")
        call("tools/make_records.py", faces, "--out", records, "--overwrite")
        shutil.rmtree(run, ignore_errors=True)  # a demo shows training from the start
        call("net/train.py", "--recipe", "demo", "--records", records, "--run", run, *steps)
        call("export/freeze.py", "--run", run, "--out", model)
        pictures = collect_pictures(faces, args.out / "pictures")
        call("infer/run.py", pictures, "--model", model / "landmark.pb", "--out", args.out / "output")
        quick = ["--no-detector", "--no-speed", "--out", args.out / "evaluation"]
        call("tools/evaluate.py", model / "landmark.pb", "--data", faces, *quick)
    except subprocess.CalledProcessError as error:
        print(f"demo: {error.cmd[1]} ended with exit code {error.returncode}", file=sys.stderr)
        return error.returncode
    summary(args.out, time.monotonic() - started)
    return 0


def collect_pictures(faces: Path, folder: Path) -> Path:
    """A folder with drawn faces of the test split, and the portrait from matplotlib's sample data (public domain)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    items = [item for item in read_300w_lp.find(faces, faces.name) if split_of(item.source, 0.1) == "test"]
    for item in items[:: max(1, len(items) // SHOWN)][:SHOWN]:
        shutil.copy(item.picture, folder)
    shutil.copy(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", folder)
    return folder


def summary(folder: Path, seconds: float) -> None:
    """What came out: the error on held-out faces, the time a face takes, and where the pictures lie."""
    rows = json.loads((folder / "evaluation" / "evaluation.json").read_text())["rows"]
    error, count = rows[0]["inter_ocular, 1 pass"], rows[0]["number"]
    print(f"\nNME on {count} held-out drawn faces: {error:.2f} % of the inter-ocular distance")
    print(f"time per face, one pass in OpenCV on all cores: {milliseconds_per_face(folder):.1f} ms")
    print(f"pictures with points: {folder / 'output'} (all in contact_sheet.jpg); TensorBoard: make board")
    print(f"the demo took {seconds / 60:.1f} min")


def milliseconds_per_face(folder: Path, rounds: int = 50) -> float:
    """Median time from a picture and a box to its points with the demo's model."""
    landmarker = Landmarker(folder / "model" / "landmark.pb")
    picture = read_picture(next((folder / "pictures").glob("DRAWN_*.jpg")))
    box = np.array([[100, 100, 300, 300]])
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        landmarker.fit(picture, box, passes=1)
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))


if __name__ == "__main__":
    sys.exit(main())
