"""Moves labels of training records towards what a teacher answers: distillation, and labels where there are none.

    python tools/rewrite/distil.py data/records --teacher infer/landmark.pb --trust "*=0.5,300W/YTF=1" --out DIR

The teacher, a trained model or several, looks at each face from --views crops, shifted, scaled and turned a little,
half of them mirrored; the mean of its answers is steadier than any of them. A known point moves by its subset's --trust
towards that (0: stays, 1: replaced), unless the two are further apart than --far; an unknown point becomes the
teacher's where trust is over 0. Each face that was looked at tells its doubt, how far the views lie from its label,
which net/train.py --weigh goes by. Test records stay as they are. A network trained on the new set learns from both
at once, at no cost in training.

After Hinton et al., "Distilling the Knowledge in a Neural Network" (2015), and Radosavovic et al., "Data Distillation:
Towards Omni-Supervised Learning", CVPR 2018, for the mean over views.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.mixes import mix_of
from records.split import SPLITS
from tools.rewrite.distillation import Distillation, distil_records
from tools.rewrite.doubts import doubts_in_words
from tools.rewrite.teacher import Teacher


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, metavar="RECORDS", help="set of records made by tools/make_records.py")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--teacher", type=Path, nargs="+", required=True, metavar="MODEL", help=".pb with its .json beside it")
    help_trust = "how far labels move, 0 to 1, by subset or pattern: NAME=TRUST,...; others 0.5"
    add("--trust", type=mix_of, default={}, metavar="TRUST", help=help_trust)
    add("--views", type=int, default=16, metavar="N", help="crops of each face (default: %(default)s)")
    help_far = "fractions of the crop's side: points further apart stay (default: %(default)s)"
    add("--far", type=float, default=0.06, metavar="DISTANCE", help=help_far)
    add("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if not all(trust <= 1 for trust in args.trust.values()) or not args.far > 0 or args.views < 1:
        found = f"trust {args.trust}, far {args.far}, views {args.views}"
        parser.error(f"found {found}, expected trust from 0 to 1, a distance over 0, at least 1 view")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        teacher = Teacher(args.teacher, args.views)
        manifest = distil_records(args.records, args.out, teacher, Distillation(args.trust, args.far), args.overwrite)
    except (ValueError, OSError) as error:
        print(f"distil: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"distil: stopped; {args.out} is as it was", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    points = manifest.notes["distilled"]
    counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
    print(f"written: {args.out} ({counts} records; look at preview.jpg in it)")
    moved = f"{points['moved']} moved, by {points['mean']:.4f} of the crop's side on average"
    print(f"points: {moved}; {points['kept']} kept, {points['filled']} filled in")
    print("\n".join(doubts_in_words(manifest.doubts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
