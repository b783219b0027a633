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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly  # isort: skip  (first: infer says in one line where OpenCV does not load)

from infer.jobs.cores import cores
from records.landmarks import SCHEMES
from records.manifest import ENCODINGS
from records.split import TEST_FRACTION, Split
from tools.make.request import MARGIN, Request
from tools.read.face import AUTO, ORIENTATIONS
from tools.read.formats import FORMATS
from tools.read.w300lp import POINT_KEYS

HELP_ORIENTATION = "pictures that EXIF turns: as their format has it, turned, or as stored (default: %(default)s)"
RUNNERS = ("DirectRunner", "FlinkRunner", "SparkRunner", "DataflowRunner", "PortableRunner")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("datasets", nargs="*", metavar="DATASET", help="folder or file, with a weight or a cap (default: data/300W_LP)")
    add("--out", type=place_of, default=ROOT / "data" / "records", help="folder of the records (default: data/records)")
    add("--format", choices=tuple(FORMATS), help="of the data sets (default: found out for each)")
    add("--points", choices=POINT_KEYS, default="pts_2d", help="300W-LP's key (default: %(default)s)")
    add("--scheme", choices=tuple(SCHEMES), help="points of the records (default: those of the data sets)")
    add("--context", type=int, default=32, metavar="PIXELS", help="border around the 128 pixels (default: %(default)s)")
    add("--margin", type=float, default=MARGIN, help="part of the box's longer edge, every side (default: %(default)s)")
    add("--encoding", choices=ENCODINGS, default="jpeg", help="pixels in the records (default: %(default)s)")
    add("--orientation", choices=ORIENTATIONS, default=AUTO, help=HELP_ORIENTATION)
    help_fraction = "part of the sources, 0 to 1 (default: %(default)s)"
    add("--test-fraction", type=float, default=TEST_FRACTION, help=help_fraction)
    add("--shard-size", type=int, default=1000, help="faces a shard, about (default: %(default)s)")
    add("--workers", type=int, default=cores(), help="processes (default: all %(default)s cores)")
    add("--previews", type=int, default=1, metavar="N", help="contact sheets of 24 faces each (default: %(default)s)")
    add("--no-report", action="store_true", help="leave out the report page with its plots")
    add("--overwrite", action="store_true", help="replace an existing set of records")
    add("--audit", type=Path, metavar="DIR", help="check the records in DIR against their manifest, and nothing else")
    add("--runner", choices=RUNNERS, help="of Apache Beam, whose options follow after -- (default: this machine alone)")
    own, flags = split_options(sys.argv[1:] if argv is None else argv)
    args = parser.parse_args(own)
    args.beam = flags
    if flags and not args.runner:
        parser.error("found options after --, expected --runner with them")
    if not args.runner and "://" in " ".join([str(args.out), *args.datasets]):
        parser.error("found a URL, expected paths; with --runner URLs may be data sets and --out")
    numbers = args.context >= 0 and args.margin >= 0 and args.shard_size >= 1 and args.workers >= 1
    if not (numbers and args.previews >= 0 and 0 <= args.test_fraction < 1):
        parser.error(
            "expected --context, --margin, --previews >= 0, --shard-size, --workers >= 1, --test-fraction in [0, 1)"
        )
    return args


def place_of(text: str) -> Path | str:
    """A path, or a URL as it is."""
    return text if "://" in text else Path(text)


def split_options(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our arguments, and those after `--`, which are Beam's."""
    place = argv.index("--") if "--" in argv else len(argv)
    return argv[:place], argv[place + 1 :]


def request_of(args: argparse.Namespace) -> Request:
    """What the options ask for; after it nothing knows of them."""
    return Request(
        datasets=tuple(args.datasets),
        out=args.out,
        format=args.format,
        orientation=args.orientation,
        points=args.points,
        scheme=args.scheme,
        context=args.context,
        margin=args.margin,
        encoding=args.encoding,
        split=Split(args.test_fraction),
        shard_size=args.shard_size,
        workers=args.workers,
        previews=args.previews,
        report=not args.no_report,
        overwrite=args.overwrite,
    )


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    # not above: every worker process imports this file anew, and would pay seconds and hundreds of megabytes for the
    # TensorFlow that these bring
    from tools.make import records
    from tools.make.beam.load import beam_records

    try:
        if args.audit:
            return records.print_audit(args.audit)
        request = request_of(args)
        if args.runner:
            manifest = beam_records().make_records_on_beam(request, args.runner, args.beam)
        else:
            manifest = records.make_records(request)
    except (ValueError, OSError) as error:
        print(f"make_records: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        again = "starts anew" if args.runner else "goes on"
        print(f"make_records: stopped; the same command {again}, {args.out} is as it was", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    return 1 if manifest.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
