"""Measures models the way they ship (infer, OpenCV) on annotated faces, side by side.

    python tools/evaluate.py MODEL... --data DATASET [DATASET...]
    python tools/evaluate.py --folds DIR --data DATASET [DATASET...]

Errors from true, shifted and detected boxes, one pass and two, with intervals; speed and size; plots. Held-out faces
are those of the split that the models were trained with, as their contracts have it. Any network of 68 points that
OpenCV runs can stand beside ours, with a contract written by hand: see docs/evaluation.md. AFLW2000-3D as it is
published: --data AFLW2000 --split all, with a model of --points pts_3d. Exit code 1: faces could not be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly  # isort: skip  (first: infer says in one line where OpenCV does not load)

from records.split import TEST_FRACTION
from tools.evaluation.answers import EvaluationSettings
from tools.evaluation.comparison import compare
from tools.evaluation.folds import cross_validate
from tools.evaluation.report import write_report
from tools.evaluation.splits import SIDES, FaceSelection
from tools.read import w300lp
from tools.read.face import AUTO, ORIENTATIONS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("models", nargs="*", type=Path, metavar="MODEL", help="landmark.pb or .onnx with its contract .json beside it")
    add("--data", nargs="+", type=Path, required=True, metavar="DATASET", help="what make_records.py reads")
    add("--folds", type=Path, metavar="DIR", help="instead of models: runs of --fold i/k, frozen in their own folders")
    add("--points", choices=w300lp.POINT_KEYS, default="pts_2d", help="(default: %(default)s)")
    help_split = "test: sources that training did not see (default: %(default)s)"
    add("--split", choices=SIDES, default="test", help=help_split)
    help_fraction = f"of models whose contract does not say (default: the models' own, or {TEST_FRACTION})"
    add("--test-fraction", type=float, metavar="F", help=help_fraction)
    add("--orientation", choices=ORIENTATIONS, default=AUTO, help="as of make_records.py (default: %(default)s)")
    add("--draws", type=int, default=3, help="shifted boxes per face; 0: none (default: %(default)s)")
    add("--seed", type=int, default=0, help="of shifted boxes and intervals (default: %(default)s)")
    add("--no-detector", action="store_true", help="leave the detector out: it takes most of the time")
    add("--no-speed", action="store_true", help="leave times and memory out")
    help_out = "folder for evaluation.md, evaluation.json and plots (default: ./output/evaluation)"
    add("--out", type=Path, default=Path("output", "evaluation"), metavar="DIR", help=help_out)
    add("--json", type=Path, metavar="FILE", help="all numbers to this file as well")
    args = parser.parse_args(argv)
    if bool(args.models) == bool(args.folds):
        parser.error("expected models, or --folds DIR")
    if args.draws < 0 or args.seed < 0:
        parser.error(f"--draws {args.draws} --seed {args.seed}: expected at least 0")
    if args.folds and args.test_fraction is not None:
        parser.error("--test-fraction with --folds: expected one of them, for folds have no test fraction")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    selection = FaceSelection(tuple(args.data), args.split, args.test_fraction, args.orientation)
    settings = EvaluationSettings(args.points, args.draws, args.seed, not args.no_detector)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        if args.folds:
            found = cross_validate(args.folds, selection, settings)
        else:
            found = compare(args.models, selection, settings, not args.no_speed, args.out)
        files = write_report(found, args.out, args.json)
    except (ValueError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(f"\n{found.text}\nwritten: {args.out}/{', '.join(files)}")
    for line in found.document["skipped"]:
        print(f"skipped: {line}", file=sys.stderr)
    return 1 if found.document["skipped"] else 0


if __name__ == "__main__":
    sys.exit(main())
