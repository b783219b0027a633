"""Trains the weights anew as those that ship were, from data to model files, each network by a plan of steps.

    python tools/train_weights.py 300W 300W_LP
    python tools/train_weights.py 300W 300W_LP --init infer/landmark.json
    python tools/train_weights.py 300W 300W_LP --five mtfl.jsonl --init infer/landmark.json --terms "..."
    python tools/train_weights.py --detector DATA --terms "..." --out infer
    python tools/train_weights.py --detector DATA --terms "..." --out infer --close-only

The standard landmark network: 1. `--recipe real` from nothing, 2. `--recipe real_more` from there, 3. labels moved
towards what that network says of many views of each face (tools/rewrite/distil.py), and `--recipe real_taught` on
those, from the same network, 4. the same again with both networks as teachers and `--recipe real_taught_more`, 5.
`--recipe real_polished`: on with little augmentation, 6. `--recipe sure`: a head that tells errors, 7. the export, and
what makes pixels of these errors (tools/fit_constants.py). Some four and a half hours on 2 cores, summed over the
stages; with --init, a model that is there, only 4 to 7, from it and by it: 75 minutes. With --five, faces of which five
points are known, before 6: records of upright crops, those faces taught all points by the network of 5 where it agrees
with the five (tools/rewrite/teach.py), and `--recipe real_upright` on all, an hour; with --init that alone.

The face detector: 1. scenes of the recipe's sets, `mtfl.jsonl`, `masks.jsonl`, `crowds.jsonl`, `negatives.jsonl`,
`300W.jsonl` and `300W_LP.jsonl` in the folder DATA, 2. `--recipe own`, or `--recipe own_more` from the detector of
--init, 3. from there a larger network for closer looks: `--recipe own_close`, and then `own_close_more`, 4. the export
of both, 5. tools/evaluate.py on what was held out, beside the detector that is in --out. It is replaced only by a
measurably better one: in a look of 320 or of 640 pixels, the first network's and the second one's, average precision of
all faces higher by over two standard errors, and in neither, of no part of them (set, height, yaw; turned), lower by
over three and half a point. Four hours on 2 cores. With --close-only the detector in --out stays, and gets another
network for closer looks, by 1 and 3 to 5: two and a half.

The same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly
from tools.shell import exit_code_of
from tools.weights.detector import train_detector_weights
from tools.weights.landmarks import FaceData, landmark_steps
from tools.weights.steps import carry_out


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="300W and 300W_LP, in the layout of 300W-LP; of the detector its folder")
    add(
        "--five",
        type=Path,
        metavar="LABELS.jsonl",
        help="faces of which five points are known, to be taught and learnt",
    )
    add("--detector", action="store_true", help="the face detector in place of the landmark network")
    help_close = "of the detector in --out, which stays, the network for closer looks alone"
    add("--close-only", action="store_true", help=help_close)
    help_init = "contract of a model to go on from: of landmarks, the last lesson alone"
    add("--init", type=Path, metavar="FILE.json", help=help_init)
    add("--work", type=Path, default=ROOT / "runs" / "weights", help="records and runs (default: runs/weights)")
    add("--out", type=Path, default=ROOT / "infer" / "local", help="folder of the model (default: infer/local)")
    add("--terms", help="of use, for the model's contract; needed where those of a data set are not known")
    args = parser.parse_args(argv)
    if args.detector:
        check_detector(parser, args)
    elif args.close_only:
        parser.error("--close-only: found no --detector, expected it")
    if args.five and not args.terms:  # the export would ask for them, after hours
        parser.error("--five: found no --terms, expected them, for those of such lists are not known")
    return args


def check_detector(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program where the detector's options do not go together."""
    if args.five:
        parser.error("--detector: found --five, expected it with landmarks alone")
    if args.close_only and args.init:
        parser.error("--close-only: found --init, expected none: it goes on from the detector in --out")
    if len(args.data) > 1:
        parser.error(f"--detector: found {len(args.data)} data sets, expected the folder that holds them")
    if not args.terms:  # the export would ask for them, after an hour
        parser.error("--detector: found no --terms, expected them, for not all its data sets have terms that are known")


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    places = args.init, args.work, args.out, args.terms

    def steps() -> None:
        if args.detector:
            train_detector_weights(args.data[0], *places, close_only=args.close_only)
        else:
            carry_out(landmark_steps(FaceData(args.data, args.five), *places))

    try:
        return exit_code_of("train_weights", steps, "stopped; the same command goes on from there")
    except (ValueError, OSError) as error:
        print(f"train_weights: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
