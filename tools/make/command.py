"""What the command lines of make_records.py and make_scenes.py share: options, and how a call ends.

What makes sets is not imported here: options are read at once, and every worker process imports the script anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from infer.jobs.cores import cores
from records.manifest import SetManifest
from records.split import TEST_FRACTION, Split
from tools.read.face import AUTO, ORIENTATIONS
from tools.read.w300lp import POINT_KEYS

HELP_ORIENTATION = "pictures that EXIF turns: as their format has it, turned, or as stored (default: %(default)s)"


def add_options(parser: argparse.ArgumentParser, thing: str, out: Path, formats: Collection[str]) -> None:
    """Adds the options that all kinds of sets have.

    thing: what an item is called; out: the folder of the set where none is given; formats: of data sets.
    """
    add = parser.add_argument
    add("datasets", nargs="*", metavar="DATASET", help="folder or file, with a weight or a cap (default: data/300W_LP)")
    add("--out", type=place_of, default=out, help=f"folder of the records (default: data/{out.name})")
    add("--format", choices=tuple(formats), help="of the data sets (default: found out for each)")
    add("--points", choices=POINT_KEYS, default="pts_2d", help="300W-LP's key (default: %(default)s)")
    add("--orientation", choices=ORIENTATIONS, default=AUTO, help=HELP_ORIENTATION)
    help_fraction = "part of the sources, 0 to 1 (default: %(default)s)"
    add("--test-fraction", type=float, default=TEST_FRACTION, help=help_fraction)
    add("--shard-size", type=int, default=1000, help=f"{thing}s a shard, about (default: %(default)s)")
    add("--workers", type=int, default=cores(), help="processes (default: all %(default)s cores)")
    add("--previews", type=int, default=1, metavar="N", help="contact sheets of 24 each (default: %(default)s)")
    add("--no-report", action="store_true", help="leave out the report page with its plots")
    add("--overwrite", action="store_true", help="replace an existing set of records")
    add("--audit", type=Path, metavar="DIR", help="check the records in DIR against their manifest, and nothing else")


def place_of(text: str) -> Path | str:
    """A path, or a URL as it is."""
    return text if "://" in text else Path(text)


def check_numbers(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program on a number that `add_options` has no use for."""
    if min(args.shard_size, args.workers) < 1 or args.previews < 0 or not 0 <= args.test_fraction < 1:
        parser.error("expected --previews >= 0, --shard-size, --workers >= 1, --test-fraction in [0, 1)")


def fields_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `tools.make.request.Request`, from what `add_options` parsed, by name."""
    same = ("out", "format", "orientation", "points", "shard_size", "workers", "previews", "overwrite")
    fields = {name: options[name] for name in same}
    return fields | {
        "datasets": tuple(options["datasets"]),
        "split": Split(options["test_fraction"]),
        "report": not options["no_report"],
    }


def audited(script: str, folder: Path, kind: type[SetManifest]) -> int:
    """Prints what is wrong with a set of records of a kind; the exit code of the script."""
    from tools.make.records import print_audit  # not above, as the module says

    return code_of(script, lambda: print_audit(folder, kind, script), f"{folder} was only read")


def code_of(script: str, work: Callable[[], int], stopped: str) -> int:
    """The exit code of a script's work; what stands in its way is one line on standard error.

    stopped: what to say of a call that Ctrl-C ended.
    """
    try:
        return work()
    except (ValueError, OSError) as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{script}: stopped; {stopped}", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
