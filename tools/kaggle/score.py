"""Scores a submission to Kaggle's facial-keypoints-detection against known answers.

    python tools/kaggle/score.py submission.csv DIR/solution.csv [--lookup DIR/IdLookupTable.csv]

Prints the RMSE, by which Kaggle ranks, and the MAE, in pixels of the 96: over all rows, over the faces with all 15
points and over the others, and for each point. The answers: solution.csv of tools/kaggle/hold_out.py.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np

from infer.files.atomic import write_text_atomically
from infer.kaggle.files import Asked, default_lookup, read_lookup
from records.landmarks import KAGGLE_15, KAGGLE_NAMES
from tools.kaggle.files import read_locations


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("submission", type=Path, metavar="SUBMISSION", help="RowId,Location")
    add("solution", type=Path, metavar="SOLUTION", help="the same with the true locations")
    add(
        "--lookup", type=Path, metavar="FILE.csv", help="which row is what (default: IdLookupTable.csv beside SOLUTION)"
    )
    add("--out", type=Path, metavar="FILE.md", help="write the table to this file as well")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        rows = read_lookup(args.lookup or default_lookup(args.solution))
        text = table(rows, differences(args.submission, args.solution))
        if args.out:
            write_text_atomically(args.out, text + "\n")
    except (ValueError, OSError) as error:
        print(f"score_submission: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


def differences(submission: Path, solution: Path) -> dict[str, float]:
    """Submitted minus true location by RowId, pixels.

    Raises what `read_locations` raises, and ValueError unless both files have the same rows, at least one.
    """
    submitted, true = read_locations(submission), read_locations(solution)
    for where, found, others in ((submission, submitted, true), (solution, true, submitted)):
        missing = [row for row in others if row not in found]
        if missing:
            raise ValueError(f"{where}: found {len(found)} rows without RowId {missing[0]}, expected {len(others)}")
    if not true:
        raise ValueError(f"{solution}: found no row, expected RowId,Location")
    return {row: submitted[row] - value for row, value in true.items()}


def table(asked: list[Asked], found: dict[str, float]) -> str:
    """RMSE and MAE in Markdown. Raises ValueError for rows that the lookup table does not have."""
    rows = [row for row in asked if row.row in found]
    if len(rows) != len(found):
        raise ValueError(f"lookup table: found {len(rows)} of the {len(found)} rows, expected all of them")
    known = Counter(row.image for row in rows)
    full = [row for row in rows if known[row.image] == 2 * KAGGLE_15.count]
    partial = [row for row in rows if known[row.image] < 2 * KAGGLE_15.count]
    groups = {"all": rows, "faces with all 15 points": full, "other faces": partial}
    groups |= {name: [row for row in rows if row.feature[:-2] == name] for name in KAGGLE_NAMES}
    lines = ["| rows | locations | RMSE, px of 96 | MAE, px of 96 |", "|---|---|---|---|"]
    for name, chosen in groups.items():
        if chosen:
            values = np.array([found[row.row] for row in chosen])
            lines.append(
                f"| {name} | {len(chosen)} | {np.sqrt(np.square(values).mean()):.3f} | {np.abs(values).mean():.3f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
