"""Measures speed and writes the tables into BENCHMARKS.md; rates are ratios within one run, for machines are noisy.

make bench [DATA="300W 300W_LP"] [PHOTOS=DIR] [ONLY="roll pose"]
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from tools.make.cut import JPEG_QUALITY
from tools.read import w300lp as read_300w_lp

PAGE = ROOT / "BENCHMARKS.md"
BARE = 600  # faces of the bare loop


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="drawn faces to measure with (default: %(default)s)")
    parser.add_argument(
        "--data",
        nargs="*",
        type=Path,
        default=[],
        help="real data sets to evaluate on as well (default: drawn ones only)",
    )
    parser.add_argument("--photos", type=Path, help="photos marked in dlib's XML, for detection as well")
    parser.add_argument("--only", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write to (default: BENCHMARKS.md)")
    args = parser.parse_args(argv)
    if unknown := set(args.only or ()) - set(SECTIONS):
        parser.error(f"--only: found {', '.join(sorted(unknown))}, expected some of {', '.join(SECTIONS)}")
    return args


def main(argv=None) -> int:
    args = parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.data, args.photos, args.count, Path(folder))
        for name in args.only or SECTIONS:
            if text := SECTIONS[name](bench):
                write_section(args.page, name, text)
            else:
                print(f"{name}: left out, it wants real faces (DATA, PHOTOS)", flush=True)
    print(f"written: {args.page}")
    return 0


@dataclass(frozen=True)
class Bench:
    """What sections are measured with: real data sets, marked photos, and drawn faces, made when one wants them."""

    data: list[Path]
    photos: Path | None
    count: int
    folder: Path

    @cached_property
    def faces(self) -> Path:
        """The data set of drawn faces."""
        run("tools/make_faces.py", "--count", self.count, "--out", self.folder / "faces")
        return self.folder / "faces"

    @cached_property
    def large(self) -> tuple[Path, tuple[int, float, int]]:
        """The records of the drawn faces, five times over, and what `make_records` says of them."""
        out = self.folder / "large records"
        return out, make_records(linked(self.faces, self.folder / "large", 5), out)


def run(script: str, *arguments) -> str:
    """Runs one of the project's scripts; what it printed. Raises CalledProcessError where it fails."""
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    print(f"$ {script}", flush=True)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def bench_evaluation(data: list[Path], out: Path) -> str:
    """The tables of tools/evaluate.py for the shipped models on held-out faces, their headings one step lower."""
    if not data:
        return ""
    run("tools/evaluate.py", *shipped(), "--data", *data, "--out", out)
    text = (out / "evaluation.md").read_text(encoding="utf-8")
    tables = text.removeprefix("# Evaluation\n").partition("\n![")[0]
    return tables.replace(str(ROOT) + os.sep, "").replace("\n## ", "\n### ")


def shipped() -> list[Path]:
    """The models that come with the program and find the same points, the standard one first."""
    return [path for name in ("", "_small") if (path := ROOT / "infer" / f"landmark{name}.pb").is_file()]


def table_of(script: str, *arguments) -> str:
    """The table that a script prints, without the lines of progress before it."""
    return "\n".join(re.findall(r"^\|.*$", run(script, *arguments), re.MULTILINE))


def bench_detection(bench: Bench) -> str:
    """Missed and invented faces, on marked photos too; nothing without real faces."""
    marked = ["--photos", bench.photos] if bench.photos else []
    return table_of("tools/measure/detection.py", "--data", *bench.data, *marked) if bench.data else ""


def bench_faces(script: str, data: list[Path]) -> str:
    """A script's table on real faces; nothing without them."""
    return table_of(script, *data) if data else ""


