"""Measures a frozen network in every format and runtime: one face or picture, one thread, in turns.

    python tools/measure/formats.py [--model FILE.pb] [--records DIR]

OpenCV 5 is checked as well where `make versions ONLY=opencv5` has made its environment.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from export.cells import LIMITS, cell_reference, detector_formats
from export.formats import FORMATS, Format, file_names
from export.frozen_model import FrozenDetector, FrozenModel
from export.landmarks import COMPARED, NO_PICTURES
from export.litert import in_process
from export.parity import Reference, of
from export.runtimes import RUNTIMES, Answer, session_of
from infer.files.console import speak_plainly
from infer.model.document import kind_of
from records.manifest import MANIFEST
from records.runtime import v1
from tools.measure import opencv5

CALLS, WARM = 25, 5  # in a turn; the first bring the caches back from the other runtime's turn


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        default=ROOT / "infer" / "landmark.pb",
        help="a landmark network, or a detector (default: infer/landmark.pb)",
    )
    add(
        "--records",
        type=Path,
        default=ROOT / "data" / "records",
        help="whose test pictures are compared; the pictures in images/ where it is not there, and for a detector "
        "(default: data/records)",
    )
    add("--rounds", type=int, default=12, help="turns of each (default: %(default)s)")
    return parser.parse_args(argv)


@dataclass(frozen=True)
class MeasuredModel:
    """What is measured of a model.

    graph: in single precision; formats: that it is written in; truth: what their answers are compared with; image:
    float32 [1, H, W, C], whose answer is timed, and what it is, in words; calibration: pictures for int8.
    """

    graph: v1.GraphDef
    formats: Sequence[Format]
    truth: Reference
    image: np.ndarray
    what: str
    calibration: np.ndarray


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    measured = measured_detector(args.model) if kind_of(args.model) else measured_landmarks(args.model, args.records)
    with tempfile.TemporaryDirectory() as folder:
        files = write_all(measured, Path(folder))
        runners = {
            (form.name, runtime): (RUNTIMES | {"litert": in_process})[runtime](
                files[form.name], measured.truth.signature, threads=1
            )
            for form in measured.formats
            for runtime in form.runtimes
        }
        times = seconds(runners, measured.image, args.rounds)
        print(table(files, runners, times, measured))
    print(f"\n{opencv5_line(args.model, measured)}")
    return 0


def measured_landmarks(file: Path, records: Path) -> MeasuredModel:
    """A landmark model on test records, where they are there, or else on squares of the pictures in images/."""
    model = FrozenModel(file)
    truth = model.reference(model.record_set(records if (records / MANIFEST).is_file() else None))
    few = truth.images[:COMPARED]
    return MeasuredModel(model.graph, list(FORMATS.values()), truth, few[:1], "one face", few)


def measured_detector(file: Path) -> MeasuredModel:
    """A detector on the pictures in images/."""
    model = FrozenDetector(file)
    truth = cell_reference(session_of(model.graph, model.signature), model.signature)
    formats = detector_formats([FORMATS[name] for name in LIMITS])
    image = truth.pictures[-1][:1]
    height, width = image.shape[1:3]
    return MeasuredModel(model.graph, formats, truth, image, f"a picture of {width}x{height}", NO_PICTURES)


def write_all(measured: MeasuredModel, folder: Path) -> dict[str, Path]:
    """Format -> file: the model's graph in every format."""
    names = file_names(measured.formats)
    signature = measured.truth.signature
    for form in measured.formats:
        (folder / names[form.name]).write_bytes(form.write(measured.graph, signature, measured.calibration))
    return {name: folder / file for name, file in names.items()}


def seconds(runners: dict[tuple, Callable], image: np.ndarray, rounds: int) -> dict[tuple, float]:
    """Median seconds of each runner for one picture, measured in turns."""
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


def table(files: dict[str, Path], runners: dict[tuple[str, str], Answer], times: dict, measured: MeasuredModel) -> str:
    """The formats in Markdown: size, difference from TensorFlow's answers, time of one picture on one thread."""
    first, truth = times["pb", "opencv"], measured.truth
    lines = [
        f"| format | MB | runtime | off by at most, {of(truth.unit)} | {measured.what}, one thread, ms (median) | of "
        "OpenCV's time |",
        "|---|---|---|---|---|---|",
    ]
    for (name, runtime), call in runners.items():
        off = truth.difference(f"{name}: {runtime}", call).max
        size = files[name].stat().st_size / 1e6
        spent = times[name, runtime]
        lines.append(f"| {name} | {size:.2f} | {runtime} | {off:.1e} | {1000 * spent:.2f} | {spent / first:.2f} |")
    return "\n".join([*lines, "", f"OpenCV takes {first / times['pb', 'tensorflow']:.2f} of TensorFlow's time."])


def opencv5_line(model: Path, measured: MeasuredModel) -> str:
    """What OpenCV 5 makes of a frozen graph, or how to get it where it is not there."""
    python = opencv5.python_of(opencv5.FOLDER)
    if not python.is_file():
        return "OpenCV 5: not measured, `make versions ONLY=opencv5` makes its environment."
    truth, asked = measured.truth, list[np.ndarray]()
    answer = session_of(measured.graph, truth.signature)

    def noted(images: np.ndarray) -> list[np.ndarray]:
        asked.append(images)
        return answer(images)

    truth.difference(model.name, noted)
    version, found = opencv5.answers(python, model, (truth.signature.input, truth.signature.outputs), asked)
    replies = iter(found)
    off = truth.difference(model.name, lambda images: next(replies)).max
    return f"OpenCV {version} on `{model.name}`: {off:.1e} at most, in the same batches."


if __name__ == "__main__":
    sys.exit(main())
