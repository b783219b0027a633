"""Reads pictures with all their faces and writes train and test TFRecords of scenes, for a face detector.

    python tools/make_scenes.py [DATASET...] --out DIR
    python tools/make_scenes.py --audit DIR

A DATASET is a labels.jsonl, a list of WIDER FACE, a folder of VOC XML, or any set that make_records.py reads; `PATH:2`
lets its training scenes count twice (any weight under 100), `PATH:500` takes at most 500. The same command goes on
where an interrupted one stopped.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.console import speak_plainly
from records.manifest import SceneManifest
from tools.make.command import add_options, audited, check_numbers, code_of, fields_of
from tools.make.request import LONGEST, SceneRequest
from tools.read.scenes import FORMATS

SMALLEST = 64  # pixels of a longer side that still shows faces


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, "scene", ROOT / "data" / "scenes", FORMATS)
    help_longest = "longer side of a picture; larger ones are reduced (default: %(default)s)"
    parser.add_argument("--longest", type=int, default=LONGEST, metavar="PIXELS", help=help_longest)
    args = parser.parse_args(argv)
    check_numbers(parser, args)
    if "://" in " ".join([str(args.out), *args.datasets]):
        parser.error("found a URL, expected paths")
    if args.longest < SMALLEST:
        parser.error(f"expected --longest >= {SMALLEST}")
    return args


def request_of(args: argparse.Namespace) -> SceneRequest:
    """What the options ask for; after it nothing knows of them."""
    return SceneRequest(**fields_of(vars(args)), longest=args.longest)


def make(request: SceneRequest) -> int:
    """Makes the set; the exit code."""
    from tools.make import records  # not above: options are read at once, and every worker imports this file
    from tools.make.scenes import sets

    return 1 if records.make_set(request, sets.plan_of).skipped else 0


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    if args.audit:
        return audited("make_scenes", args.audit, SceneManifest)
    work = partial(make, request_of(args))
    return code_of("make_scenes", work, f"the same command goes on, {args.out} is as it was")


if __name__ == "__main__":
    sys.exit(main())
