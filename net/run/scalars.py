"""What a run has told TensorBoard, read back: its scalars, and what each of its tests measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from net.run.folder import RunFolder
from records.runtime import tf, v1


def read_scalars(run: RunFolder) -> dict[str, dict[int, float]]:
    """All scalars in a run's events: tag -> {step: value}; of a step that was done twice, the later value."""
    found: dict[str, dict[int, float]] = {}
    for path in run.events():
        for event in _events_in(path):
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    found.setdefault(value.tag, {})[event.step] = value.simple_value
    return {tag: dict(sorted(values.items())) for tag, values in found.items()}


def read_tests(run: RunFolder, judge: str) -> dict[int, dict[str, float]]:
    """What each test of a run on the split that judges it found: step -> {name: value}, not its measures alone."""
    found: dict[int, dict[str, float]] = {}
    for tag, values in read_scalars(run).items():
        split, _, name = tag.partition("/")
        for step, value in values.items() if split == judge else ():
            found.setdefault(step, {})[name] = value
    return dict(sorted(found.items()))


def _events_in(path: Path) -> Iterator[v1.Event]:
    """The events of a file, up to where a kill has torn it."""
    with contextlib.suppress(tf.errors.DataLossError):
        yield from v1.train.summary_iterator(str(path))
