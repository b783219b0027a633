"""Kaggle's facial-keypoints-detection once through, in minutes: drawn faces in its files, and a submission, scored.

make demo-kaggle
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.split import Split
from tools.kaggle.drawn import faces_on, write_files
from tools.shell import call, copy_some, exit_code_of

TERMS = "Trained on drawn faces: the terms are those of the project."  # not Kaggle's, though in its files
HELD_OUT = Split(0.15)
SHOWN = 6  # ordinary pictures of the test side


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=700, help="faces to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo" / "kaggle", help="folder (default: demo/kaggle)")
    parser.add_argument("--steps", type=int, help="training steps (default: the recipe's)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    return exit_code_of("demo", lambda: demo(args.out, args.count, args.steps))


def demo(out: Path, count: int, steps: int | None) -> None:
    """All steps, into the folder `out`. Raises subprocess.CalledProcessError where one fails."""
    started = time.monotonic()
    faces, files, records, run, model = (out / name for name in ("300W_LP", "files", "records", "run", "model"))
    call("tools/make_faces.py", "--count", count, "--views", 1, "--out", faces, "--overwrite")
    print(f"\nwriting the faces as Kaggle's files into {files}", flush=True)
    write_files(faces, files, HELD_OUT)
    call("tools/make_records.py", files / "training.csv", "--out", records, "--overwrite")
    shutil.rmtree(run, ignore_errors=True)  # a demo shows training from the start
    options = ["--steps", steps] if steps else []
    call("net/train.py", "--recipe", "kaggle_demo", "--records", records, "--run", run, *options)
    call("export/freeze.py", "--run", run, "--out", model, "--terms", TERMS)
    network, submission = ("--model", model / "landmark.pb"), out / "submission.csv"
    call("infer/run.py", files / "test.csv", *network, "--submission", submission, "--out", out / "output")
    copy_some([item.picture for item in faces_on("test", faces, HELD_OUT)], SHOWN, out / "pictures")
    call("infer/run.py", out / "pictures", *network, "--out", out / "ordinary")
    call("tools/kaggle/score.py", submission, files / "solution.csv")
    print(f"\nthe table above: errors in pixels of 96 on drawn faces never seen; submission: {submission}")
    print(f"faces with their points: {out / 'output' / 'contact_sheet.jpg'}, {out / 'ordinary'}")
    print(f"curves, faces, errors of the training: {run / 'report.md'}")
    print(f"the demo took {(time.monotonic() - started) / 60:.1f} min")


if __name__ == "__main__":
    sys.exit(main())
