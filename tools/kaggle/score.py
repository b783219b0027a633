"""Scores a submission to Kaggle's facial-keypoints-detection against known answers.

    python tools/kaggle/score.py submission.csv DIR/solution.csv [--lookup DIR/IdLookupTable.csv]

Prints the RMSE, by which Kaggle ranks, and the MAE, in pixels of the 96: over all rows, over the faces with all 15
points and over the others, and for each point. The answers: solution.csv of tools/kaggle/hold_out.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from infer.kaggle.files import default_lookup, read_lookup
from tools.kaggle.errors import differences, table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("submission", type=Path, metavar="SUBMISSION", help="RowId,Location")
    add("solution", type=Path, metavar="SOLUTION", help="the same with the true locations")
    which = "which row is what (default: IdLookupTable.csv beside SOLUTION)"
    add("--lookup", type=Path, metavar="FILE.csv", help=which)
    add("--out", type=Path, metavar="FILE.md", help="write the table to this file as well")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        rows = read_lookup(args.lookup or default_lookup(args.solution))
        text = table(rows, differences(args.submission, args.solution))
        if args.out:
            write_text_atomically(args.out, text + "\n")
    except (ValueError, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
