"""Freezes a run's network into landmark.pb + landmark.json, and other formats; every runtime must answer alike.

python export/freeze.py --run DIR --out DIR [--formats pb,pb16,onnx,tflite,int8]    (a detector's run: detector.pb)
python export/freeze.py --model infer/landmark.pb --out DIR --formats onnx,tflite
python export/freeze.py --summary FILE.pb [--board DIR]
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from export.decision import OVERLAP, THRESHOLD, Decision
from export.request import FORMATS, MODEL, FreezeRequest, format_names
from infer.files.console import speak_plainly
from net.detector.kind import DETECTOR_RUNS


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0 all formats written, 1 a format did not pass and is named (the others are written, but "
        "nothing where it is the first), 2 wrong usage, no run, no records",
    )
    add = parser.add_argument
    add("--run", type=Path, default=ROOT / "runs" / "latest", help="run folder (default: runs/latest)")
    add("--model", type=Path, help="convert this frozen model in place of a run; --out has to be given")
    add("--out", type=Path, help="folder of the model (default: infer/local)")
    add(
        "--records",
        type=Path,
        help="face records to compare on (default: those the run was trained on; for --model the pictures in images/, "
        "as always for a detector)",
    )
    add("--checkpoint", choices=("best", "last"), default="best", help="(default: %(default)s)")
    add(
        "--formats",
        default="pb",
        help=f"what to write, of {','.join(FORMATS)}; the first is the main one, and the first of pb and pb16 is "
        "NAME.pb (default: %(default)s)",
    )
    add("--name", help=f"of the model: NAME.pb, NAME.json (default: {MODEL} or {DETECTOR_RUNS.name}, or --model's)")
    add(
        "--terms",
        help="terms of use, kept in the contract (default: --model's, or those of what the run was trained on and "
        "started from, where they are known)",
    )
    add(
        "--threshold",
        type=float,
        help="of a detector: score from which on a find is a face (default: --model's, or what training measured, else "
        f"{THRESHOLD})",
    )
    add(
        "--overlap",
        type=float,
        help=f"of a detector: IoU from which on two finds are one face (default: --model's, else {OVERLAP})",
    )
    add(
        "--close",
        metavar="NAME.pb",
        help="of a detector: another one, in --out already, by which closer looks are taken (default: none)",
    )
    add("--summary", type=Path, metavar="FILE.pb", help="show what a frozen graph consists of, and write nothing")
    add("--board", type=Path, metavar="DIR", help="write the graph as an event file for TensorBoard to this folder")
    return _completed(parser, parser.parse_args(argv))


def _completed(parser: argparse.ArgumentParser, args: argparse.Namespace) -> argparse.Namespace:
    """The arguments with formats as such and the defaults that depend on others; ends where they contradict."""
    try:
        args.formats = format_names(args.formats)
        args.decision = Decision(args.threshold, args.overlap, args.close)
    except ValueError as error:
        parser.error(f"--{error}")
    if args.model and not args.out:
        parser.error("--model: found no --out, expected the folder of the converted model")
    args.name = args.name or (args.model.stem if args.model else None)
    args.out = args.out or ROOT / "infer" / "local"
    if args.model and (args.out / args.name).resolve() == args.model.with_suffix("").resolve():
        parser.error(f"--out: found the folder of --model, expected another one, or a --name other than {args.name}")
    if args.name is not None and not re.fullmatch(r"\w+", args.name):
        parser.error(f"--name: found {args.name!r}, expected letters, digits and _")
    return args


def request_of(args: argparse.Namespace) -> FreezeRequest:
    """The export that the arguments ask for."""
    names = (field.name for field in dataclasses.fields(FreezeRequest))
    return FreezeRequest(**{name: getattr(args, name) for name in names})


def main(argv=None) -> int:
    speak_plainly()
    request = request_of(parse_args(argv))
    for line in request.opening_lines():
        print(line, flush=True)
    from export import program  # not above: TensorFlow, for seconds; --help and wrong options need none of it

    return program.run(request)


if __name__ == "__main__":
    sys.exit(main())
