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
import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.jobs.cores import cores
from infer.jobs.progress import Progress
from records.landmarks import SCHEMES, scheme_of
from records.split import SPLITS, TEST_FRACTION, Split
from tools.make.cut import Cut, Settings
from tools.make.datasets import find_items, parse_source, records_scheme
from tools.read import formats as readers
from tools.read import w300lp as read_300w_lp
from tools.read.face import BadSample, Item

if TYPE_CHECKING:
    from records.manifest import Manifest

# TensorFlow (through records.record and records.shards) is imported inside functions: every worker process imports this
# file anew, and would otherwise pay seconds and hundreds of megabytes for it.

MARGIN = 0.15  # of the landmark box's longer edge, on every side; freeze.py hands it on to inference
SHOWN = 3  # records logged in readable form
RUNNERS = ("DirectRunner", "FlinkRunner", "SparkRunner", "DataflowRunner", "PortableRunner")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("datasets", nargs="*", metavar="DATASET", help="folder or file, with a weight or a cap (default: data/300W_LP)")
    add("--out", type=place_of, default=ROOT / "data" / "records", help="folder of the records (default: data/records)")
    add("--format", choices=tuple(readers.FORMATS), help="of the data sets (default: found out for each)")
    add("--points", choices=read_300w_lp.POINT_KEYS, default="pts_2d", help="300W-LP's key (default: %(default)s)")
    add("--scheme", choices=tuple(SCHEMES), help="points of the records (default: those of the data sets)")
    add("--context", type=int, default=32, metavar="PIXELS", help="border around the 128 pixels (default: %(default)s)")
    add("--margin", type=float, default=MARGIN, help="part of the box's longer edge, every side (default: %(default)s)")
    add("--encoding", choices=("jpeg", "raw"), default="jpeg", help="pixels in the records (default: %(default)s)")
    add("--test-fraction", type=float, default=TEST_FRACTION, help="part of the sources, 0 to 1 (default: %(default)s)")
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


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        if args.audit:
            return audit(args.audit)
        manifest = make_records_on_beam(args) if args.runner else make_records(args)
    except (ValueError, OSError) as error:
        print(f"make_records: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        again = "starts anew" if args.runner else "goes on"
        print(f"make_records: stopped; the same command {again}, {args.out} is as it was", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    return 1 if manifest.skipped else 0


def audit(folder: Path) -> int:
    """Prints what is wrong with a set of records; the exit code."""
    from records import shards
    from records.manifest import Manifest

    faults = shards.audit(folder)
    for fault in faults:
        print(f"make_records: {fault}", file=sys.stderr)
    if not faults:
        manifest = Manifest.read(folder)
        counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
        print(f"{folder}: sound ({counts} records)")
    return 1 if faults else 0


def make_records(args: argparse.Namespace) -> Manifest:
    """Writes the whole set beside its place and moves it there; returns the manifest."""
    from tools.make import parts as writing

    check_place(args.out, args.overwrite)
    split = Split(args.test_fraction)
    sources = [parse_source(text) for text in args.datasets] or [parse_source(str(default_dataset()))]
    items, skipped, datasets = find_items(sources, args.format, split)
    settings = settings_of(args, items)
    parts = writing.plan_parts(items, split, args.shard_size)
    partial = writing.Partial(args.out)
    goes_on = partial.open(writing.digest_of(parts, settings))
    notes = write_parts(parts, settings, args.workers, partial, goes_on)
    manifest = writing.manifest_of(notes, settings, split, datasets, skipped)
    check_usable(manifest, partial, len(items))
    finish(partial, manifest, args)
    tell_summary(manifest, args.out)
    return manifest


def make_records_on_beam(args: argparse.Namespace) -> Manifest:
    """As `make_records`, the faces cut and written by workers of Apache Beam."""
    from tools.make import parts as writing

    beam_records, remote = beam_modules()
    split = Split(args.test_fraction)
    options = beam_records.options_of(args.runner, args.beam)
    far = remote.is_remote(args.out)
    partial = remote.RemotePartial(args.out) if far else writing.Partial(args.out.resolve())
    partial.check(args.overwrite) if far else check_place(args.out, args.overwrite)
    with tempfile.TemporaryDirectory() as mirrors:
        texts = args.datasets or [str(default_dataset())]
        sources = [beam_records.local_source(text, Path(mirrors)) for text in texts]
        items, skipped, datasets = find_items(sources, args.format, split)
    job = beam_records.Job(settings_of(args, items), str(partial.root), Path(mirrors), Path.cwd())
    parts = writing.plan_parts(items, split, args.shard_size)
    partial.start()
    about = {"split": split, "datasets": datasets, "skipped": skipped}
    manifest = beam_records.write_parts(parts, job, options, about)
    check_usable(manifest, partial, len(items))
    partial.publish() if far else finish(partial, manifest, args)
    tell_summary(manifest, args.out)
    return manifest


def beam_modules():
    """tools.beam_records and tools.remote. Raises ValueError where Apache Beam is not installed."""
    if not importlib.util.find_spec("apache_beam"):
        raise ValueError("--runner: found no Apache Beam, expected it installed from requirements-scale.lock")
    from records.runtime import silent_standard_error

    with silent_standard_error():  # Beam tells of everything that it could use and that is not there
        from tools.make.beam import records as beam_records
        from tools.make.beam import remote
    return beam_records, remote


def check_usable(manifest: Manifest, partial, faces: int) -> None:
    """Raises ValueError, and removes what was written, where no record for training came out."""
    if not manifest.count("train"):
        partial.remove()
        names = ", ".join(manifest.datasets)
        raise ValueError(f"{names}: found {faces} faces and no usable one for training: {why(manifest)}")


def check_place(out: Path, overwrite: bool) -> None:
    """Raises ValueError where something lies at `out` that may not be replaced."""
    from records.manifest import MANIFEST

    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise ValueError(f"{out}: found an existing folder, expected none (--overwrite replaces it)")
    if not (out / MANIFEST).is_file():
        raise ValueError(f"{out}: found a folder without {MANIFEST}, will not replace what is no set of records")


def default_dataset() -> Path:
    path = ROOT / "data" / "300W_LP"
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: no such folder; put 300W-LP there, name another DATASET, or draw one: python tools/make_faces.py"
        )
    return path


def settings_of(args: argparse.Namespace, items: list[Item]) -> Settings:
    """How the faces are cut; ValueError where the data sets' point schemes do not go together."""
    from records import record

    scheme = records_scheme(items, scheme_of(args.scheme) if args.scheme else None)
    return Settings(args.points, record.SIZE, args.margin, args.context, args.encoding, scheme.name)


def write_parts(parts: list, settings: Settings, workers: int, partial, goes_on: bool) -> list[dict]:
    """Writes the shards that are missing, with progress; the notes of all."""
    from tools.make import parts as writing

    done = sum(len(part.items) for part in parts if partial.note_of(part)) if goes_on else 0
    if done:
        print(f"going on with {partial.root}: {done} faces done before")
    with Progress(sum(len(part.items) for part in parts), "faces", done=done) as progress:

        def tell(item: Item, split: str, cut: Cut | BadSample) -> None:
            if progress.count - done < SHOWN and isinstance(cut, Cut):
                progress.say(readable(item, split, cut))
            progress.step()

        return writing.write_parts(parts, settings, workers, partial, tell)


def readable(item: Item, split: str, cut: Cut) -> str:
    """A record in words."""
    label, pose = (" ".join(f"{value:.3f}" for value in values) for values in (cut.label[:4], cut.pose))
    size = f"side {cut.side:.1f} px, {len(cut.image)} bytes"
    return f"{split} {item.key}: {size}, label {label} ..., pitch yaw roll {pose}"


def finish(partial, manifest: Manifest, args: argparse.Namespace) -> None:
    """Adds manifest, contact sheets and report to the finished shards and moves the set to its place."""
    from tools.make.preview import preview

    manifest.write(partial.set)
    for number in range(args.previews):
        preview(partial.set, partial.set / f"preview{'' if number == 0 else f'-{number + 1}'}.jpg", number)
    if not args.no_report:
        from tools.make.report import write_report

        write_report(partial.set)
    partial.publish()


def tell_summary(manifest: Manifest, folder: Path | str) -> None:
    """Prints what was written and what was left out, and why."""
    for name, entry in manifest.datasets.items():
        print(f"{name} ({entry.format}): {entry.taken} of {entry.found} faces, weight {entry.weight:g}")
    for split in SPLITS:
        print(f"{split}: {manifest.count(split)} faces in {len(manifest.shards[split])} shards")
    for reason, names in manifest.skipped.items():
        print(f"skipped, {reason}: {len(names)}, the first {names[0]}", file=sys.stderr)
    local = isinstance(folder, Path)
    print(f"written: {folder}{' (look at preview.jpg and report/ in it)' if local else ''}")


def why(manifest: Manifest) -> str:
    """The reasons for which faces were left out."""
    parts = [f"{reason} {len(names)}, the first {names[0]}" for reason, names in manifest.skipped.items()]
    return "; ".join(parts) or "all fell into the test split"


if __name__ == "__main__":
    sys.exit(main())
