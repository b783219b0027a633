"""Holds rows of Kaggle's training set out as a test set of one's own, with the answers that Kaggle keeps to itself.

    python tools/kaggle/hold_out.py training.csv --out DIR

writes DIR/test.csv, DIR/IdLookupTable.csv and DIR/solution.csv of the rows that tools/make_records.py puts on the test
side with the same --test-fraction, so that no network trained on its training side has seen them. Then
infer/run.py DIR/test.csv --submission submission.csv, and tools/kaggle/score.py submission.csv DIR/solution.csv.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.split import TEST_FRACTION, Split
from tools.kaggle.files import hold_out


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("training", type=Path, metavar="TRAINING", help="training.csv, training.zip, or the folder of one")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the three files")
    add("--test-fraction", type=float, default=TEST_FRACTION, help="as given to make_records.py (default: %(default)s)")
    add("--overwrite", action="store_true", help="replace files of these names in DIR")
    args = parser.parse_args(argv)
    if not 0 < args.test_fraction < 1:
        parser.error(f"--test-fraction: found {args.test_fraction}, expected between 0 and 1")
    return args


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        count, asked = hold_out(args.training, args.out, Split(args.test_fraction), args.overwrite)
    except (ValueError, OSError) as error:
        print(f"hold_out: {error}", file=sys.stderr)
        return 2
    print(f"{count} faces, {asked} locations -> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
