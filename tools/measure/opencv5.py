"""OpenCV 5 in the environment that `make opencv5` makes, for it can't stand beside OpenCV 4; it runs `infer` there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from infer.model.contract import read_contract
from infer.model.network import forward, load

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-opencv5"
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from tools.measure.opencv5 import run; run(*sys.argv[2:])"


def python_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def answers(python: Path, model: Path, images: np.ndarray, sizes: Sequence[int]) -> tuple[str, np.ndarray]:
    """The version of that Python's OpenCV, and its answers for batches of each size, float32 [len(sizes), N, 2K].

    images: float32 [N, S, S, 3] RGB, whole numbers 0..255. Raises ValueError, with its last line, where that fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder, "pictures.npy")
        np.save(pictures, images.astype(np.uint8))
        arguments = [ROOT, Path(model).resolve(), pictures, folder, *sizes]
        done = subprocess.run([python, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise ValueError(f"{model}: OpenCV 5 fails: {said[-1][:200]}")
        return done.stdout.split()[-1], np.stack([np.load(Path(folder, f"{size}.npy")) for size in sizes])


def run(model: str, pictures: str, folder: str, *sizes: str) -> None:
    """What that process does: writes its answers for batches of each size to <size>.npy, and prints its version."""
    contract, crops = read_contract(model), np.load(pictures)[..., ::-1]
    net = load(contract)
    for size in map(int, sizes):
        found = [forward(net, contract, crops[start : start + size]) for start in range(0, len(crops), size)]
        np.save(Path(folder, f"{size}.npy"), np.concatenate(found).reshape(len(crops), -1))
    print(cv2.__version__)
