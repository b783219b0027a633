"""Scripts that call the project's commands, without running these: each reads its options, as it would."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Call = tuple[str, Any]  # a script, and its options as it reads them


def record_calls(monkeypatch, module, effects: dict[str, Callable[[Any], object]]) -> list[Call]:
    """Puts a recorder in the place of a script's `call`; effects: what a command leaves behind, by its script."""
    calls: list[Call] = []

    def call(script: str, *arguments, fine: tuple[int, ...] = (0,)) -> None:
        parser = import_module(".".join(Path(script).with_suffix("").parts))
        args = parser.parse_args([str(argument) for argument in arguments])
        calls.append((script, args))
        effects.get(script, bool)(args)

    monkeypatch.setattr(module, "call", call)
    return calls


def scripts_of(calls: list[Call]) -> list[str]:
    return [script for script, _ in calls]
