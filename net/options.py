"""Options of the command line that are fields of a dataclass: name, default, kind and help stand in one place."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def option(default, text: str, choices: tuple = ()) -> Any:
    """A dataclass field that is also an option; text: what it means, with its unit."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices})


def add_options(group: argparse._ActionsContainer, kind: type) -> None:
    """Adds an option for every such field of a dataclass: `--decay-steps` for decay_steps."""
    for field in _options(kind):
        choices = field.metadata["choices"] or None
        text = f"{field.metadata['help']} (default: %(default)s)"
        name = "--" + field.name.replace("_", "-")
        group.add_argument(name, type=type(field.default), default=field.default, choices=choices, help=text)


def from_options(args: argparse.Namespace, kind: type[Kind], **others) -> Kind:
    """The dataclass that the options ask for; its other fields are given here. Raises ValueError as it does itself."""
    return kind(**{field.name: getattr(args, field.name) for field in _options(kind)}, **others)


def names_of(kind: type) -> list[str]:
    """Names of the fields that are options."""
    return [field.name for field in _options(kind)]


def values_of(one: Any) -> dict[str, Any]:
    """The values of those fields, by their names."""
    return {name: getattr(one, name) for name in names_of(type(one))}


def _options(kind: type) -> list[dataclasses.Field]:
    return [field for field in dataclasses.fields(kind) if "help" in field.metadata]
