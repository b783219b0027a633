"""What a task brings to the command line: its options beside those of all trainings, and their defaults."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from net.run.kind import Kind
from net.training.task import TrainingTask


@dataclass(frozen=True)
class TaskOptions:
    """The command line's part of a task.

    kind: of its runs; together: whether several machines can train it; defaults: of options, by their names, where they
    are the task's own: `records` and `run` at least, which are relative to the repository's root; recipes: folder of
    its committed recipes; add: adds its options to a parser; task_of: the task that parsed options ask for, which
    raises ValueError as its parts do.
    """

    kind: Kind
    together: bool
    defaults: Mapping[str, Any]
    recipes: Path
    add: Callable[[argparse.ArgumentParser], None]
    task_of: Callable[[argparse.Namespace], TrainingTask]

    def names_of_recipes(self) -> list[str]:
        """Names of the committed recipes."""
        return sorted(path.stem for path in self.recipes.glob("*.json"))
