"""Reads annotated faces, cuts them to 128x128 (with a border of context) and writes train and test TFRecords.

    python tools/make_records.py [DATASET...] --out DIR
    python tools/make_records.py --audit DIR
    python tools/make_records.py [DATASET...] --out DIR --runner DirectRunner [-- OPTION OF APACHE BEAM...]

A DATASET is a path; `PATH:2` lets its training faces count twice (any weight under 100), `PATH:500` takes at most 500.
The same command goes on where an interrupted one stopped. With --runner the loop is Apache Beam's, DATASET and DIR may
be URLs of its file systems (gs://, s3://, hdfs://), and the set comes out the same.
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
from records.landmarks import SCHEMES
from records.manifest import ENCODINGS, Manifest
from tools.make.command import add_options, audited, check_numbers, code_of, fields_of
from tools.make.request import MARGIN, FaceRequest
from tools.read.formats import FORMATS

RUNNERS = ("DirectRunner", "FlinkRunner", "SparkRunner", "DataflowRunner", "PortableRunner")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, "face", ROOT / "data" / "records", FORMATS)
    add = parser.add_argument
    help_scheme = f"points of the records: {', '.join(SCHEMES)}, or your FILE.json (default: those of the data sets)"
    add("--scheme", help=help_scheme)
    add("--context", type=int, default=32, metavar="PIXELS", help="border around the 128 pixels (default: %(default)s)")
    add("--margin", type=float, default=MARGIN, help="part of the box's longer edge, every side (default: %(default)s)")
    add("--encoding", choices=ENCODINGS, default="jpeg", help="pixels in the records (default: %(default)s)")
    help_upright = "turn crops as the heads stand, as crops from a detector are (default: as the pictures stand)"
    add("--upright", action="store_true", help=help_upright)
    add("--runner", choices=RUNNERS, help="of Apache Beam, whose options follow after -- (default: this machine alone)")
    own, flags = split_options(sys.argv[1:] if argv is None else argv)
    args = parser.parse_args(own)
    args.beam = flags
    if flags and not args.runner:
        parser.error("found options after --, expected --runner with them")
    if not args.runner and "://" in " ".join([str(args.out), *args.datasets]):
        parser.error("found a URL, expected paths; with --runner URLs may be data sets and --out")
    check_numbers(parser, args)
    if args.context < 0 or args.margin < 0:
        parser.error("expected --context, --margin >= 0")
    return args


def split_options(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our arguments, and those after `--`, which are Beam's."""
    place = argv.index("--") if "--" in argv else len(argv)
    return argv[:place], argv[place + 1 :]


def request_of(args: argparse.Namespace) -> FaceRequest:
    """What the options ask for; after it nothing knows of them."""
    own = {name: getattr(args, name) for name in ("scheme", "context", "margin", "encoding", "upright")}
    return FaceRequest(**fields_of(vars(args)), **own)


def make(request: FaceRequest, runner: str | None, flags: list[str]) -> int:
    """Makes the set, by Beam's runner with its options where one is named; the exit code."""
    # not above: options are read at once, and every worker process imports this file anew
    from tools.make import faces, records
    from tools.make.beam.load import beam_records

    if runner:
        manifest = beam_records().make_records_on_beam(request, runner, flags)
    else:
        manifest = records.make_set(request, faces.plan_of)
    return 1 if manifest.skipped else 0


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    if args.audit:
        return audited("make_records", args.audit, Manifest)
    again = "starts anew" if args.runner else "goes on"
    work = partial(make, request_of(args), args.runner, args.beam)
    return code_of("make_records", work, f"the same command {again}, {args.out} is as it was")


if __name__ == "__main__":
    sys.exit(main())
