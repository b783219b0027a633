"""The loop of make_records.py on Apache Beam: every shard of the plan is one element, wherever a runner puts it.

Only names, notes and what is wrong with faces move between machines; pictures go from their file system to the worker
that cuts them, and shards from there to the set's. A shard depends on the plan alone, so the set is the one that a
single machine writes, byte for byte.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import AsList, TaggedOutput

from records.manifest import MANIFEST, SetManifest
from tools.make.beam.remote import RemoteStaging, fetched, is_remote, mirror, read_bytes, upload
from tools.make.beam.runner import chatter_to, last_line, options_of, reachable_by_workers, shards_finished
from tools.make.datasets import Source, default_dataset, parse_source
from tools.make.faces import FACES, plan_of
from tools.make.parts import Part, SetPlan, manifest_of, write_part
from tools.make.records import check_usable, finish, tell_summary
from tools.make.request import FaceRequest
from tools.make.staging import ShardNote, Staging
from tools.make.workers import Made, Work, cut_through, open_pool
from tools.read.face import BadSample, Item

BAD = "bad"  # the side output of faces that can't become records
COUNTERS = "records"  # namespace of the metrics


@dataclass(frozen=True)
class BeamJob:
    """What every task is told: settings of the faces, folder of the work, folder of mirrors that hold names alone.

    root: a path or a URL that every worker reaches: `<root>/plan` holds the shards' plans, `<root>/set` the shards.
    home: the folder that relative paths of items start from, for workers have another working directory.
    """

    settings: Work
    root: str
    mirrors: Path
    home: Path


def make_records_on_beam(request: FaceRequest, runner: str, flags: Sequence[str]) -> SetManifest:
    """As `tools.make.records.make_set`, the faces cut and written by workers of Apache Beam.

    runner: one of Beam's; flags: its options. Raises ValueError, in one line, for wrong ones and where the runner
    fails.
    """
    options = options_of(runner, flags)
    staging = staging_of(request.out)
    staging.check(request.overwrite)
    with tempfile.TemporaryDirectory() as mirrors:
        sources = [local_source(text, Path(mirrors)) for text in request.datasets] or [Source(default_dataset())]
        plan = plan_of(request, sources)
    staging.start()
    manifest = write_set(plan, BeamJob(plan.settings, str(staging.root), Path(mirrors), Path.cwd()), options)
    if isinstance(staging, Staging):
        finish(staging, manifest, plan, request)
    else:
        check_usable(manifest, plan, staging.remove)
        staging.publish()
    tell_summary(manifest, plan.kind.thing, request)
    return manifest


def staging_of(out: Path | str) -> Staging | RemoteStaging:
    """Where the set lies until it is whole: beside its place, on the same file system."""
    return Staging(out.resolve()) if isinstance(out, Path) else RemoteStaging(out)


def local_source(text: str, mirrors: Path) -> Source:
    """The data set that a DATASET argument names; one on another file system as its mirror, made here."""
    if not is_remote(text):
        return parse_source(text)
    scheme, _, rest = text.partition("://")
    source = parse_source(rest)
    return replace(source, path=mirror(f"{scheme}://{source.path.as_posix()}", mirrors))


def write_set(plan: SetPlan, job: BeamJob, options: PipelineOptions) -> SetManifest:
    """Writes all shards into `<root>/set` through Beam; the set's manifest, which lies in `<root>`.

    Raises ValueError with one line where the runner fails.
    """
    runner = options.get_all_options()["runner"]
    keep_plan(plan.parts, job.root)
    print(f"{plan.items} faces in {len(plan.parts)} shards to {runner}", flush=True)
    with reachable_by_workers(), shards_finished(f"{job.root}/set", len(plan.parts)), chatter_to(log_of(job)) as log:
        try:
            result, state = run(plan, job, options)
        except Exception as error:  # each runner has its own kinds, with pages of text
            raise ValueError(f"{runner}: {last_line(error)} (its messages: {log})") from error
    if state != "DONE":
        raise ValueError(f"{runner}: found the job {state}, expected DONE (its messages: {log})")
    print("; ".join(f"{name}: {number}" for name, number in counters(result).items()), flush=True)
    place = f"{job.root}/{MANIFEST}"
    return plan.kind.manifest.parse(read_bytes(place), place)


def keep_plan(parts: Iterable[Part], root: str) -> None:
    """Writes the plan of each shard as a file: a job's own description has to stay small, whatever the set's size."""
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            path = Path(folder, part.file)
            path.write_bytes(pickle.dumps(part))
            upload(path, f"{root}/plan/{part.file}")


def log_of(job: BeamJob) -> Path:
    """The file for what runner and workers say: in the folder of the work, or among this machine's temporary files."""
    folder = Path(tempfile.gettempdir()) if is_remote(job.root) else Path(job.root)
    return folder / f"beam-{os.getpid()}.log"


