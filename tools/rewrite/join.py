"""Makes one set of records of several, so that a network trains on all of them.

    python tools/rewrite/join.py data/records data/taught --out data/all

The sets have the same points, crops and split, and each its own subsets, whose shares training takes by --mix. Their
shards are copied as they are; train and test sides stay what they were.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.split import SPLITS
from tools.rewrite.joining import join_records


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("records", type=Path, nargs="+", metavar="RECORDS", help="sets of records, two or more")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the new set")
    add("--overwrite", action="store_true", help="replace an existing set of records")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        manifest = join_records(args.records, args.out, args.overwrite)
    except (ValueError, OSError) as error:
        print(f"join: {error}", file=sys.stderr)
        return 2
    counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
    print(f"written: {args.out} ({counts} records; look at preview.jpg in it)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
