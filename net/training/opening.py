"""What a training says before anything is built: what it learns from, what it trains, where and how.

Nothing here needs TensorFlow, whose import takes up to a quarter of a minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from net.options import values_of
from net.run.kind import Kind
from net.training.origins import network_of
from net.training.plan import Plan
from net.training.precision import Precision, kept_precision, precision_for, with_precision
from records.processor import Processor, bfloat16_on, onednn_on, this_processor


def opened_by_words(plan: Plan, kind: Kind, leads: bool) -> Plan:
    """The plan with the precision that is taken, after lines on standard output that say what is about to happen.

    leads: whether this process keeps the run's folder; others of a cluster take what suits their own processors.
    Raises ValueError where the folder holds another kind of run, or damaged settings.
    """
    processor = this_processor()
    kept = kept_precision(plan.run, kind) if leads else None
    precision = precision_for(plan.settings.precision, kept, bfloat16_on(processor, os.environ))
    for line in opening_lines(plan, kind, precision, processor, os.environ):
        print(line, flush=True)
    return with_precision(plan, precision)


def opening_lines(
    plan: Plan, kind: Kind, precision: Precision, processor: Processor, environment: Mapping[str, str]
) -> Iterator[str]:
    """The lines; environment: of this process, in which a user may have a word on oneDNN."""
    yield f"records: {plan.task.options()['records']}"
    goes_on = plan.run.folder.holds_run and not plan.run.overwrite
    yield f"run: {plan.run.folder}, {'goes on' if goes_on else 'new'}"
    if plan.start:
        yield f"start: {plan.start}{in_words(changes(plan.start, plan.task.shape, kind))}"
    yield f"network: {', '.join(f'{name} {value}' for name, value in values_of(plan.task.shape).items())}"
    yield from plan.task.remarks
    yield f"steps: {plan.length.steps}, of {plan.length.batch} {kind.example}s"
    yield f"precision: {precision.taken}, {precision.why}"
    if precision.warning:
        yield f"warning: {precision.warning}"
    yield f"processor: {processor.words}; oneDNN {onednn_on(processor, environment).words}"
    yield "building"


def changes(start: Path, shape: Any, kind: Kind) -> dict[str, tuple[Any, Any]]:
    """The options of a network that are not its start's, by name: (there, here). Raises as `network_of`."""
    there, here = values_of(network_of(start, kind)), values_of(shape)
    return {name: (there[name], value) for name, value in here.items() if there[name] != value}


def in_words(changed: Mapping[str, tuple[Any, Any]]) -> str:
    """`; its network changes: stem 16 to 24, fine 1 to 2`, or nothing."""
    listed = ", ".join(f"{name} {there} to {here}" for name, (there, here) in changed.items())
    return f"; its network changes: {listed}" if listed else ""
