"""OpenCV 5 in the environment that `make versions` makes, for it can't stand beside OpenCV 4; it runs `infer` there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from infer.model.graph import open_graph, running

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-versions" / "opencv5"
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from tools.measure.opencv5 import run; run(*sys.argv[2:])"


def python_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def answers(
    python: Path, model: Path, ends: tuple[str, Sequence[str]], batches: Sequence[np.ndarray]
) -> tuple[str, list[list[np.ndarray]]]:
    """The version of that Python's OpenCV, and for each batch what each output of a frozen graph says, channels last.

    ends: names of the input and of the outputs; batches: float32 [N, H, W, C] RGB, whole numbers 0..255. Raises
    ValueError, with its last line, where that fails.
    """
    given, outputs = ends
    with tempfile.TemporaryDirectory() as folder:
        for index, images in enumerate(batches):
            np.save(Path(folder, f"{index}.npy"), images.astype(np.uint8))
        arguments = [ROOT, Path(model).resolve(), folder, len(batches), given, *outputs]
        done = subprocess.run([python, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise ValueError(f"{model}: OpenCV 5 fails: {said[-1][:200]}")
        found = [
            [np.load(Path(folder, f"{index}.{output}.npy")) for output in outputs] for index in range(len(batches))
        ]
        return done.stdout.split()[-1], found


def run(model: str, folder: str, count: str, given: str, *outputs: str) -> None:
    """What that process does: answers batch i of <i>.npy in <i>.<output>.npy, and prints its version."""
    with running(Path(model)):
        net = open_graph(Path(model))
        for index in range(int(count)):
            images = np.load(Path(folder, f"{index}.npy")).astype(np.float32)
            net.setInput(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), given)
            for output, found in zip(outputs, net.forward(outputs), strict=True):
                maps = found.transpose(0, 2, 3, 1) if found.ndim == 4 else found
                np.save(Path(folder, f"{index}.{output}.npy"), maps)
    print(cv2.__version__)
