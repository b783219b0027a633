"""Measures what several processes bring on this machine, as a ratio to one, and prints tables.

    python tools/measure/scale.py FACES [--seeds 3]

FACES: a data set of drawn or real faces. Records: by this machine alone and by Apache Beam, 1 and 2 processes each.
Training: the shipped network, one process of two threads against two workers of one on loopback, and what one thread
alone computes of a worker's batch, without transfer or waiting.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np

from infer.files.console import speak_plainly
from infer.model.contract import read_contract
from net.run.folder import RunFolder
from records.manifest import Manifest
from tools.shell import output_of

CONTRACT = ROOT / "infer" / "landmark.json"
FLOAT = 4  # bytes of a number on its way
WAYS_OUT = 2  # parameters go to a worker so often a step: the network reads them, and the weight decay does
BATCH = 64  # faces a step on one machine
OWN = BATCH // 2  # faces a step of each worker
REPORT = 5  # steps between the reports that are timed
WEIGHT = 4  # the large set counts every training face so often
CALLS = 3  # of make_records.py for each number
LOOPBACK = Path("/sys/class/net/lo/statistics/rx_bytes")
BEAM_PYTHON = ROOT / ".venv-beam" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
BEAM = ("--runner", "DirectRunner", "--", "--direct_running_mode", "multi_processing", "--direct_num_workers")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("faces", type=Path, metavar="FACES", help="data set")
    add("--steps", type=int, default=120, help="training steps to time (default: %(default)s)")
    add("--seeds", type=int, default=3, help="runs of one and of two workers to compare (default: %(default)s)")
    add("--compare-steps", type=int, default=400, help="steps of such a run (default: %(default)s)")
    help_beam = "with Apache Beam (default: that of make beam)"
    add("--beam-python", type=Path, default=BEAM_PYTHON, metavar="PYTHON", help=help_beam)
    args = parser.parse_args(argv)
    if args.steps < 30 or args.seeds < 0 or args.compare_steps < 1:
        parser.error("expected --steps of 30 and more, --seeds of 0 and more, --compare-steps of 1 and more")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        check_beam(args.beam_python)
        with tempfile.TemporaryDirectory() as folder:
            records = Path(folder, "records")
            print(records_table(args.faces, Path(folder), args.beam_python), end="\n\n", flush=True)
            output_of("tools/make_records.py", args.faces.resolve(), "--out", records, "--no-report")
            timed = {name: train(records, Path(folder, name), args.steps, *way) for name, way in WAYS.items()}
            print(training_table(timed), flush=True)
            if args.seeds:
                print("\n" + comparison(records, Path(folder), args.seeds, args.compare_steps), flush=True)
    except (ValueError, OSError) as error:
        print(f"measure_scale: {error}", file=sys.stderr)
        return 2
    return 0


def check_beam(python: Path) -> None:
    """Raises ValueError for a Python that is not there or has no Apache Beam."""
    looked = [str(python), "-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('apache_beam'))"]
    if not python.is_file() or subprocess.run(looked, cwd=ROOT).returncode:
        raise ValueError(f"{python}: found no Python with Apache Beam there, expected one (make beam, --beam-python)")


# records


def records_table(faces: Path, folder: Path, beam: Path) -> str:
    """Faces a second of further faces, and seconds that any set takes besides, for each way."""
    rates = {}
    timed_records(
        sys.executable, str(faces.resolve()), folder / "timed", ["--workers", 1]
    )  # the first call finds files uncached
    lines = ["| records by | processes | each further face, faces/s | seconds besides |", "|---|---|---|---|"]
    for name, python, option in (("this machine alone", sys.executable, ()), ("Apache Beam", beam, BEAM)):
        for count in (1, 2):
            own = [*option, count] if option else ["--workers", count]
            small, large = (
                fastest(python, f"{faces.resolve()}:{weight}", folder / "timed", own) for weight in (1, WEIGHT)
            )
            rates[name, count] = rate = (large[0] - small[0]) / (large[1] - small[1])
            lines.append(f"| {name} | {count} | {rate:.0f} | {small[1] - small[0] / rate:.1f} |")
    ratio = rates["Apache Beam", 2] / rates["this machine alone", 2]
    return "\n".join([*lines, "", f"Beam makes {ratio:.2f} of the local rate with two processes."])


def fastest(python: Path | str, dataset: str, out: Path, options: list) -> tuple[int, float]:
    """Records and seconds of the fastest of several calls: whatever else the machine does only adds to them."""
    return min((timed_records(python, dataset, out, options) for _ in range(CALLS)), key=lambda call: call[1])


def timed_records(python: Path | str, dataset: str, out: Path, options: list) -> tuple[int, float]:
    """Records and seconds of one call of make_records.py."""
    started = time.perf_counter()
    own = ["--out", out, "--overwrite", "--no-report", "--previews", 0, "--shard-size", 100]
    output_of("tools/make_records.py", dataset, *own, *options, python=python)
    seconds = time.perf_counter() - started
    return sum(shard.records for shard in Manifest.read(out).all_shards), seconds


# training

WAYS = {  # faces a step, options
    "1 process of 2 threads, no cluster": (BATCH, ["--threads", 2]),
    "1 worker of 2 threads": (BATCH, ["--threads", 2, "--local-cluster", 1]),
    "2 workers of 1 thread": (BATCH, ["--threads", 1, "--local-cluster", 2]),
    "1 process of 1 thread, no cluster": (OWN, ["--threads", 1]),  # neither transfer nor waiting in it
}


@dataclass(frozen=True)
class Timed:
    """A run's seconds a step, median, and bytes over loopback a step (NaN where they are not counted)."""

    seconds: float
    bytes: float


