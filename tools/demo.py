"""Everything once, in minutes: draws faces, makes records, trains, freezes, and finds points in pictures never seen.

make demo
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import matplotlib
import numpy as np

from infer import Landmarker, read_picture
from infer.files.console import speak_plainly
from infer.files.pictures import write_picture
from net.training.settings import CHOICES
from records.split import Split
from tools.read import w300lp
from tools.shell import call, copy_some, exit_code_of

SHOWN = 10  # held-out drawn faces beside the group and the portrait: a full contact sheet
GROUP = (1.0, 0.7, 0.45)  # sizes of the heads in the group


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="faces to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder for all of it (default: demo)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    parser.add_argument("--precision", choices=CHOICES["precision"], help="of training (default: what is fast here)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    return exit_code_of("demo", lambda: demo(args.out, args.count, args.steps, args.precision))


def demo(out: Path, count: int, steps: int | None, precision: str | None) -> None:
    """All steps, into the folder `out`. Raises subprocess.CalledProcessError where one fails."""
    started = time.monotonic()
    faces, records, run, model, pictures = (out / name for name in ("300W_LP", "records", "run", "model", "pictures"))
    call("tools/make_faces.py", "--count", count, "--out", faces, "--overwrite")
    call("tools/make_records.py", faces, "--out", records, "--overwrite")
    shutil.rmtree(run, ignore_errors=True)  # a demo shows training from the start
    options = [*(("--steps", steps) if steps else ()), *(("--precision", precision) if precision else ())]
    call("net/train.py", "--recipe", "demo", "--records", records, "--run", run, *options)
    call("export/freeze.py", "--run", run, "--out", model)
    shown = collect_pictures(faces, pictures)
    call("infer/run.py", pictures, "--model", model / "landmark.pb", "--out", out / "output")
    quick = ["--no-detector", "--no-speed", "--out", out / "evaluation"]
    call("tools/evaluate.py", model / "landmark.pb", "--data", faces, *quick)
    summary(out, shown, time.monotonic() - started)


def collect_pictures(faces: Path, folder: Path) -> int:
    """A folder with drawn faces of the test split, alone and in a group, and the portrait from matplotlib's sample data
    (public domain); how many faces there are in all."""
    items = w300lp.find(faces, faces.name)
    held_out = [item.picture for item in items if Split().side_of(item.source) == "test"]
    copy_some(held_out, SHOWN, folder)
    members = held_out[:: max(1, -(-len(held_out) // len(GROUP)))]  # far apart in the list, so of several heads
    if members:
        write_picture(folder / "group.jpg", group([read_picture(path) for path in members]))
    shutil.copy(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", folder)
    return len(list(folder.glob("DRAWN_*.jpg"))) + len(members) + 1


def group(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """One picture of them all, side by side on one ground in the sizes of `GROUP`; uint8 BGR [H, W, 3]."""
    scaled = [cv2.resize(one, None, fx=size, fy=size) for one, size in zip(pictures, GROUP, strict=False)]
    height = max(len(one) for one in scaled)
    return np.hstack([cv2.copyMakeBorder(one, height - len(one), 0, 0, 0, cv2.BORDER_CONSTANT) for one in scaled])


def summary(folder: Path, shown: int, seconds: float) -> None:
    """What came out: faces found, the error on held-out ones, the time a face takes, and where the pictures lie.

    shown: how many faces there are in the pictures.
    """
    images = json.loads((folder / "output" / "points.json").read_text())["images"]
    found = sum(len(image["faces"]) for image in images)
    print(f"\nfaces that the shipped detector found in {len(images)} pictures: {found} of {shown}")
    rows = json.loads((folder / "evaluation" / "evaluation.json").read_text())["rows"]
    error, count = rows[0]["inter_ocular, 1 pass"], rows[0]["number"]
    print(f"NME on {count} held-out drawn faces: {error:.2f} % of the inter-ocular distance")
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
