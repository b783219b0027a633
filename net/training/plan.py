"""The plan of a training, as the parser makes it of the command line: frozen parts, each with what belongs together.

A function takes the part that it needs. What only the records know is in the task once they are opened
(`net.training.train`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from net.cluster.batch import divided, scaled
from net.options import values_of
from net.run.folder import RunFolder
from net.training.settings import Settings
from net.training.task import TrainingTask


def _at_least_1(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name}: found {number}, expected at least 1")


@dataclass(frozen=True)
class Length:
    """How long a run is.

    steps: gradient steps in all; batch: examples a step, of all processes; stop_after: it ends after so many
    evaluations without a better one, 0: never. Raises ValueError out of range.
    """

    steps: int = 20_000
    batch: int = 64
    stop_after: int = 0

    def __post_init__(self) -> None:
        _at_least_1(steps=self.steps, batch=self.batch)
        if self.stop_after < 0:
            raise ValueError(f"stop_after: found {self.stop_after}, expected 0 or more")


@dataclass(frozen=True)
class RunPlan:
    """Where a run is kept, and what it tells how often.

    overwrite: whether it may take the place of another one; report_every, eval_every, save_every: steps; threads: of
    TensorFlow, 0: all cores; plots: whether it ends with a report and its plots. Raises ValueError out of range.
    """

    folder: RunFolder
    overwrite: bool = False
    report_every: int = 100
    eval_every: int = 1000
    save_every: int = 500
    threads: int = 0
    plots: bool = True

    def __post_init__(self) -> None:
        _at_least_1(report_every=self.report_every, eval_every=self.eval_every, save_every=self.save_every)


@dataclass(frozen=True)
class ClusterPlan:
    """What only training on several machines needs.

    local: so many workers on this machine, to try it, 0: none; per_worker: whether the batch is each worker's and the
    rate grows by the rule of `net.cluster.batch.scaled`; wait: seconds for a silent parameter server, ten times as
    many for a silent chief. Raises ValueError out of range.
    """

    local: int = 0
    per_worker: bool = False
    wait: float = 60.0

    def __post_init__(self) -> None:
        if self.local < 0:
            raise ValueError(f"local_cluster: found {self.local}, expected at least 1 worker")
        if not self.wait > 0:
            raise ValueError(f"wait: found {self.wait}, expected seconds over 0")


@dataclass(frozen=True)
class Plan:
    """A training: what it learns from, what it trains and how, where it is kept, and how long it is.

    start: the weights that it starts from, a model's contract or a run folder, None for random ones; sweep: JSON of
    several trainings (`net.sweep`) in place of this one. Raises ValueError for parts that do not go together.
    """

    task: TrainingTask
    run: RunPlan
    settings: Settings = Settings()
    length: Length = Length()
    start: Path | None = None
    cluster: ClusterPlan = ClusterPlan()
    sweep: Path | None = None

    def __post_init__(self) -> None:
        if self.cluster.local and self.sweep:
            raise ValueError("sweep: found it with local_cluster, expected one of them")
        if self.cluster.local and not self.cluster.per_worker:
            divided(self.length.batch, self.cluster.local)

    @property
    def waits(self) -> bool:
        """Whether the end or the learning rate waits for what tests find."""
        return self.length.stop_after > 0 or self.settings.schedule == "plateau"

    def grown(self, workers: int) -> Plan:
        """The plan where the batch is that of each of so many workers, if that is asked for."""
        if not self.cluster.per_worker:
            return self
        batch, rate = scaled(self.length.batch, self.settings.rate, self.settings.optimizer, workers)
        return replace(self, length=replace(self.length, batch=batch), settings=replace(self.settings, rate=rate))

    def options(self) -> dict[str, Any]:
        """All options of the command line that a run's weights depend on, as JSON has them."""
        return {
            **self.task.options(),
            "steps": self.length.steps,
            "batch": self.length.batch,
            "init": str(self.start.resolve()) if self.start else None,
            **values_of(self.settings),
        }

    def kept_options(self) -> dict[str, Any]:
        """Those that have to stay the same for a run to go on."""
        options = self.options()
        if self.settings.schedule != "cosine":
            del options["steps"]  # only a cosine depends on the run's length; any other run may be prolonged
        return options

    def hyper_parameters(self) -> dict[str, float | str | bool]:
        """What TensorBoard's HParams lists: all options that the weights depend on, those of the data among them."""
        return {name: _hyper_parameter(value) for name, value in self.options().items()}


def _hyper_parameter(value: Any) -> float | str | bool:
    """An option as HParams has them; a mix as it is written on the command line, nothing as empty text."""
    if isinstance(value, Mapping):
        return ",".join(f"{name}={weight:g}" for name, weight in value.items())
    return value if isinstance(value, bool | int | float) else str(value or "")
