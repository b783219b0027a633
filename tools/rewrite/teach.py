"""Gives records of a few points all the points of a teacher, and leaves out faces where it disagrees with the few.

    python tools/make_records.py labels.jsonl --out data/five
    python tools/rewrite/teach.py data/five --teacher infer/landmark.pb --out data/taught

Five points by hand tell a good answer of 68 from a bad one. The teacher, a trained model or several whose points lead
to the records' own (68 to 5), looks at each face from --views crops, as in tools/rewrite/distil.py; the mean of its
answers becomes the label. Where that is further than --far off any known point, the face is left out, and the manifest
names it under `skipped`. How far the views lie apart is a face's doubt, which net/train.py --weigh goes by. Test
records are left out as well, for a few points are no truth for many: tools/evaluate.py measures a model by them. The
new set goes beside others by tools/rewrite/join.py.

After Radosavovic et al., "Data Distillation: Towards Omni-Supervised Learning", CVPR 2018, and Xie et al.,
"Self-training with Noisy Student improves ImageNet classification", CVPR 2020.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.manifest import Manifest
from tools.rewrite.doubts import doubts_in_words
from tools.rewrite.teacher import Teacher
from tools.rewrite.teaching import DISAGREES, teach_records


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, metavar="RECORDS", help="set of records of a few points, by tools/make_records.py")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--teacher", type=Path, nargs="+", required=True, metavar="MODEL", help=".pb with its .json beside it")
    add("--views", type=int, default=16, metavar="N", help="crops of each face (default: %(default)s)")
    help_far = "fractions of the crop's side that it may be off at a known point (default: %(default)s)"
    add("--far", type=float, default=0.035, metavar="DISTANCE", help=help_far)
    add("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if not args.far > 0 or args.views < 1:
        parser.error(f"found far {args.far}, views {args.views}, expected a distance over 0, at least 1 view")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        manifest = teach_records(args.records, args.out, Teacher(args.teacher, args.views), args.far, args.overwrite)
    except (ValueError, OSError) as error:
        print(f"teach: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"teach: stopped; {args.out} is as it was", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    print(in_words(manifest))
    print(f"written: {args.out} (look at preview.jpg in it)")
    return 0


def in_words(manifest: Manifest) -> str:
    """How many faces the set holds, of which subset, how many were left out, and how sure the others are."""
    left_out = manifest.skipped.get(DISAGREES, [])
    lines = []
    for subset, counts in manifest.subsets.items():
        without = sum(line.startswith(f"{subset}/") for line in left_out)
        lines.append(f"{subset}: {counts['train']} faces taught, {without} left out: {DISAGREES}")
    return "\n".join([*lines, *doubts_in_words(manifest.doubts)])


if __name__ == "__main__":
    sys.exit(main())
