"""Measures how fast inference is on this machine, as one row of the table in docs/devices.md.

    python tools/measure/device.py

NumPy and OpenCV are all it takes. For the standard and the small network: milliseconds a face (one pass from a known
box) and a picture (found and fitted), on all cores; pictures a second of the whole command, start-up included.
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2
import numpy as np

from infer.files.console import speak_plainly
from infer.files.pictures import read_picture
from infer.jobs.cores import cores
from infer.landmarker import Landmarker
from infer.model.shipped import HERE
from tools.shell import output_of

PICTURES = sorted((ROOT / "images").glob("drawn_*.jpg"))
MODELS = ("landmark.pb", "landmark_small.pb")  # not an export of one's own
WARM, CALLS = 3, 25  # of each picture; the median counts
COPIES = 50  # of each picture, for the whole command


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    parse_args(argv)
    try:
        print(row([measured(HERE / name) for name in MODELS]))
    except (ValueError, OSError) as error:
        print(f"device: {error}", file=sys.stderr)
        return 2
    return 0


def row(results: list[tuple[float, float, float]]) -> str:
    """The table's row: processor, cores, OpenCV, and what `measured` says of each model."""
    cells = [f"{face:.1f} ms, {picture:.1f} ms, {rate:.1f}/s" for face, picture, rate in results]
    return f"| {' | '.join([processor(), str(cores()), cv2.__version__, *cells])} |"


def measured(model: Path) -> tuple[float, float, float]:
    """Milliseconds a face, milliseconds a picture, pictures a second. Raises ValueError where no face is found."""
    landmarker, faces, pictures = Landmarker(model), [], []
    for path in PICTURES:
        image = read_picture(path)
        boxes = [face.box for face in landmarker.detect(image)[:1]]
        pictures.append(milliseconds(lambda: landmarker.detect(image)))  # noqa: B023  (called at once)
        if boxes:
            faces.append(milliseconds(lambda: landmarker.fit(image, boxes, passes=1)))  # noqa: B023
    if not faces:
        raise ValueError(f"{PICTURES[0].parent}: found no face in the pictures, expected one")
    return float(np.mean(faces)), float(np.mean(pictures)), rate_of(model)


def milliseconds(call: Callable[[], object]) -> float:
    """The median of CALLS calls, after WARM that are not counted."""
    times = []
    for _ in range(WARM + CALLS):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times[WARM:]))


def rate_of(model: Path) -> float:
    """Pictures a second of `infer/run.py` that writes points alone. Raises ValueError where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        for path in PICTURES:
            for index in range(COPIES):
                shutil.copy(path, Path(folder, f"{path.stem}_{index}{path.suffix}"))
        began = time.perf_counter()
        output_of("infer/run.py", folder, "--model", model, "--no-draw", "--json", Path(folder, "points.json"))
        return COPIES * len(PICTURES) / (time.perf_counter() - began)


def processor(root: Path = Path("/")) -> str:
    """What the machine is called, as its owner would: a small computer by its board, others by their processor."""
    board = root / "proc" / "device-tree" / "model"  # of ARM; it ends with a zero
    if board.is_file():
        return board.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    known = root / "proc" / "cpuinfo"
    if known.is_file() and (found := re.search(r"^model name\s*:\s*(.+)$", known.read_text(), re.MULTILINE)):
        return " ".join(found[1].split())
    return _said_by_sysctl() or platform.processor() or platform.machine()


def _said_by_sysctl() -> str:
    """What macOS says; nothing elsewhere."""
    if sys.platform != "darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
