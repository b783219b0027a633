"""Measures models the way they ship (infer, OpenCV) on annotated faces, side by side.

    python tools/evaluate.py MODEL... --data DATASET [DATASET...]
    python tools/evaluate.py --folds DIR --data DATASET [DATASET...]
    python tools/evaluate.py --detector DETECTOR... --data DATASET [DATASET...]

Errors from true, shifted and detected boxes, one pass and two, with intervals; speed and size; plots. Held-out faces
are those of the split that the models were trained with, as their contracts have it. Any network of 68 points that
OpenCV runs can stand beside ours, with a contract written by hand: see docs/evaluation.md. AFLW2000-3D as it is
published: --data AFLW2000 --split all, with a model of --points pts_3d. Exit code 1: faces could not be read.

A DETECTOR is detector.pb or .onnx with its contract beside it, or yunet=FILE.onnx. They are judged on pictures
with all their faces, as tools/make_scenes.py reads them: recall by false alarms, by height, yaw and roll; times; plots.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.split import TEST_FRACTION
from tools.evaluation.answers import EvaluationSettings
from tools.evaluation.comparison import compare
from tools.evaluation.folds import cross_validate
from tools.evaluation.report import write_report
from tools.evaluation.scenes.comparison import TURNS, DetectorSettings, compare_detectors
from tools.evaluation.scenes.finders import DETECT, LOOKS
from tools.evaluation.scenes.selection import SceneSelection
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
    help_detector = "instead of models: face detectors, as above"
    add("--detector", nargs="+", default=[], metavar="DETECTOR", help=help_detector)
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
    add_detector_options(parser.add_argument_group("of detectors"))
    args = parser.parse_args(argv)
    if sum(map(bool, (args.models, args.folds, args.detector))) != 1:
        parser.error("expected models, or --folds DIR, or --detector DETECTOR...")
    if args.draws < 0 or args.seed < 0:
        parser.error(f"--draws {args.draws} --seed {args.seed}: expected at least 0")
    if args.folds and args.test_fraction is not None:
        parser.error("--test-fraction with --folds: expected one of them, for folds have no test fraction")
    return args


def add_detector_options(group: argparse._ArgumentGroup) -> None:
    """What only detectors are asked."""
    add = group.add_argument
    help_looks = f"longest side of one look at the whole picture, or {DETECT}: as run.py looks (default: %(default)s)"
    add("--looks", nargs="+", default=list(LOOKS), metavar="PIXELS", help=help_looks)
    help_turns = "clockwise, of whole pictures, beside 0 (default: %(default)s)"
    add("--turns", nargs="*", type=float, default=list(TURNS), metavar="DEGREES", help=help_turns)
    add("--count", type=int, metavar="N", help="at most so many pictures of each data set, drawn by --seed")
    help_light = "how much of it the pictures keep, with the noise of a small sensor (default: %(default)s, all of it)"
    add("--light", type=float, default=1.0, metavar="F", help=help_light)
    help_landmarks = "network whose points are compared from true and found boxes (default: as of run.py)"
    add("--landmarks", type=Path, metavar="MODEL", help=help_landmarks)


def scenes_of(args: argparse.Namespace) -> SceneSelection:
    """The pictures that detectors are judged on."""
    data, side, fraction = tuple(args.data), args.split, args.test_fraction
    return SceneSelection(data, side, fraction, args.orientation, args.points, args.count, args.seed, args.light)


def detector_settings_of(args: argparse.Namespace) -> DetectorSettings:
    """How detectors are judged."""
    return DetectorSettings(tuple(args.looks), tuple(args.turns), args.landmarks, not args.no_speed)


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    selection = FaceSelection(tuple(args.data), args.split, args.test_fraction, args.orientation)
    settings = EvaluationSettings(args.points, args.draws, args.seed, not args.no_detector)
    measured = args.models or args.detector or [args.folds]
    print(f"measuring {', '.join(map(str, measured))} on {', '.join(map(str, args.data))}", flush=True)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        if args.folds:
            found = cross_validate(args.folds, selection, settings)
        elif args.detector:
            found = compare_detectors(args.detector, scenes_of(args), detector_settings_of(args), args.out)
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
