"""Kinds of runs: what tells a run of landmarks from one of a detector wherever a run folder is written or read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar


class NetworkShape(Protocol):
    """What makes a network unlike another of its kind, as a run's settings and a model's contract hold it."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Of what JSON holds. Raises TypeError or ValueError for what is none."""

    def settings(self) -> dict[str, Any]:
        """As JSON has it."""


class RecordsOf(Protocol):
    """A dataclass of what the manifest of a run's records says of them; subsets: records by subset and split."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def subsets(self) -> dict[str, dict[str, int]]:
        """Records by subset and split."""


Network = TypeVar("Network", bound=NetworkShape)
Summary = TypeVar("Summary", bound=RecordsOf)


@dataclass(frozen=True)
class Measure:
    """What chooses the best checkpoint, a fraction.

    key: its name in a table of measures; title: in sentences; short: in lines, beside others; less: whether less of it
    is better.
    """

    key: str
    title: str
    short: str
    less: bool = True

    def of(self, measures: Mapping[str, float]) -> float:
        """Its value in a table of measures, NaN where it was not measured."""
        return measures.get(self.key, math.nan)

    def loss(self, measures: Mapping[str, float]) -> float:
        """A number that is the less the better, NaN where it was not measured."""
        return self.of(measures) if self.less else -self.of(measures)

    @property
    def best(self) -> str:
        """What the best one is called."""
        return "least" if self.less else "highest"

    @property
    def better(self) -> str:
        """What a better one is called."""
        return "lower" if self.less else "higher"


@dataclass(frozen=True)
class Kind(Generic[Network, Summary]):
    """A kind of run.

    name: in settings.json; example: what a batch is made of ("face"); program: what trains it, and contract: what that
    of its model is called, both for errors; network, records: types of what its settings say of them; measure: what
    chooses the best checkpoint; listed: the measures that tables list; note: the file beside the best checkpoint that
    says what was measured.
    """

    name: str
    example: str
    program: str
    contract: str
    network: type[Network]
    records: type[Summary]
    measure: Measure
    listed: tuple[str, ...]
    note: str
