"""A Python that has Apache Beam, for what can't stand in the project's own environment: Beam wants an older protobuf.

It is a virtual environment laid over the running one, `.venv-scale`: what both agree on is found there and not
installed twice, so that it is there in seconds.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".venv-scale"
LOCK = ROOT / "requirements-scale.lock"
MINUTES = 10  # that making it may take


def python_with_beam(folder: Path = FOLDER) -> Path:
    """This Python where it has Apache Beam; else that of the environment in the folder, made anew after a new lock.

    Raises ValueError, in one line, where it cannot be made.
    """
    if importlib.util.find_spec("apache_beam"):
        return Path(sys.executable)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / ".ready"
    if not ready.is_file() or ready.read_bytes() != LOCK.read_bytes():
        _call([sys.executable, "-m", "venv", "--clear", str(folder)])
        (folder / ".gitignore").write_text("*\n")
        own = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
        Path(own, "landmark68.pth").write_text(sysconfig.get_path("purelib") + "\n")  # after its own packages
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _call([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)])
        ready.write_bytes(LOCK.read_bytes())
    return python


def _call(command: list[str]) -> None:
    """Runs a command. Raises ValueError, with its last line, where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"Apache Beam: {error}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise ValueError(f"Apache Beam: {' '.join(command[1:4])} fails: {said[-1][:200]}")
