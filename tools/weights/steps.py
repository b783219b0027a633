"""A plan of steps: the project's commands, one after the other, each with what those before it made.

The same plan again goes on where it stopped: a step whose work is there is left out, and a training goes on by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infer.files.console import counted
from records.manifest import MANIFEST
from tools.shell import call


@dataclass(frozen=True)
class Command:
    """One of the project's commands: its script and arguments.

    minutes: that it takes, about, on 2 cores; made: a file that is there once it is done, None: it has to be asked
    anew; fine: exit codes that are no error.
    """

    script: str
    arguments: tuple[object, ...]
    minutes: int = 0
    made: Path | None = None
    fine: tuple[int, ...] = (0,)

    def take(self) -> None:
        """Runs the command, unless its work is done. Raises subprocess.CalledProcessError where it fails."""
        if self.made is None or not self.made.is_file():
            call(self.script, *self.arguments, fine=self.fine)


def making(folder: Path, script: str, *arguments: object, minutes: int = 1) -> Command:
    """The step that makes a set of records in a folder."""
    # 1: some could not be read, and are named
    return Command(script, (*arguments, "--out", folder), minutes, folder / MANIFEST, fine=(0, 1))


def training(program: str, recipe: str, run: Path, records: Path, *options: object, minutes: int) -> Command:
    """The step that trains a run by a recipe."""
    places = ("--recipe", recipe, "--records", records, "--run", run)
    return Command(program, (*places, *options), minutes)


def freezing(run: Path, out: Path, *options: object) -> Command:
    """The step that freezes a run's weights into a folder, in half precision."""
    return Command("export/freeze.py", ("--run", run, "--out", out, "--formats", "pb16", *options), minutes=1)


def converting(model: Path, out: Path, *options: object) -> Command:
    """The step that puts a frozen model into another folder, in half precision."""
    return Command("export/freeze.py", ("--model", model, "--out", out, "--formats", "pb16", *options), minutes=1)


def carry_out(steps: Sequence[Command]) -> None:
    """Takes the steps, and says before how long that is. Raises subprocess.CalledProcessError where one fails."""
    minutes = sum(step.minutes for step in steps)
    print(f"{counted(len(steps), 'step')}, {minutes / 60:.1f} hours on 2 cores, less what is done", flush=True)
    for step in steps:
        step.take()
