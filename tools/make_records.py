"""Reads annotated faces, cuts them to 128x128 (with a border of context) and writes train and test TFRecords.

python tools/make_records.py [DATASET...] --out DIR
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from tqdm import tqdm

from records.split import SPLITS, hash_fraction, split_of
from tools import read_300w_lp
from tools.cutting import Settings, cut_all
from tools.faces import BadSample, Item

# TensorFlow (through records.record and records.shards) is imported inside functions: every worker process imports this
# file anew, and would otherwise pay seconds and hundreds of megabytes for it.

MARGIN = 0.15  # of the landmark box's longer edge, on every side; freeze.py hands it on to inference
SHOWN = 3  # records logged in readable form


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "datasets", nargs="*", metavar="DATASET", help="folders in 300W-LP's layout (default: data/300W_LP)"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "data" / "records", help="folder of the records (default: data/records)"
    )
    parser.add_argument(
        "--points",
        choices=read_300w_lp.POINT_KEYS,
        default="pts_2d",
        help="pts_2d: jaw along the visible contour; pts_3d: projected (default: %(default)s)",
    )
    parser.add_argument(
        "--context",
        type=int,
        default=32,
        metavar="PIXELS",
        help="border of real surroundings around the 128 pixels; 0: the plain crop (default: %(default)s)",
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=MARGIN,
        help="of the landmark box's longer edge, added on every side (default: %(default)s)",
    )
    parser.add_argument(
        "--encoding", choices=("jpeg", "raw"), default="jpeg", help="pixels in the records (default: %(default)s)"
    )
    parser.add_argument(
        "--test-fraction",
        type=float,
        default=0.1,
        help="part of the sources for testing, 0 to 1 (default: %(default)s)",
    )
    parser.add_argument("--shard-size", type=int, default=1000, help="faces a shard, about (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="processes (default: all %(default)s cores)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing set of records")
    args = parser.parse_args(argv)
    if (
        args.context < 0
        or args.shard_size < 1
        or args.workers < 1
        or not 0 <= args.test_fraction < 1
        or args.margin < 0
    ):
        parser.error(
            "expected --context >= 0, --margin >= 0, --shard-size >= 1, --workers >= 1 and --test-fraction in [0, 1)"
        )
    return args


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        manifest = make_records(args)
    except (ValueError, OSError) as error:
        print(f"make_records: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"make_records: stopped, nothing written to {args.out}", file=sys.stderr)
        return 130  # as shells have it for Ctrl-C
    return 1 if manifest["skipped"] else 0


def make_records(args: argparse.Namespace) -> dict:
    """Writes the whole set beside its place and moves it there; returns the manifest."""
    from records import shards

    if args.out.exists() and any(args.out.iterdir()) and not args.overwrite:
        raise ValueError(f"{args.out}: found an existing folder, expected none (--overwrite replaces it)")
    if args.out.exists() and any(args.out.iterdir()) and not (args.out / shards.MANIFEST).is_file():
        raise ValueError(
            f"{args.out}: found a folder without {shards.MANIFEST}, will not replace what is no set of records"
        )
    items = find_items(args.datasets or [default_dataset()])
    partial = args.out.with_name(args.out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        manifest = write_set(items, args, partial)
        write_preview(partial)
        replace_folder(partial, args.out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    report(manifest, args.out)
    return manifest


def default_dataset() -> Path:
    path = ROOT / "data" / "300W_LP"
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: no such folder; put 300W-LP there, name another DATASET, or draw one: python tools/make_faces.py"
        )
    return path


def find_items(datasets: list) -> list[Item]:
    """The items of all data sets; a folder name that comes twice gets a number."""
    seen, items = Counter(), []
    for folder in map(Path, datasets):
        name = folder.resolve().name
        seen[name] += 1
        items += read_300w_lp.find(folder, name if seen[name] == 1 else f"{name}#{seen[name]}")
    return items


def plan(items: list[Item], test_fraction: float, shard_size: int) -> dict[str, list[list[Item]]]:
    """Items per split and shard, in an order that mixes sets and views but depends on the names alone."""
    ordered = sorted(items, key=lambda item: hash_fraction(item.key))
    splits = {split: [item for item in ordered if split_of(item.source, test_fraction) == split] for split in SPLITS}
    return {split: _parts(chosen, shard_size) for split, chosen in splits.items()}


def _parts(items: list[Item], size: int) -> list[list[Item]]:
    count = max(1, round(len(items) / size)) if items else 0
    return [items[len(items) * i // count : len(items) * (i + 1) // count] for i in range(count)]


def write_set(items: list[Item], args: argparse.Namespace, folder: Path) -> dict:
    """Writes shards and manifest into a folder. Raises ValueError when not one training record comes out."""
    from records import landmarks, record, shards

    settings = Settings(args.points, record.SIZE, args.margin, args.context, args.encoding)
    planned = plan(items, args.test_fraction, args.shard_size)
    counts, skipped, splits = Counter(), {}, {split: {"records": 0, "shards": []} for split in planned}
    everything = [item for split in planned for part in planned[split] for item in part]
    cuts = cut_all(everything, settings, args.workers)
    with tqdm(total=len(everything), unit="face", desc="records", disable=None, file=sys.stdout) as bar:
        for split, parts in planned.items():
            for index, part in enumerate(parts):
                chosen = _serialised(cuts, len(part), split, counts, skipped, bar)
                entry = shards.write_shard(folder / shards.shard_name(split, index, len(parts)), chosen)
                splits[split]["shards"].append(entry)
                splits[split]["records"] += entry["records"]
    if not splits["train"]["records"]:
        raise ValueError(
            f"{', '.join(sorted({item.dataset for item in items}))}: found {len(items)} faces and no usable one for "
            f"training: {_reasons(skipped) or 'all fell into the test split'}"
        )
    manifest = {
        "version": shards.VERSION,
        "scheme": landmarks.IBUG_68.name,
        "points": args.points,
        "size": record.SIZE,
        "margin": args.margin,
        "context": args.context,
        "encoding": args.encoding,
        "pixels": "RGB",
        "test_fraction": args.test_fraction,
        "splits": splits,
        "subsets": {
            name: {split: counts[split, name] for split in planned} for name in sorted({key[1] for key in counts})
        },
        "skipped": {reason: sorted(names) for reason, names in sorted(skipped.items())},
    }
    shards.write_manifest(folder, manifest)
    return manifest


def _serialised(cuts, count: int, split: str, counts: Counter, skipped: dict, bar):
    """The next `count` cuts as serialised records; bad ones are noted in `skipped` and left out."""
    from records.record import Record, encode

    for _ in range(count):
        item, cut = next(cuts)
        bar.update()
        if isinstance(cut, BadSample):
            skipped.setdefault(cut.reason, []).append(f"{item.key}: {cut}")
            continue
        subset = f"{item.dataset}/{item.subset}"
        if counts.total() < SHOWN:
            print(
                f"{split} {item.key}: side {cut.side:.1f} px, label {cut.label[:4].round(4).tolist()} ..., "
                f"pitch yaw roll {cut.pose.round(3).tolist()}, {len(cut.image)} bytes"
            )
        counts[split, subset] += 1
        yield encode(Record(cut.image, cut.label, cut.pose, cut.side, subset, item.name))


def write_preview(folder: Path) -> None:
    """Writes `preview.jpg`: 24 faces read back from the shards, with their points and the frame of the crop."""
    from tools.preview import preview

    preview(folder, folder / "preview.jpg")


def replace_folder(new: Path, place: Path) -> None:
    """Moves a finished folder to its place; an older one there is removed only after it."""
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)


def report(manifest: dict, folder: Path) -> None:
    """Prints what was written and what was left out, and why."""
    for split, entry in manifest["splits"].items():
        print(f"{split}: {entry['records']} faces in {len(entry['shards'])} shards")
    for reason, names in manifest["skipped"].items():
        print(f"skipped, {reason}: {len(names)}, the first {names[0]}", file=sys.stderr)
    print(f"written: {folder} (look at {folder / 'preview.jpg'})")


def _reasons(skipped: dict) -> str:
    return "; ".join(f"{reason} {len(names)}, the first {names[0]}" for reason, names in skipped.items())


if __name__ == "__main__":
    sys.exit(main())