def bench_records(bench: Bench) -> str:
    """The records table: the bare loop before and after on all cores, make_records.py on all cores, and the audit."""
    before = bare_rate(bench.faces)
    small = make_records(linked(bench.faces, bench.folder / "small", 1, keep=2), bench.folder / "small records")
    records, large = bench.large
    bare = (before + bare_rate(bench.faces)) / 2
    steady = (large[0] - small[0]) / (large[1] - small[1])
    rows = [f"| bare loop (read, warp, JPEG-encode), on every core at once | {bare:.0f} | 1 | |"]
    for count, seconds, peak in (small, large):
        rate = count / seconds
        rows.append(f"| make_records.py, {count} faces, all in | {rate:.0f} | {rate / bare:.2f} | {peak / 1e9:.2f} |")
    rows.append(f"| make_records.py, each further face | {steady:.0f} | {steady / bare:.2f} | |")
    return (
        f"| on {os.cpu_count()} cores | faces/s | of the bare loop | peak memory of all processes, GB |\n"
        "|---|---|---|---|\n" + "\n".join(rows) + f"\n\n122,450 faces at the last rate: "
        f"{122_450 / steady / 60:.1f} min. {bench_audit(records)}\n"
    )


def bench_audit(records: Path) -> str:
    """How long the audit of a set takes."""
    started = time.perf_counter()
    run("tools/make_records.py", "--audit", records)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in records.glob("*.tfrecords")) / 1e9
    return f"`--audit` of {size:.2f} GB takes {seconds:.1f} s, start-up included ({seconds / size:.0f} s/GB)."


def linked(faces: Path, folder: Path, times: int, keep: int = 1) -> Path:
    """A data set of the same files under `times` as many names (or every `keep`-th of them): hard links."""
    for path in sorted(faces.rglob("*_*")):
        if path.is_dir() or int(path.stem.split("_")[1]) % keep:
            continue
        for number in range(times):
            place = folder / path.relative_to(faces).with_name(path.name.replace("DRAWN_", f"DRAWN_{number}"))
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)
    return folder


def make_records(faces: Path, out: Path) -> tuple[int, float, int]:
    """Faces, seconds and peak memory in bytes of tools/make_records.py."""
    count, memory = len(read_300w_lp.find(faces, "bench")), Memory()
    started = time.perf_counter()
    with memory:
        run("tools/make_records.py", faces, "--out", out)
    return count, time.perf_counter() - started, memory.peak


def bare_rate(faces: Path) -> float:
    """Faces per second of reading, warping and encoding alone, a process on every core at once."""
    cores = os.cpu_count()
    paths = [str(item.picture) for item in read_300w_lp.find(faces, "bench")][:BARE]
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(bare_loop, [paths[:9]] * cores))  # starts the processes
        return sum(pool.map(bare_loop, [paths] * cores))


def bare_loop(paths: list[str]) -> float:
    """Faces per second of one process."""
    cv2.setNumThreads(1)
    matrix = np.array([[192 / 400, 0, 0], [0, 192 / 400, 0]], np.float64)
    started = time.perf_counter()
    for path in paths:
        small = cv2.warpAffine(cv2.imread(path), matrix, (192, 192))
        cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return len(paths) / (time.perf_counter() - started)


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
        while not self._stop.wait(0.5):
            self.peak = max(self.peak, sum(map(resident, descendants(os.getpid()))))


def descendants(pid: int) -> list[int]:
    """Process ids of all children and their children."""
    children = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            children.extend(int(one) for one in path.read_text().split())
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


# rolled and moving faces are made of the first set, poses are those of the last one: 300W and 300W_LP in that order
SECTIONS: dict[str, Callable[[Bench], str]] = {
    "records": bench_records,
    "training": lambda bench: run("tools/measure/training.py", "--records", bench.large[0]),
    "evaluation": lambda bench: bench_evaluation(bench.data, bench.folder / "evaluation"),
    "evaluation-drawn": lambda bench: bench_evaluation([bench.faces], bench.folder / "evaluation of drawn faces"),
    "limits": lambda bench: bench_faces("tools/measure/limits.py", bench.data),
    "detection": bench_detection,
    "roll": lambda bench: bench_faces("tools/measure/roll.py", bench.data[:1]),
    "pose": lambda bench: bench_faces("tools/measure/pose.py", bench.data[-1:]),
    "video": lambda bench: bench_faces("tools/measure/video.py", bench.data[:1]),
    "batches": lambda bench: run("tools/measure/batches.py", bench.faces),
    "service": lambda bench: table_of("tools/measure/service.py", bench.faces),
    "scale": lambda bench: run("tools/measure/scale.py", bench.faces),
    "inference": lambda bench: run("tools/measure/formats.py"),
}

if __name__ == "__main__":
    sys.exit(main())
