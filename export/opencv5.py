"""OpenCV 5 in a virtual environment of its own, for it can't stand beside OpenCV 4; it runs `infer` as people do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-opencv5"
PACKAGES = ("opencv-python-headless>=5,<6", "numpy")
MINUTES = 10  # that making the environment may take
# what runs there, with this folder's infer/ and nothing else of ours: pictures RGB in, answers for each batch size out
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import cv2, numpy as np
from infer.contract import read_contract
from infer.network import forward, load
contract = read_contract(sys.argv[2])
net, crops = load(contract), np.load(sys.argv[3])[..., ::-1]
for size in map(int, sys.argv[5:]):
    found = [forward(net, contract, crops[start : start + size]) for start in range(0, len(crops), size)]
    np.save(f"{sys.argv[4]}/{size}.npy", np.concatenate(found).reshape(len(crops), -1))
print(cv2.__version__)
"""


def environment(folder: Path) -> Path:
    """The Python of the environment, which is made where it is not there. Raises ValueError where that fails."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / ".ready").is_file():
        _call([sys.executable, "-m", "venv", "--clear", str(folder)])
        _call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES])
        (folder / ".ready").touch()
    return python


def answers(python: Path, model: Path, images: np.ndarray, sizes: tuple[int, ...]) -> tuple[str, np.ndarray]:
    """OpenCV's version there, and its answers for batches of each size, float32 [len(sizes), N, 2K].

    images: float32 [N, S, S, 3] RGB, whole numbers 0..255. Raises ValueError where the program fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder, "pictures.npy")
        np.save(pictures, images.astype(np.uint8))
        arguments = [str(ROOT), str(Path(model).resolve()), str(pictures), folder, *map(str, sizes)]
        version = _call([str(python), "-c", PROGRAM, *arguments]).strip().splitlines()[-1]
        return version, np.stack([np.load(Path(folder, f"{size}.npy")) for size in sizes])


def _call(command: list[str]) -> str:
    """What a command printed. Raises ValueError, with its last line, where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"OpenCV 5: {error}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        what = " ".join(command[1:3]).partition("\n")[0].strip()  # of a program its first line
        raise ValueError(f"OpenCV 5: {Path(command[0]).name} {what} fails: {said[-1][:200]}")
    return done.stdout