def run(plan: SetPlan, job: BeamJob, options: PipelineOptions) -> tuple[Any, str]:
    """Runs the pipeline to its end; its result and last state."""
    pipeline = beam.Pipeline(options=options)
    build(pipeline, [part.file for part in plan.parts], job, replace(plan, parts=()))
    result = pipeline.run()
    return result, result.wait_until_finish()


def build(pipeline: beam.Pipeline, files: Sequence[str], job: BeamJob, plan: SetPlan) -> None:
    """The pipeline: plans to shards, notes and faults to the manifest `<root>/manifest.json`.

    plan: without its parts, which lie in files of their own.
    """
    written = (
        pipeline
        | "planned shards" >> beam.Create(files)
        | "to all workers" >> beam.Reshuffle()
        | "write shards" >> beam.ParDo(WriteShard(job)).with_outputs(BAD, main="notes")
    )
    _ = (
        pipeline
        | "once" >> beam.Create([None])
        | "write manifest"
        >> beam.Map(write_manifest, AsList(written["notes"]), AsList(written[BAD]), plan, f"{job.root}/{MANIFEST}")
    )


class WriteShard(beam.DoFn):
    """From the name of a planned shard to its note; BAD: (reason, line) of every face that can't become a record."""

    def __init__(self, job: BeamJob):
        self._job = job

    def setup(self):
        self._pool = open_pool(1)  # a process beside this one: a damaged file may kill it or keep it for ever

    def teardown(self):
        self._pool.stop()
        self._pool.join()

    def process(self, file: str) -> Iterator:
        part = pickle.loads(read_bytes(f"{self._job.root}/plan/{file}"))
        with tempfile.TemporaryDirectory() as folder:
            note = write_part(Path(folder), part, FACES, self._cuts(part, Path(folder, "faces")), count)
            upload(Path(folder, file), f"{self._job.root}/set/{file}")
        for reason, lines in note.skipped.items():
            for line in lines:
                yield TaggedOutput(BAD, (reason, line))
        yield replace(note, skipped={})

    def _cuts(self, part: Part, folder: Path) -> Iterator[tuple[Item, Made | BadSample]]:
        """The part's items with their cuts; messages name the files where the data set has them."""
        home = self._job.home
        local = fetched((rooted(item, home) for item in part.items), self._job.mirrors, folder)
        cuts = cut_through(self._pool, local, self._job.settings, 1)
        for item, (_, cut) in zip(part.items, cuts, strict=True):
            if isinstance(cut, BadSample):
                cut = at_home(cut, folder) if item.picture.is_absolute() else unrooted(cut, home)
            yield item, cut


def rooted(item: Item, home: Path) -> Item:
    """The item with absolute paths, relative ones taken from a folder."""
    return replace(item, picture=home / item.picture, annotation=home / item.annotation)


def unrooted(bad: BadSample, home: Path) -> BadSample:
    """The same with paths as the data set was named, relative to the folder."""
    return BadSample(bad.reason, bad.message.replace(f"{home}{os.sep}", ""))


def at_home(bad: BadSample, folder: Path) -> BadSample:
    """The same with URLs instead of the paths of files fetched into a folder, `<folder>/<scheme>/<rest>`."""
    before, found, path = bad.message.partition(f"{folder}{os.sep}")
    scheme, _, rest = path.partition(os.sep)
    return BadSample(bad.reason, f"{before}{scheme}://{rest}") if found else bad


def count(item: Item, split: str, cut: Made | BadSample) -> None:
    """Counts a face in Beam's metrics: as a record of its split, or by the reason why it is none."""
    name = f"skipped: {cut.reason}" if isinstance(cut, BadSample) else f"{split} records"
    Metrics.counter(COUNTERS, name).inc()


def counters(result) -> dict[str, int]:
    """Beam's own counts of a finished job: `train records`, `test records`, `skipped: <reason>`."""
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(COUNTERS))["counters"]
    return {one.key.metric.name: one.result for one in sorted(found, key=lambda one: one.key.metric.name)}


def write_manifest(_, notes: list[ShardNote], bad: list[tuple[str, str]], plan: SetPlan, place: str) -> None:
    """Writes the set's manifest from what the tasks tell, in whatever order."""
    skipped = {reason: list(lines) for reason, lines in plan.skipped.items()}
    for reason, line in bad:
        skipped.setdefault(reason, []).append(line)
    ordered = sorted(notes, key=lambda note: note.shard.file)
    with tempfile.TemporaryDirectory() as folder:
        manifest_of(ordered, replace(plan, skipped=skipped)).write(Path(folder))
        upload(Path(folder, MANIFEST), place)
