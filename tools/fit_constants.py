"""Fits the constants that inference goes by, on real faces, and writes them into `infer/` or beside a model.

    python tools/fit_constants.py boxes data/300W data/300W_LP       # infer/detectors.json
    python tools/fit_constants.py check data/300W data/300W_LP       # face_check*.json beside the model
    python tools/fit_constants.py mean_face data/300W_LP             # infer/mean_face.json
    python tools/fit_constants.py whole_face 300W.jsonl mtfl.jsonl --yunet yunet.onnx      # tools/read/whole_face.json

Data folders are laid out as 300W-LP: `<SET>/<NAME>.jpg` and `landmarks/<SET>/<NAME>_pts.mat`. Only training sources
count. After training a network of your own, fit its check: it is that network's alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.detect.haar import CONSTANTS
from infer.faces.check import own_constants
from infer.faces.pose import MEAN_FACE
from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from infer.landmarker import Landmarker
from tools.fit.boxes import fit_boxes
from tools.fit.check import fit_check
from tools.fit.mean_face import fit_mean_face
from tools.fit.whole_face import fit_whole_face
from tools.read import whole_face


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="constants", required=True, metavar="boxes | check | mean_face | whole_face")
    boxes = kinds.add_parser("boxes", help="from what a face detector answers to the landmark box")
    check = kinds.add_parser("check", help="the check that tells faces from false alarms, for one network")
    face = kinds.add_parser("mean_face", help="the rigid 3-D face that head pose goes by")
    for kind, count in ((boxes, 1500), (check, 600)):
        kind.add_argument("data", nargs="+", type=Path, help="folders in 300W-LP's layout")
        evenly = "pictures, evenly from the sets in the folders (default: %(default)s)"
        kind.add_argument("--count", type=int, default=count, metavar="N", help=evenly)
        kind.add_argument("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    boxes.add_argument("--out", type=Path, default=CONSTANTS, metavar="FILE", help="(default: infer/detectors.json)")
    model = "network with its .json beside it (default: as infer/run.py)"
    check.add_argument("--model", type=Path, metavar="FILE", help=model)
    check.add_argument("--out", type=Path, metavar="FILE", help="(default: beside the model, by its name)")
    face.add_argument("data", type=Path, help="folder in 300W-LP's layout, with pts_3d and Pose_Para")
    face.add_argument("--out", type=Path, default=MEAN_FACE, metavar="FILE", help="(default: infer/mean_face.json)")
    add_whole_face(kinds.add_parser("whole_face", help="from boxes of whole faces to landmark boxes").add_argument)
    return parser.parse_args(argv)


def add_whole_face(add: Callable) -> None:
    """Adds the options of `whole_face`."""
    add("data", nargs="+", type=Path, help="pictures with all their faces, as tools/make_scenes.py reads them")
    add("--yunet", type=Path, required=True, metavar="FILE", help="YuNet's .onnx, which finds whole faces")
    add("--count", type=int, default=800, metavar="N", help="at most so many pictures a set (default: %(default)s)")
    add("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    help_out = "(default: tools/read/whole_face.json)"
    add("--out", type=Path, default=whole_face.CONSTANTS, metavar="FILE", help=help_out)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    out = args.out
    try:
        if args.constants == "boxes":
            text, report = fit_boxes(args.data, args.count, args.seed)
        elif args.constants == "check":
            landmarker = Landmarker(args.model)
            out = out or own_constants(landmarker.contract.model)
            text, report = fit_check(landmarker, args.data, args.count, args.seed)
        elif args.constants == "whole_face":
            text, report = fit_whole_face(args.data, args.yunet, args.count, args.seed)
        else:
            text, report = fit_mean_face(args.data)
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(out, text)
    except (ValueError, OSError) as error:
        print(f"fit_constants: {error}", file=sys.stderr)
        return 2
    print(f"{report}\n-> {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
