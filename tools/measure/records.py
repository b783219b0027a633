"""Measures tools/make_records.py against a bare loop that reads, warps and JPEG-encodes, and times its audit.

    python tools/measure/records.py FACES

FACES: a data set in 300W-LP's layout, of 1,000 faces and more. The bare loop runs on every core at once, before and
after, for machines are noisy.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.files.console import speak_plainly
from infer.jobs.cores import cores
from tools.evaluation.memory import FamilyPeak
from tools.make.cut import JPEG_QUALITY
from tools.read import w300lp
from tools.shell import output_of

BARE = 600  # faces of the bare loop
SMALL, LARGE = 2, 5  # every so manieth face, and all of them so often
NUMBER = re.compile(r"_(\d+)")  # of a photo, in its files' names
WHOLE_SET = 122_450  # faces of 300W-LP, flips included


@dataclass(frozen=True)
class Making:
    """One run of tools/make_records.py: faces, seconds, and the most memory of all its processes in bytes."""

    faces: int
    seconds: float
    peak: int


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path, metavar="FACES", help="data set in 300W-LP's layout")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    faces = parse_args(argv).faces
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(faces, Path(folder)))
    except (ValueError, OSError) as error:
        print(f"measure_records: {error}", file=sys.stderr)
        return 2
    return 0


def measure(faces: Path, folder: Path) -> str:
    """The table and the line of the audit, as Markdown; data sets and records go to the folder."""
    before = bare_rate(faces)
    small = make_records(linked(faces, folder / "small", every=SMALL), folder / "small records")
    large = make_records(linked(faces, folder / "large", times=LARGE), folder / "large records")
    bare = (before + bare_rate(faces)) / 2
    return f"{table(bare, small, large)}\n\n{audit(folder / 'large records')}"


def linked(faces: Path, folder: Path, times: int = 1, every: int = 1) -> Path:
    """A data set of the same files under `times` as many names (or of every `every`-th face): hard links."""
    for path in sorted(faces.rglob("*_*")):
        found = NUMBER.search(path.name)
        if path.is_dir() or not found or int(found[1]) % every:
            continue
        for turn in range(times):
            place = folder / path.relative_to(faces).with_name(NUMBER.sub(rf"_{turn}\1", path.name, count=1))
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)
    return folder


def make_records(faces: Path, out: Path) -> Making:
    """Runs tools/make_records.py. Raises ValueError where it fails."""
    count, memory = len(w300lp.find(faces, "drawn")), FamilyPeak()
    started = time.perf_counter()
    with memory:
        output_of("tools/make_records.py", faces.resolve(), "--out", out)
    return Making(count, time.perf_counter() - started, memory.peak)


def bare_rate(faces: Path) -> float:
    """Faces per second of reading, warping and encoding alone, a process on every core at once.

    Raises ValueError for a data set without faces.
    """
    paths = [str(item.picture) for item in w300lp.find(faces, "drawn")][:BARE]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        list(pool.map(bare_loop, [paths[:9]] * cores()))  # starts the processes
        return sum(pool.map(bare_loop, [paths] * cores()))


def bare_loop(paths: list[str]) -> float:
    """Faces per second of one process."""
    cv2.setNumThreads(1)
    matrix = np.array([[192 / 400, 0, 0], [0, 192 / 400, 0]], np.float64)
    started = time.perf_counter()
    for path in paths:
        image = cv2.imread(path)
        if image is None:
            raise ValueError(f"{path}: found no picture that can be read, expected a JPEG")
        small = cv2.warpAffine(image, matrix, (192, 192))
        cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return len(paths) / (time.perf_counter() - started)


def table(bare: float, small: Making, large: Making) -> str:
    """The rates in Markdown; what a further face takes follows from what the large set takes more than the small."""
    steady = (large.faces - small.faces) / (large.seconds - small.seconds)
    lines = [
        f"| on {cores()} cores | faces/s | of the bare loop | peak memory of all processes, GB |",
        "|---|---|---|---|",
        f"| bare loop (read, warp, JPEG-encode), on every core at once | {bare:.0f} | 1 | |",
    ]
    for run in (small, large):
        rate = run.faces / run.seconds
        lines.append(
            f"| make_records.py, {run.faces} faces, all in | {rate:.0f} | {rate / bare:.2f} | {run.peak / 1e9:.2f} |"
        )
    lines.append(f"| make_records.py, each further face | {steady:.0f} | {steady / bare:.2f} | |")
    return "\n".join([*lines, "", f"{WHOLE_SET:,} faces at the last rate: {WHOLE_SET / steady / 60:.1f} min."])


def audit(records: Path) -> str:
    """How long the audit of a set takes. Raises ValueError where it fails."""
    started = time.perf_counter()
    output_of("tools/make_records.py", "--audit", records)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in records.glob("*.tfrecords")) / 1e9
    return f"`--audit` of {size:.2f} GB takes {seconds:.1f} s, start-up included ({seconds / size:.0f} s/GB)."


if __name__ == "__main__":
    sys.exit(main())
