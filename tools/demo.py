"""Everything once, in minutes: draws faces, makes records, trains, freezes, and finds points in pictures never seen.

make demo
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import matplotlib
import numpy as np

from infer import Landmarker, read_picture
from infer.files.console import speak_plainly
from records.split import Split
from tools.read import w300lp
from tools.shell import call, copy_some, exit_code_of

SHOWN = 11  # held-out drawn faces beside the portrait: a full contact sheet


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="faces to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder for all of it (default: demo)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    return exit_code_of("demo", lambda: demo(args.out, args.count, args.steps))


def demo(out: Path, count: int, steps: int | None) -> None:
    """All steps, into the folder `out`. Raises subprocess.CalledProcessError where one fails."""
    started = time.monotonic()
    faces, records, run, model, pictures = (out / name for name in ("300W_LP", "records", "run", "model", "pictures"))
    call("tools/make_faces.py", "--count", count, "--out", faces, "--overwrite")
    call("tools/make_records.py", faces, "--out", records, "--overwrite")
    shutil.rmtree(run, ignore_errors=True)  # a demo shows training from the start
    options = ["--steps", steps] if steps else []
    call("net/train.py", "--recipe", "demo", "--records", records, "--run", run, *options)
    call("export/freeze.py", "--run", run, "--out", model)
    collect_pictures(faces, pictures)
    call("infer/run.py", pictures, "--model", model / "landmark.pb", "--out", out / "output")
    quick = ["--no-detector", "--no-speed", "--out", out / "evaluation"]
    call("tools/evaluate.py", model / "landmark.pb", "--data", faces, *quick)
    summary(out, time.monotonic() - started)


def collect_pictures(faces: Path, folder: Path) -> None:
    """A folder with drawn faces of the test split, and the portrait from matplotlib's sample data (public domain)."""
    items = w300lp.find(faces, faces.name)
    copy_some([item.picture for item in items if Split().side_of(item.source) == "test"], SHOWN, folder)
    shutil.copy(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", folder)


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
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        landmarker.fit(picture, [(100, 100, 300, 300)], passes=1)
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))


if __name__ == "__main__":
    sys.exit(main())
