"""Measures how long the commands take to answer: their help, one picture, a set of six faces.

    python tools/measure/startup.py

Each runs several times, in turns; the median counts, and the least time stands beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly
from tools.shell import output_of

HELP = (
    "infer/run.py",
    "infer/serve.py",
    "net/train.py",
    "net/train_detector.py",
    "export/freeze.py",
    "tools/make_records.py",
    "tools/make_scenes.py",
    "tools/evaluate.py",
)
PICTURE = ROOT / "images" / "drawn_1.jpg"
FACES = 6
TURNS = 7  # of which the first is not counted: it may be the one that reads the files of packages from the disk

Calls = dict[str, Callable[[], object]]  # what is run, by its name in the table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder:
            output_of("tools/make_faces.py", "--count", FACES, "--out", Path(folder, "faces"))
            print(table(seconds_of(calls(Path(folder)))))
    except (ValueError, OSError) as error:
        print(f"startup: {error}", file=sys.stderr)
        return 2
    return 0


def calls(folder: Path) -> Calls:
    """What is measured; `folder` has the drawn faces, and what is written goes there."""

    def help_of(script: str) -> Callable[[], object]:
        return lambda: output_of(script, "--help")

    def picture() -> None:
        output_of("infer/run.py", PICTURE, "--out", folder / "drawn")

    def records() -> None:
        output_of("tools/make_records.py", folder / "faces", "--out", folder / "records", "--overwrite")

    helps: Calls = {f"`{script} --help`": help_of(script) for script in HELP}
    return helps | {"`infer/run.py`, one picture": picture, f"`tools/make_records.py`, {FACES} faces": records}


def seconds_of(measured: Calls, turns: int = TURNS) -> dict[str, list[float]]:
    """Seconds that each call took, one after the other in every turn but the first, which is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(turns):
        for name, call in measured.items():
            began = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - began)
    return {name: times[1:] for name, times in seconds.items()}


def table(seconds: dict[str, list[float]]) -> str:
    """A row for each call: median and least of its seconds."""
    rows = (f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} |" for name, times in seconds.items())
    return "\n".join(["| command | seconds | least |", "|---|---|---|", *rows])


if __name__ == "__main__":
    sys.exit(main())
