"""The project's commands, called from a demo as a user calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def call(script: str, *arguments) -> None:
    """Runs one of the project's commands and shows it first.

    script: relative to the repository's root. Raises subprocess.CalledProcessError where it ends with an error.
    """
    command = [str(argument) for argument in (script, *arguments)]
    print(f"\n$ python {' '.join(command)}", flush=True)
    subprocess.run([sys.executable, str(ROOT / script), *command[1:]], check=True)
