"""The way from a request to a finished set of records on this machine: plan, write, finish, tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from infer.files.console import counted
from infer.jobs.progress import Progress
from records import shards
from records.manifest import SetManifest
from records.split import SPLITS
from tools.make.datasets import Source, default_dataset, parse_source
from tools.make.parts import SetPlan, manifest_of, write_parts
from tools.make.request import Request
from tools.make.staging import ShardNote, Staging
from tools.make.workers import Made
from tools.read.face import BadSample, Item

Asked = TypeVar("Asked", bound=Request)
SHOWN = 3  # records logged in readable form


def make_set(request: Asked, plan_of: Callable[[Asked, list[Source]], SetPlan]) -> SetManifest:
    """Writes the whole set beside its place and moves it there; returns the manifest.

    plan_of: what the set will be, from the request and its data sets. Raises ValueError or FileNotFoundError where
    there is nothing to make it of or its place is taken, OSError for a disk that takes no more.
    """
    staging = Staging(Path(request.out))
    staging.check(request.overwrite)
    plan = plan_of(request, [parse_source(text) for text in request.datasets] or [Source(default_dataset())])
    notes = write(plan, request.workers, staging)
    manifest = manifest_of(notes, plan)
    finish(staging, manifest, plan, request)
    tell_summary(manifest, plan.kind.thing, request)
    return manifest


def write(plan: SetPlan, workers: int, staging: Staging) -> list[ShardNote]:
    """Writes the shards that are missing, with progress; the notes of all."""
    goes_on = staging.open(plan.digest())
    done = sum(len(part.items) for part in plan.parts if staging.note_of(part.file)) if goes_on else 0
    if done:
        print(f"going on with {staging.root}: {counted(done, plan.kind.thing)} done before")
    with Progress(plan.items, f"{plan.kind.thing}s", done=done) as progress:

        def tell(item: Item, split: str, cut: Made | BadSample) -> None:
            if progress.count - done < SHOWN and not isinstance(cut, BadSample):
                progress.say(f"{split} {item.key}: {plan.kind.words(cut)}")
            progress.step()

        return write_parts(plan, workers, staging, tell)


def finish(staging: Staging, manifest: SetManifest, plan: SetPlan, request: Request) -> None:
    """Adds manifest, contact sheets and report to the finished shards and moves the set to its place."""
    check_usable(manifest, plan, staging.remove)
    manifest.write(staging.set)
    for number in range(request.previews):
        plan.kind.preview(staging.set, staging.set / f"preview{'' if number == 0 else f'-{number + 1}'}.jpg", number)
    if request.report:
        plan.kind.report(staging.set)
    staging.publish()


def check_usable(manifest: SetManifest, plan: SetPlan, remove: Callable[[], None]) -> None:
    """Raises ValueError, and removes what was written, where no record for training came out."""
    if manifest.count("train"):
        return
    remove()
    reasons = [f"{reason} {len(lines)}, the first {lines[0]}" for reason, lines in manifest.skipped.items()]
    why = "; ".join(reasons) or f"all fell into the test split, {plan.told_sources()}"
    found = counted(plan.items, plan.kind.thing)
    raise ValueError(f"{', '.join(manifest.datasets)}: found {found} and no usable one for training: {why}")


def tell_summary(manifest: SetManifest, thing: str, request: Request) -> None:
    """Prints what was written, what was left out and why, and what one should know of the rest.

    thing: what an item is called.
    """
    for name, entry in manifest.datasets.items():
        print(f"{name} ({entry.format}): {entry.taken} of {counted(entry.found, thing)}, weight {entry.weight:g}")
    for split in SPLITS:
        shards_of_split = counted(len(manifest.shards[split]), "shard")
        print(f"{split}: {counted(manifest.count(split), thing)} in {shards_of_split}")
    for reason, lines in manifest.skipped.items():
        print(f"skipped, {reason}: {_number_and_first(lines)}", file=sys.stderr)
    for kind, lines in manifest.remarks.items():
        print(f"{kind}: {_number_and_first(lines)}", file=sys.stderr)
    shown = ["preview.jpg"] * (request.previews > 0) + ["report/"] * request.report
    hint = f" (look at {' and '.join(shown)} in it)" if shown and isinstance(request.out, Path) else ""
    print(f"written: {request.out}{hint}")


def _number_and_first(lines: Sequence[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{len(lines)}, the first {lines[0]}"


def print_audit(folder: Path, kind: type[SetManifest], script: str) -> int:
    """Prints what is wrong with a set of records of a kind, in the name of a script; the exit code."""
    faults = shards.audit(folder, kind)
    for fault in faults:
        print(f"{script}: {fault}", file=sys.stderr)
    if not faults:
        manifest = kind.read(folder)
        counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
        print(f"{folder}: sound ({counts} records)")
    return 1 if faults else 0