def train(records: Path, run_folder: Path, steps: int, batch: int, options: list) -> Timed:
    """Times training of the shipped network; the first third of the steps does not count."""
    own = ["--batch", batch, "--steps", steps, "--report-every", REPORT, "--eval-every", 10 * steps, "--no-plots"]
    own += ["--save-every", 10 * steps, "--init", CONTRACT]
    command = [sys.executable, ROOT / "net/train.py", "--records", records, "--run", run_folder, *own, *options]
    marks = []
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            if found := re.match(r"step (\d+)/", line):
                marks.append((int(found[1]), time.perf_counter(), loopback()))
    if process.returncode or len(marks) < 3:
        raise ValueError(f"net/train.py: found exit code {process.returncode} and {len(marks)} reports, expected more")
    return between(marks[len(marks) // 3 :])


def between(marks: list[tuple[int, float, float]]) -> Timed:
    """Medians a step from (step, seconds, bytes) at several; the last, which comes after an evaluation, is left out."""
    steps, seconds, moved = np.diff(np.array(marks[:-1] if len(marks) > 2 else marks), axis=0).T
    return Timed(float(np.median(seconds / steps)), float(np.median(moved / steps)))


def loopback() -> float:
    """Bytes that have come in over loopback so far; NaN where the system does not say."""
    return float(LOOPBACK.read_text()) if LOOPBACK.is_file() else float("nan")


def training_table(timed: dict[str, Timed]) -> str:
    lines = ["| training | faces a step | steps/s | faces/s | bytes moved a step, MB |", "|---|---|---|---|---|"]
    for name, one in timed.items():
        moved = "" if "no cluster" in name else f"{one.bytes / 1e6:.1f}"
        batch = WAYS[name][0]
        lines.append(f"| {name} | {batch} | {1 / one.seconds:.2f} | {batch / one.seconds:.0f} | {moved} |")
    each = f"{parameters()} parameters of {FLOAT} bytes, {WAYS_OUT} times out and their gradients back"
    foot = f"By the size of the model {bytes_each(parameters()) / 1e6:.1f} MB a worker: {each}."
    return "\n".join([*lines, "", foot])


def parameters() -> int:
    """Of the shipped network."""
    return read_contract(CONTRACT).parameters or 0


def bytes_each(count: int) -> int:
    """Bytes that a worker moves in a step: so many parameters from the servers, and their gradients back."""
    return (WAYS_OUT + 1) * FLOAT * count


# one worker against two


def comparison(records: Path, folder: Path, seeds: int, steps: int) -> str:
    """Test errors after short runs from scratch, one worker with the whole batch and two with half of it each."""
    lines = ["| seed | 1 machine, 64 faces: NME box % | 2 workers, 32 faces each: NME box % |", "|---|---|---|"]
    found = []
    for seed in range(1, seeds + 1):
        found.append([error_of(records, folder / f"{seed}-{ways}", seed, steps, ways) for ways in (0, 2)])
        lines.append(f"| {seed} | {found[-1][0]:.2f} | {found[-1][1]:.2f} |")
    means, spreads = np.mean(found, axis=0), np.ptp(found, axis=0)
    lines.append(f"| mean (spread) | {means[0]:.2f} ({spreads[0]:.2f}) | {means[1]:.2f} ({spreads[1]:.2f}) |")
    difference = abs(means[1] - means[0])
    within = "within" if difference <= spreads[0] else "outside"
    foot = f"{steps} steps. The means differ by {difference:.2f}, {within} the spread of one machine from seed to seed."
    return "\n".join([*lines, "", foot])


def error_of(records: Path, run_folder: Path, seed: int, steps: int, workers: int) -> float:
    """NME by box size in percent after the last step."""
    own = ["--batch", BATCH, "--steps", steps, "--eval-every", steps, "--seed", seed, "--schedule", "cosine"]
    own += ["--no-plots"]
    own += ["--local-cluster", workers, "--threads", 1] if workers else ["--threads", 2]
    output_of("net/train.py", "--records", records, "--run", run_folder, *own)
    best = RunFolder(run_folder).best()
    if best is None:
        raise ValueError(f"{run_folder}: found no best checkpoint, expected one after {steps} steps")
    return 100 * best.measures["nme_box"]


if __name__ == "__main__":
    sys.exit(main())
