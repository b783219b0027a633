"""Multiplies the training records of a set: turned, shifted, lighter and darker, mirrored, written as a set of its own.

    python tools/rewrite/augment.py data/records --out DIR --turn=-12,12 --shift 0.06 --brightness 0.6,1.2 --mirror

The classic way, for comparison: training itself makes new faces at every step (net/train.py, augmentation), which is
better and needs no disk. Every variant is the original changed in one way; --mirror adds the mirror image of each. Test
records stay as they are, and a face's variants share its source, so that no split parts them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from infer.model.contract import FARTHEST
from records.split import SPLITS
from tools.rewrite.variants import augment_records, variants_of


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, metavar="RECORDS", help="set of records made by tools/make_records.py")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--turn", type=numbers, default=(), metavar="DEGREES,...", help="angles, clockwise as seen")
    help_shift = "fractions of the crop's side; each moves the face to the left, right, up and down"
    add("--shift", type=numbers, default=(), metavar="FRACTIONS,...", help=help_shift)
    add("--brightness", type=numbers, default=(), metavar="FACTORS,...", help="what grey values are multiplied by")
    add("--mirror", action="store_true", help="and the mirror image of every variant")
    help_offset = (
        "labels lie so far to the right of their faces, in fractions of the crop's side: so will those of variants"
    )
    add("--label-offset", type=float, default=0.0, metavar="FRACTION", help=f"{help_offset} (default: %(default)s)")
    add("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if not all(abs(turn) <= 180 for turn in args.turn) or not all(0 < shift < 1 for shift in args.shift):
        parser.error(f"found turns {args.turn} and shifts {args.shift}, expected within 180 degrees, between 0 and 1")
    if not all(0 < factor <= 10 for factor in args.brightness):
        parser.error(f"--brightness: found {args.brightness}, expected factors over 0, at most 10")
    if not abs(args.label_offset) <= FARTHEST:
        parser.error(f"--label-offset: found {args.label_offset}, expected -{FARTHEST} to {FARTHEST}")
    return args


def numbers(text: str) -> tuple[float, ...]:
    """Numbers between commas. Raises argparse.ArgumentTypeError on other text."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected numbers between commas") from None


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        ways = variants_of(args.turn, args.shift, args.brightness, args.mirror)
        manifest = augment_records(args.records, args.out, ways, args.overwrite, args.label_offset)
    except (ValueError, OSError) as error:
        print(f"augment: {error}", file=sys.stderr)
        return 2
    counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
    print(f"written: {args.out} ({counts} records; look at preview.jpg in it)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
