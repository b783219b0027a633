"""The precision that a training takes: what is asked for, what its run began with, or what the processor is fast in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from net.run.kind import Kind
from net.training.plan import Plan, RunPlan
from net.training.settings import AUTO
from records.processor import Bfloat16


@dataclass(frozen=True)
class Precision:
    """taken: one of PRECISIONS; why: in words; warning: a line where the processor is slow in it, or nothing."""

    taken: str
    why: str
    warning: str = ""


def precision_for(asked: str, kept: str | None, bfloat16: Bfloat16) -> Precision:
    """What is taken. asked: of the command line; kept: of the run that it goes on with, None for a new one.

    A run goes on with what it has, also on another machine: its weights would not be those of a run never interrupted.
    """
    if asked != AUTO:
        taken, why = asked, "as asked"
    elif kept:
        taken, why = kept, "as the run began"
    else:
        taken, why = "bfloat16" if bfloat16.fast else "float32", f"for {bfloat16.words}"
    slow = taken == "bfloat16" and not bfloat16.fast
    return Precision(taken, why, _warning(kept, bfloat16) if slow else "")


def _warning(kept: str | None, bfloat16: Bfloat16) -> str:
    way = "a new run with --init and this one's folder" if kept else "--precision auto"
    will = "may" if bfloat16.fast is None else "will"
    return f"{bfloat16.words}, and training {will} crawl; {way} takes float32"


def kept_precision(run: RunPlan, kind: Kind) -> str | None:
    """That of the run in a folder, where the plan goes on with it; None where a new one begins.

    Raises ValueError where the folder holds another kind of run, or damaged settings.
    """
    if run.overwrite or not run.folder.holds_run:
        return None
    return run.folder.settings_as(kind).options.get("precision")


def with_precision(plan: Plan, precision: Precision) -> Plan:
    """The plan with what is taken in its settings."""
    return replace(plan, settings=replace(plan.settings, precision=precision.taken))
