"""Fits the constants that inference goes by, on real faces, and writes them into `infer/`.

    python tools/fit_constants.py mean_face data/300W_LP             # infer/mean_face.json
    python tools/fit_constants.py whole_face 300W.jsonl mtfl.jsonl --yunet yunet.onnx      # infer/whole_face.json
    python tools/fit_constants.py errors infer/landmark.pb --data data/300W data/300W_LP   # infer/landmark.json

`mean_face` takes a folder in 300W-LP's layout: `<SET>/<NAME>.jpg` and `landmarks/<SET>/<NAME>_pts.mat`; `whole_face`
what tools/make_scenes.py reads. Of both only training sources count; of `errors` a half of those held out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from export.document import readable
from infer.faces.pose import MEAN_FACE
from infer.faces.whole_face import CONSTANTS
from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from tools.fit.errors import fit_errors
from tools.fit.mean_face import fit_mean_face
from tools.fit.whole_face import fit_whole_face


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="constants", required=True, metavar="mean_face | whole_face | errors")
    face = kinds.add_parser("mean_face", help="the rigid 3-D face that head pose goes by")
    face.add_argument("data", type=Path, help="folder in 300W-LP's layout, with pts_3d and Pose_Para")
    face.add_argument("--out", type=Path, default=MEAN_FACE, metavar="FILE", help="(default: infer/mean_face.json)")
    add = kinds.add_parser("whole_face", help="from boxes of whole faces to landmark boxes").add_argument
    add("data", nargs="+", type=Path, help="pictures with all their faces, as tools/make_scenes.py reads them")
    add("--yunet", type=Path, required=True, metavar="FILE", help="YuNet's .onnx, which finds whole faces")
    add("--count", type=int, default=800, metavar="N", help="at most so many pictures a set (default: %(default)s)")
    add("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    add("--out", type=Path, default=CONSTANTS, metavar="FILE", help="(default: infer/whole_face.json)")
    add = kinds.add_parser("errors", help="from the spread that a model tells to the errors of its points").add_argument
    add("model", type=Path, help="landmark.pb with its contract .json beside it")
    add("--data", nargs="+", type=Path, required=True, metavar="DATASET", help="what make_records.py reads")
    add("--count", type=int, metavar="N", help="at most so many faces of each subset (default: all)")
    add("--out", type=Path, metavar="FILE", help="(default: the model's contract)")
    args = parser.parse_args(argv)
    if args.constants == "errors":
        args.out = args.out or args.model.with_suffix(".json")
    return args


class Fitted(NamedTuple):
    """The text of a file of constants, and how well they fit."""

    text: str
    report: str


def fitted(args: argparse.Namespace) -> Fitted:
    """What was asked for."""
    if args.constants == "mean_face":
        return Fitted(*fit_mean_face(args.data))
    if args.constants == "whole_face":
        return Fitted(*fit_whole_face(args.data, args.yunet, args.count, args.seed))
    contract, report = fit_errors(args.model, args.data, args.count)
    return Fitted(readable(contract) + "\n", report)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        text, report = fitted(args)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(args.out, text)
    except (ValueError, OSError) as error:
        print(f"fit_constants: {error}", file=sys.stderr)
        return 2
    print(f"{report}\n-> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
