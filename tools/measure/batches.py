"""Measures how many pictures a second infer/run.py does, as a ratio to reading them alone on all cores.

    python tools/measure/batches.py FOLDER

Bare decoding is measured before and after, for machines are noisy; start-up counts, so take some hundreds of pictures.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2

from infer.files.console import speak_plainly
from infer.files.listing import list_pictures
from infer.files.pictures import read_picture
from infer.jobs.cores import cores
from infer.jobs.memory import keep_memory
from tools.shell import output_of

BOXES = "boxes.csv"  # stands for the file made here: the middle half of each picture, about where 300W-LP has its faces
WAYS = {
    "known faces (`--boxes`), points only": ("--boxes", BOXES, "--no-draw"),
    "known faces (`--boxes`), drawn": ("--boxes", BOXES),
    "detection, points only": ("--no-draw",),
    "detection, drawn": (),
}


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pictures, in folders below it too")
    parser.add_argument("--model", type=Path, metavar="FILE", help="network (default: as infer/run.py)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    keep_memory()
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(args.folder, args.model, Path(folder)))
    except (ValueError, OSError) as error:
        print(f"measure_batches: {error}", file=sys.stderr)
        return 2
    return 0


def measure(folder: Path, model: Path | None, scratch: Path) -> str:
    """The table of all ways. Raises ValueError for a folder without pictures, and as `read_picture` does."""
    pictures = list_pictures([folder], recursive=True)
    if not pictures:
        raise ValueError(f"{folder}: found no pictures, expected some hundreds")
    paths = [str(path) for path, _ in pictures]
    boxes = write_boxes(pictures, scratch / BOXES)
    own: list[str | Path] = ["--model", model.resolve()] if model else []
    ways: dict[str, list[str | Path]] = {
        name: [boxes if word == BOXES else word for word in WAYS[name]] for name in WAYS
    }
    before = decoding_rate(paths)
    rates = {name: run_rate(folder, [*way, *own], len(paths)) for name, way in ways.items()}
    return table((before + decoding_rate(paths)) / 2, rates, len(paths))


def write_boxes(pictures: list[tuple[Path, str]], file: Path) -> Path:
    """A CSV with the middle half of each picture (path, name) as the box of its one face."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        for path, name in pictures:
            height, width = read_picture(path).shape[:2]
            writer.writerow([name, width / 4, height / 4, width * 3 / 4, height * 3 / 4])
    return file


def decoding_rate(paths: list[str]) -> float:
    """Pictures a second of cv2.imread alone, a thread on every core."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(cores()) as pool:
            began = time.perf_counter()
            for _ in pool.map(lambda path: cv2.imread(path) is None, paths):
                pass
            return len(paths) / (time.perf_counter() - began)
    finally:
        cv2.setNumThreads(threads)


def run_rate(pictures: Path, options: Sequence[str | Path], count: int) -> float:
    """Pictures a second of infer/run.py on a folder of so many. Raises ValueError where it fails."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        output_of("infer/run.py", pictures.resolve(), "--recursive", "--out", out, *options)
        return count / (time.perf_counter() - began)


def table(bare: float, rates: dict[str, float], count: int) -> str:
    """The rates as Markdown."""
    lines = [f"| {count} pictures, {cores()} cores | pictures/s | of bare decoding |", "|---|---|---|"]
    lines.append(f"| bare decoding | {bare:.0f} | 1 |")
    lines += [f"| {name} | {rate:.0f} | {rate / bare:.3f} |" for name, rate in rates.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
