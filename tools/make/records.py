"""The way from a request to a finished set of records on this machine: plan, write, finish, tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from infer.files.console import counted
from infer.jobs.progress import Progress
from records import shards
from records.landmarks import scheme_of
from records.manifest import Manifest
from records.record import SIZE
from records.split import SPLITS
from tools.make.cut import Cut, CutSettings
from tools.make.datasets import Source, default_dataset, find_items, parse_source, records_scheme
from tools.make.parts import SetPlan, manifest_of, plan_parts, write_parts
from tools.make.preview import preview
from tools.make.report import write_report
from tools.make.request import Request
from tools.make.staging import ShardNote, Staging
from tools.read.face import BadSample, Item

SHOWN = 3  # records logged in readable form


def make_records(request: Request) -> Manifest:
    """Writes the whole set beside its place and moves it there; returns the manifest.

    Raises ValueError or FileNotFoundError where there is nothing to make it of or its place is taken, OSError for a
    disk that takes no more.
    """
    staging = Staging(Path(request.out))
    staging.check(request.overwrite)
    plan = plan_of(request, [parse_source(text) for text in request.datasets] or [Source(default_dataset())])
    notes = write(plan, request.workers, staging)
    manifest = manifest_of(notes, plan)
    finish(staging, manifest, plan, request)
    tell_summary(manifest, request)
    return manifest


def plan_of(request: Request, sources: list[Source]) -> SetPlan:
    """What the set will be. Raises ValueError where the data sets' point schemes do not go together."""
    found = find_items(sources, request.format, request.split, request.orientation, request.points)
    scheme = records_scheme(found.items, scheme_of(request.scheme) if request.scheme else None)
    settings = CutSettings(request.points, SIZE, request.margin, request.context, request.encoding, scheme.name)
    parts = plan_parts(found.items, request.split, request.shard_size)
    return SetPlan(parts, settings, request.split, found.datasets, found.skipped, found.remarks)


def write(plan: SetPlan, workers: int, staging: Staging) -> list[ShardNote]:
    """Writes the shards that are missing, with progress; the notes of all."""
    goes_on = staging.open(plan.digest())
    done = sum(len(part.items) for part in plan.parts if staging.note_of(part.file)) if goes_on else 0
    if done:
        print(f"going on with {staging.root}: {counted(done, 'face')} done before")
    with Progress(plan.faces, "faces", done=done) as progress:

        def tell(item: Item, split: str, cut: Cut | BadSample) -> None:
            if progress.count - done < SHOWN and isinstance(cut, Cut):
                progress.say(readable(item, split, cut))
            progress.step()

        return write_parts(plan, workers, staging, tell)


def readable(item: Item, split: str, cut: Cut) -> str:
    """A record in words."""
    label, pose = (" ".join(f"{value:.3f}" for value in values) for values in (cut.label[:4], cut.pose))
    size = f"side {cut.side:.1f} px, {len(cut.image)} bytes"
    return f"{split} {item.key}: {size}, label {label} ..., pitch yaw roll {pose}"


def finish(staging: Staging, manifest: Manifest, plan: SetPlan, request: Request) -> None:
    """Adds manifest, contact sheets and report to the finished shards and moves the set to its place."""
    check_usable(manifest, plan, staging.remove)
    manifest.write(staging.set)
    for number in range(request.previews):
        preview(staging.set, staging.set / f"preview{'' if number == 0 else f'-{number + 1}'}.jpg", number)
    if request.report:
        write_report(staging.set)
    staging.publish()


def check_usable(manifest: Manifest, plan: SetPlan, remove: Callable[[], None]) -> None:
    """Raises ValueError, and removes what was written, where no record for training came out."""
    if manifest.count("train"):
        return
    remove()
    reasons = [f"{reason} {len(lines)}, the first {lines[0]}" for reason, lines in manifest.skipped.items()]
    why = "; ".join(reasons) or f"all fell into the test split, {plan.told_sources()}"
    found = counted(plan.faces, "face")
    raise ValueError(f"{', '.join(manifest.datasets)}: found {found} and no usable one for training: {why}")


def tell_summary(manifest: Manifest, request: Request) -> None:
    """Prints what was written, what was left out and why, and what one should know of the rest."""
    for name, entry in manifest.datasets.items():
        print(f"{name} ({entry.format}): {entry.taken} of {counted(entry.found, 'face')}, weight {entry.weight:g}")
    for split in SPLITS:
        shards_of_split = counted(len(manifest.shards[split]), "shard")
        print(f"{split}: {counted(manifest.count(split), 'face')} in {shards_of_split}")
    for reason, lines in manifest.skipped.items():
        print(f"skipped, {reason}: {_number_and_first(lines)}", file=sys.stderr)
    for kind, lines in manifest.remarks.items():
        print(f"{kind}: {_number_and_first(lines)}", file=sys.stderr)
    shown = ["preview.jpg"] * (request.previews > 0) + ["report/"] * request.report
    hint = f" (look at {' and '.join(shown)} in it)" if shown and isinstance(request.out, Path) else ""
    print(f"written: {request.out}{hint}")


def _number_and_first(lines: Sequence[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{len(lines)}, the first {lines[0]}"


def print_audit(folder: Path) -> int:
    """Prints what is wrong with a set of records; the exit code."""
    faults = shards.audit(folder)
    for fault in faults:
        print(f"make_records: {fault}", file=sys.stderr)
    if not faults:
        manifest = Manifest.read(folder)
        counts = ", ".join(f"{split} {manifest.count(split)}" for split in SPLITS)
        print(f"{folder}: sound ({counts} records)")
    return 1 if faults else 0
