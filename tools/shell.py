"""The project's commands, called from a script as a user calls them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130  # as shells have it for Ctrl-C


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


def output_of(
    script: str, *arguments: object, python: Path | str = sys.executable, settings: Mapping[str, str] | None = None
) -> str:
    """What one of the project's commands prints; it runs in the repository's root, with another Python if asked.

    settings: of its environment, besides those of this process. Raises ValueError, with its last line, where it fails.
    """
    command = [str(word) for word in (python, ROOT / script, *arguments)]
    environment = {**os.environ, **(settings or {})}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}, no reason given"]
        raise ValueError(f"{script}: {said[-1]}")
    return done.stdout


def exit_code_of(name: str, steps: Callable[[], None], stopped: str = "stopped") -> int:
    """Takes steps made of `call`; 0, or the exit code of the one that failed, which is said on stderr in one line.

    stopped: what to say where Ctrl-C ends it.
    """
    try:
        steps()
    except subprocess.CalledProcessError as error:
        print(f"{name}: {error.cmd[1]} ended with exit code {error.returncode}", file=sys.stderr)
        return error.returncode
    except KeyboardInterrupt:
        print(f"{name}: {stopped}", file=sys.stderr)
        return INTERRUPTED
    return 0


def copy_some(files: Sequence[Path], count: int, folder: Path) -> None:
    """Makes the folder anew with copies of `count` of the files, spread over all of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files[:: max(1, len(files) // count)][:count]:
        shutil.copy(file, folder)
