"""Measures the frozen network in every format and runtime: one face, one thread, in turns.

    python tools/measure/formats.py [--model FILE.pb] [--records DIR]

OpenCV 5 is checked as well where `make opencv5` has made its environment.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly  # isort: skip  (first: infer says in one line where OpenCV does not load)

import numpy as np

from export.formats import FORMATS, file_names
from export.frozen_model import squares
from export.graphs import read_graph, widened
from export.landmarks import BATCHES, COMPARED, faces
from export.litert import in_process
from export.networks import LANDMARKS
from export.parity import deviations, in_batches
from export.runtimes import RUNTIMES
from net.data.record_set import RecordSet
from records.manifest import MANIFEST
from tools.measure import opencv5

CALLS, WARM = 25, 5  # in a turn; the first bring the caches back from the other runtime's turn


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", type=Path, default=ROOT / "infer" / "landmark.pb", help="(default: infer/landmark.pb)")
    add(
        "--records",
        type=Path,
        default=ROOT / "data" / "records",
        help="whose test pictures are compared; squares of the pictures in images/ where it is not there "
        "(default: data/records)",
    )
    add("--rounds", type=int, default=12, help="turns of each (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    images = pictures(args.records)
    with tempfile.TemporaryDirectory() as folder:
        files = write_all(args.model, Path(folder), images)
        (expected,) = in_batches(RUNTIMES["tensorflow"](files["pb"], LANDMARKS), images, max(BATCHES))
        runners = {
            (name, runtime): (RUNTIMES | {"litert": in_process})[runtime](file, LANDMARKS, threads=1)
            for name, file in files.items()
            for runtime in FORMATS[name].runtimes
        }
        times = seconds(runners, images[:1], args.rounds)
        print(table(files, runners, times, images, expected))
    print(f"\n{opencv5_line(args.model, images, expected)}")
    return 0


def pictures(records: Path, size: int = 128) -> np.ndarray:
    """COMPARED pictures float32 [N, size, size, 3] RGB: of test records, or squares of those in images/."""
    if (records / MANIFEST).is_file():
        return faces(RecordSet(records), COMPARED)[0]
    return squares(COMPARED, size).astype(np.float32)


def write_all(model: Path, folder: Path, images: np.ndarray) -> dict[str, Path]:
    """Format -> file: the model's graph in every format, int8 calibrated on the pictures themselves."""
    graph, names = widened(read_graph(model)), file_names(list(FORMATS.values()))
    for name, form in FORMATS.items():
        (folder / names[name]).write_bytes(form.write(graph, LANDMARKS, images))
    return {name: folder / file for name, file in names.items()}


def seconds(runners: dict[tuple, Callable], image: np.ndarray, rounds: int) -> dict[tuple, float]:
    """Median seconds of each runner for one face, measured in turns."""
    times: dict[tuple, list[float]] = {key: [] for key in runners}
    for _ in range(rounds):
        for key, call in runners.items():
            times[key] += seconds_each(call, image)
    return {key: float(np.median(values)) for key, values in times.items()}


def seconds_each(call: Callable, image: np.ndarray) -> list[float]:
    """Seconds of each of CALLS calls, after WARM that are not counted."""
    found = []
    for _ in range(WARM + CALLS):
        started = time.perf_counter()
        call(image)
        found.append(time.perf_counter() - started)
    return found[WARM:]


def table(files: dict[str, Path], runners: dict, times: dict, images: np.ndarray, expected: np.ndarray) -> str:
    """The formats in Markdown: size, difference from TensorFlow's answers, time of one face on one thread."""
    first = times["pb", "opencv"]
    lines = [
        f"| format | MB | runtime | off by at most, of the crop's side ({len(images)} pictures, batches "
        f"{', '.join(map(str, BATCHES))}) | one face, one thread, ms (median) | of OpenCV's time |",
        "|---|---|---|---|---|---|",
    ]
    for (name, runtime), call in runners.items():
        (off,) = deviations(f"{name}: {runtime}", call, images, [expected], BATCHES)
        size = files[name].stat().st_size / 1e6
        spent = times[name, runtime]
        lines.append(
            f"| {name} | {size:.2f} | {runtime} | {off.max():.1e} | {1000 * spent:.2f} | {spent / first:.2f} |"
        )
    return "\n".join([*lines, "", f"OpenCV takes {first / times['pb', 'tensorflow']:.2f} of TensorFlow's time."])


def opencv5_line(model: Path, images: np.ndarray, expected: np.ndarray) -> str:
    """What OpenCV 5 makes of the shipped file, or how to get it where it is not there."""
    python = opencv5.python_of(opencv5.FOLDER)
    if not python.is_file():
        return "OpenCV 5: not measured, `make opencv5` makes its environment."
    version, found = opencv5.answers(python, model, images, BATCHES)
    return f"OpenCV {version} on `{model.name}`: {np.abs(found - expected).max():.1e} at most, in the same batches."


if __name__ == "__main__":
    sys.exit(main())
