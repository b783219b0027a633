"""The project's commands, called from a demo as a user calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def call(script: str, *arguments, fine: tuple[int, ...] = (0,)) -> None:
    """Runs one of the project's commands and shows it first.

    script: relative to the repository's root; fine: exit codes that are no error. Raises subprocess.CalledProcessError
    where it ends with another.
    """
    command = [str(argument) for argument in (script, *arguments)]
    print(f"\n$ python {' '.join(command)}", flush=True)
    code = subprocess.run([sys.executable, str(ROOT / script), *command[1:]]).returncode
    if code not in fine:
        raise subprocess.CalledProcessError(code, ["python", *command])
