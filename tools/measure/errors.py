"""Measures how well a model knows how far off its points are: held-out faces, as they are and covered or cut off.

    python tools/measure/errors.py data/300W data/300W_LP --plot errors.png
    python tools/measure/errors.py data/300W data/300W_LP --masks masks.jsonl --sheet least.jpg

One pass from the true box. Faces count whose sources neither training nor `fit_constants.py errors` saw.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from infer.files.pictures import write_picture
from infer.landmarker import Landmarker
from tools.evaluation.held_out import held_out
from tools.evaluation.looks import halves
from tools.evaluation.plots import DOTS, NO_TIME
from tools.evaluation.sureness import SHOWN, least_sure, masked, measure, plot_errors, tables


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="annotated sets, of which half of the test side counts")
    add("--model", metavar="FILE", help="network with its .json beside it, or small (default: as infer/run.py)")
    add("--count", type=int, help="at most so many faces of each subset (default: all)")
    help_masks = "faces with masks and without, as tools/make_scenes.py reads them: how sure it is of them"
    add("--masks", type=Path, metavar="FILE", help=help_masks)
    add("--plot", type=Path, metavar="FILE", help="told and true errors as a picture, .png")
    add("--sheet", type=Path, metavar="FILE", help=f"the {SHOWN} least sure faces as a picture, .jpg or .png")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        landmarker = Landmarker(args.model)
        _, items = halves(held_out(args.data, landmarker.contract, args.count), landmarker.contract)
        measured = measure(landmarker, items)
        print(tables(measured, masked(landmarker, args.masks) if args.masks else None))
        if args.plot:
            plot_errors(measured.plain).savefig(args.plot, dpi=DOTS, metadata=NO_TIME)
        if args.sheet:
            write_picture(args.sheet, least_sure(landmarker, measured))
    except (ValueError, OSError) as error:
        print(f"measure_errors: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
