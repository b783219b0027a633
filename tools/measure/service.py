"""Measures infer/serve.py under load: pictures a second as a ratio to the bare landmarker's, times, errors, memory.

    python tools/measure/service.py [FOLDER]

As many threads with a landmarker each do the same pictures without any service, before and after, for machines are
noisy. The clients run on the same cores as the service, and what they take is the service's loss.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.files.console import speak_plainly
from infer.files.listing import list_pictures
from infer.files.pictures import decode_picture
from infer.jobs.cores import cores
from infer.jobs.memory import keep_memory
from infer.jobs.progress import Progress
from infer.landmarker import Landmarker
from tools.evaluation.memory import resident

MODEL = ROOT / "infer" / "landmark.pb"
PATH = "/api/v1/landmarks"
MOST = 64  # pictures held at once
STEPS, WARM = 20, 5  # parts of the time, and those before memory is looked at
BARE = 6  # the bare landmarker has one part in so many of the time, before and after


@dataclass
class Load:
    """What the clients saw: seconds of each answer with points, how many answers of each other kind, the seconds that
    all of it took, and the service's memory in bytes once warm and at the end."""

    seconds: list[float] = field(default_factory=list)
    others: Counter = field(default_factory=Counter)
    passed: float = 0.0
    warm: int = 0
    last: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str) -> None:
        """One more answer of a kind without points, from any thread."""
        with self._lock:
            self.others[kind] += 1


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = ROOT / "images"
    parser.add_argument("folder", nargs="?", type=Path, default=folder, help="pictures (default: images/)")
    parser.add_argument("--clients", type=int, default=32, help="that ask at once (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="of load (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        pictures = read_pictures(args.folder)
    except (ValueError, OSError) as error:
        print(f"measure_service: {error}", file=sys.stderr)
        return 2
    before = bare_rate(pictures, args.seconds / BARE)
    with service() as (process, port):
        load = put_load(process.pid, port, pictures, args.clients, args.seconds)
    bare = (before + bare_rate(pictures, args.seconds / BARE)) / 2
    print(table(bare, load, args.clients))
    return 1 if set(load.others) - {"503"} else 0


def read_pictures(folder: Path) -> list[bytes]:
    """The files of the first pictures in a folder. Raises ValueError where there is none, OSError for a missing one."""
    pictures = [path.read_bytes() for path, _ in list_pictures([folder], recursive=True)[:MOST]]
    if not pictures:
        raise ValueError(f"{folder}: found no pictures, expected some")
    return pictures


@contextmanager
def service(options: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen, int]]:
    """A service with the shipped model and no limit of a client's rate, as a process of its own; and its port."""
    program = [sys.executable, str(ROOT / "infer" / "serve.py"), "--port", "0", "--rate", "0", "--model", str(MODEL)]
    with subprocess.Popen([*program, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # it is a pipe
        try:
            process.stdout.readline()  # the model's
            yield process, int(process.stdout.readline().partition("/ ")[0].rpartition(":")[2])
        finally:
            process.terminate()


def bare_rate(pictures: list[bytes], seconds: float) -> float:
    """Pictures a second, decoded and searched by a landmarker on every core, without a service."""
    keep_memory()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    landmarkers = [Landmarker(MODEL) for _ in range(cores())]
    for landmarker in landmarkers:
        landmarker.detect(decode_picture(pictures[0], "picture"))  # loads its detector
    try:
        with ThreadPoolExecutor(len(landmarkers)) as pool:
            return sum(pool.map(lambda landmarker: _one_rate(landmarker, pictures, seconds), landmarkers))
    finally:
        cv2.setNumThreads(threads)


def _one_rate(landmarker: Landmarker, pictures: list[bytes], seconds: float) -> float:
    began, passed, count = time.perf_counter(), 0.0, 0
    while passed < seconds:
        landmarker.detect(decode_picture(pictures[count % len(pictures)], "picture"))
        passed, count = time.perf_counter() - began, count + 1
    return count / passed


def put_load(pid: int, port: int, pictures: list[bytes], clients: int, seconds: float) -> Load:
    """What so many clients see that each ask again as soon as they have an answer."""
    load, began = Load(), time.monotonic()
    threads = [
        threading.Thread(
            target=_ask_until, args=(began + seconds, port, pictures[index % len(pictures) :] + pictures, load)
        )
        for index in range(clients)
    ]
    for thread in threads:
        thread.start()
    _watch(pid, load, seconds)
    for thread in threads:
        thread.join()
    load.passed = time.monotonic() - began
    load.last = resident(pid)
    return load


def _watch(pid: int, load: Load, seconds: float) -> None:
    """Sleeps while the clients ask, and notes the service's memory once it is warm."""
    with Progress(STEPS, "parts of the load") as progress:
        for step in range(1, STEPS + 1):
            time.sleep(seconds / STEPS)
            progress.step()
            if step == WARM:
                load.warm = resident(pid)


def _ask_until(end: float, port: int, pictures: list[bytes], load: Load) -> None:
    """One client, which asks once at least; it keeps its connection, and waits as long as a 503 says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for picture in itertools.cycle(pictures):
        began = time.monotonic()
        try:
            connection.request("POST", PATH, picture, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            load.count(type(error).__name__)
            connection.close()  # the next request opens it again
        else:
            if answer.status == 200:
                load.seconds.append(time.monotonic() - began)
            else:
                load.count(str(answer.status))
                time.sleep(float(answer.headers.get("Retry-After", 0)))
        if time.monotonic() >= end:
            return connection.close()


def table(bare: float, load: Load, clients: int) -> str:
    """The figures as Markdown."""
    rate = len(load.seconds) / load.passed
    p50, p99 = np.percentile(load.seconds, [50, 99]) * 1000 if load.seconds else (np.nan, np.nan)
    others = ", ".join(f"{count} {kind}" for kind, count in sorted(load.others.items())) or "none"
    times = f"{p50:.0f} | {p99:.0f}"
    growth = f"{load.warm / 1e6:.0f} → {load.last / 1e6:.0f}"
    return "\n".join(
        [
            f"| {cores()} cores | pictures/s | of the bare landmarker | p50, ms | p99, ms | no points | memory, MB |",
            "|---|---|---|---|---|---|---|",
            f"| bare landmarker, a thread on every core | {bare:.1f} | 1 | {1000 * cores() / bare:.0f} | | | |",
            f"| service, {clients} clients, {load.passed:.0f} s | {rate:.1f} | {rate / bare:.2f} | {times} "
            f"| {others} | {growth} |",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
