"""Measures speed and writes the tables into BENCHMARKS.md; rates are ratios within one run, for machines are noisy.

make bench
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from tools import read_300w_lp
from tools.cutting import JPEG_QUALITY

PAGE = ROOT / "BENCHMARKS.md"
BARE = 600  # faces of the bare loop


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=4000, help="drawn faces to measure with (default: %(default)s)")
    parser.add_argument(
        "--page", type=Path, default=PAGE, help="page whose sections are replaced (default: BENCHMARKS.md)"
    )
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        faces, records = Path(folder, "300W_LP"), Path(folder, "records")
        run("tools/make_faces.py", "--count", args.count, "--out", faces)
        write_section(args.page, "records", bench_records(faces, records))
        write_section(args.page, "training", run("net/bench.py", "--records", records))
    write_section(args.page, "inference", run("export/bench.py"))
    print(f"written: {args.page}")
    return 0


def run(script: str, *arguments) -> str:
    """Runs one of the project's scripts; what it printed. Raises CalledProcessError where it fails."""
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    print(f"$ {script}", flush=True)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def bench_records(faces: Path, records: Path) -> str:
    """The records table: the bare loop on one core before and after, and make_records.py on all cores."""
    before = bare_rate(faces)
    memory = Memory()
    started = time.perf_counter()
    count = len(read_300w_lp.find(faces, "bench"))
    with memory:
        run("tools/make_records.py", faces, "--out", records)
    rate = count / (time.perf_counter() - started)
    bare = (before + bare_rate(faces)) / 2
    cores = os.cpu_count()
    return (
        "| what | faces/s |\n|---|---|\n"
        f"| bare loop (read, warp, JPEG-encode), one core | {bare:.0f} |\n"
        f"| tools/make_records.py, {cores} cores, {count} faces, start-up included | {rate:.0f} |\n\n"
        f"Per core {rate / cores / bare:.2f} of the bare loop; peak memory, all processes {memory.peak / 1e9:.2f} GB.\n"
    )


def bare_rate(faces: Path) -> float:
    """Faces per second of reading, warping and encoding alone, on one core."""
    cv2.setNumThreads(1)
    pictures = [item.picture for item in read_300w_lp.find(faces, "bench")[:BARE]]
    matrix = np.array([[192 / 400, 0, 0], [0, 192 / 400, 0]], np.float64)
    started = time.perf_counter()
    for path in pictures:
        image = cv2.imread(str(path))
        cv2.imencode(".jpg", cv2.warpAffine(image, matrix, (192, 192)), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return len(pictures) / (time.perf_counter() - started)


class Memory:
    """Peak of the memory that this process's descendants hold together, bytes in `peak` (Linux only, else 0)."""

    def __init__(self):
        self.peak, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, sum(map(resident, descendants(os.getpid()))))


def descendants(pid: int) -> list[int]:
    """Process ids of all children and their children."""
    try:
        tasks = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    children = [int(one) for task in tasks for one in task]
    return children + [grandchild for child in children for grandchild in descendants(child)]


def resident(pid: int) -> int:
    """Bytes of memory a process holds, shared pages divided among those that share them."""
    try:
        return 1024 * int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0


def write_section(page: Path, name: str, text: str) -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- /name -->`; ValueError where the marks are missing."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page}: found no section {begin} ... {end}, expected one to write to")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
    print(text.strip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
