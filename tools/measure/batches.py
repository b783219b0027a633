"""Measures how many pictures a second infer/run.py does, as a ratio to reading them alone on all cores.

    python tools/measure/batches.py FOLDER
    python tools/measure/batches.py FOLDER --rounds 3 --peer "mesh/bin/python tools/measure/peers/face_mesh.py"

The ways take turns, for machines are noisy, and of all rounds the median counts; start-up counts, so take some hundreds
of pictures. A peer is a command to which the folder is added, in whatever environment it wants.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.files.console import speak_plainly
from infer.files.listing import list_pictures
from infer.files.pictures import read_picture
from infer.jobs.cores import cores
from infer.jobs.memory import keep_memory
from tools.shell import output_of

BOXES = "boxes.csv"  # stands for the file made here: the middle half of each picture, about where 300W-LP has its faces
BARE, ONCE = "bare decoding", "known faces (`--boxes`), one pass, points only"
WAYS = {
    ONCE: ("--boxes", BOXES, "--passes", "1", "--no-draw"),
    "known faces (`--boxes`), points only": ("--boxes", BOXES, "--no-draw"),
    "known faces (`--boxes`), drawn": ("--boxes", BOXES),
    "detection, points only": ("--no-draw",),
    "detection, drawn": (),
}


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("folder", type=Path, help="pictures, in folders below it too")
    add("--model", type=Path, metavar="FILE", help="network (default: as infer/run.py)")
    add("--peer", action="append", default=[], metavar="COMMAND", help="what does the same; may be given several times")
    add("--rounds", type=int, default=1, help="(default: %(default)s)")
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error(f"--rounds {args.rounds}: expected at least 1")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    keep_memory()
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(args.folder, args.model, Path(folder), args.peer, args.rounds))
    except (ValueError, OSError) as error:
        print(f"measure_batches: {error}", file=sys.stderr)
        return 2
    return 0


def measure(folder: Path, model: Path | None, scratch: Path, peers: Sequence[str] = (), rounds: int = 1) -> str:
    """The table of all ways, of peers by their commands too. Raises ValueError for a folder without pictures and for
    what fails, and as `read_picture` does."""
    pictures = list_pictures([folder], recursive=True)
    if not pictures:
        raise ValueError(f"{folder}: found no pictures, expected some hundreds")
    boxes = write_boxes(pictures, scratch / BOXES)
    own: list[str | Path] = ["--model", model.resolve()] if model else []
    ways: dict[str, Callable[[], object]] = {BARE: partial(decode, [str(path) for path, _ in pictures])}
    for name, words in WAYS.items():
        options = [boxes if word == BOXES else word for word in words] + own
        ways[name] = partial(run, folder, options)
    for peer in peers:
        ways[f"`{peer}`"] = partial(run_peer, peer, folder)
    return table(median_seconds(ways, rounds), len(pictures))


def median_seconds(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """How long each way takes, in turns: the median of all rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def write_boxes(pictures: list[tuple[Path, str]], file: Path) -> Path:
    """A CSV with the middle half of each picture (path, name) as the box of its one face."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        for path, name in pictures:
            height, width = read_picture(path).shape[:2]
            writer.writerow([name, width / 4, height / 4, width * 3 / 4, height * 3 / 4])
    return file


def decode(paths: list[str]) -> None:
    """Reads the pictures by cv2.imread alone, a thread on every core."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(lambda path: cv2.imread(path) is None, paths):
                pass
    finally:
        cv2.setNumThreads(threads)


def run(pictures: Path, options: Sequence[str | Path]) -> None:
    """Runs infer/run.py on a folder. Raises ValueError where it fails."""
    with tempfile.TemporaryDirectory() as out:
        output_of("infer/run.py", pictures.resolve(), "--recursive", "--out", out, *options)


def run_peer(command: str, pictures: Path) -> None:
    """Runs a peer's command on a folder, in the repository's root, and says what it said last. Raises ValueError where
    it fails."""
    try:
        done = subprocess.run(
            [*shlex.split(command), str(pictures.resolve())], cwd=ROOT, capture_output=True, text=True
        )
    except OSError as error:
        raise ValueError(f"{command}: found that it cannot run ({error.strerror}), expected a command") from None
    said = [*done.stderr.splitlines(), *done.stdout.splitlines()] or ["nothing said"]
    if done.returncode:
        raise ValueError(f"{command}: found exit code {done.returncode} ({said[-1]}), expected 0")
    print(f"{command}: {said[-1]}", file=sys.stderr, flush=True)


def table(seconds: Mapping[str, float], count: int) -> str:
    """The medians as Markdown: rates, and times over that of known faces in one pass."""
    lines = [
        f"| {count} pictures, {cores()} cores | pictures/s | of bare decoding | time, of known faces in one pass |"
    ]
    lines.append("|---|---|---|---|")
    for name, time_taken in seconds.items():
        ratios = f"{seconds[BARE] / time_taken:.3g} | {time_taken / seconds[ONCE]:.2f}"
        lines.append(f"| {name} | {count / time_taken:.0f} | {ratios} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
