"""The loop of make_records.py on Apache Beam: every shard of the plan is one element, wherever a runner puts it.

Only names, notes and what is wrong with faces move between machines; pictures go from their file system to the worker
that cuts them, and shards from there to the set's. A shard depends on the plan alone, so the set is the one that a
single machine writes, byte for byte.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from apache_beam.pvalue import AsList, TaggedOutput

from infer.jobs.progress import Progress
from records.manifest import MANIFEST, Manifest
from tools.make import parts as writing
from tools.make.beam.remote import fetched, is_remote, listed, mirror, read_bytes, upload
from tools.make.cut import Cut, Settings, cut_through, open_pool
from tools.make.datasets import Source, parse_source
from tools.read.face import BadSample, Item

ROOT = Path(__file__).resolve().parents[3]
BAD = "bad"  # the side output of faces that can't become records
COUNTERS = "records"  # namespace of the metrics
SERVED = ("PortableRunner", "FlinkRunner", "SparkRunner")  # their job server knows options that Beam's Python does not
POLL = 5.0  # seconds between looks at the finished shards


@dataclass(frozen=True)
class Job:
    """What every task is told: settings of the faces, folder of the work, folder of mirrors that hold names alone.

    root: a path or a URL that every worker reaches: `<root>/plan` holds the shards' plans, `<root>/set` the shards.
    home: the folder that relative paths of items start from, for workers have another working directory.
    """

    settings: Settings
    root: str
    mirrors: Path
    home: Path


class WriteShard(beam.DoFn):
    """From the name of a planned shard to its note; BAD: (reason, line) of every face that can't become a record."""

    def __init__(self, job: Job):
        self._job = job

    def setup(self):
        self._pool = open_pool(1)  # a process beside this one: a damaged file may kill it or keep it for ever

    def teardown(self):
        self._pool.stop()
        self._pool.join()

    def process(self, file: str) -> Iterator:
        part = pickle.loads(read_bytes(f"{self._job.root}/plan/{file}"))
        with tempfile.TemporaryDirectory() as folder:
            note = writing.write_part(Path(folder), part, self._cuts(part, Path(folder, "faces")), count)
            upload(Path(folder, file), f"{self._job.root}/set/{file}")
        for reason, lines in note.skipped.items():
            for line in lines:
                yield TaggedOutput(BAD, (reason, line))
        yield replace(note, skipped={})

    def _cuts(self, part: writing.Part, folder: Path) -> Iterator[tuple[Item, Cut | BadSample]]:
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


def count(item: Item, split: str, cut: Cut | BadSample) -> None:
    """Counts a face in Beam's metrics: as a record of its split, or by the reason why it is none."""
    name = f"skipped: {cut.reason}" if isinstance(cut, BadSample) else f"{split} records"
    Metrics.counter(COUNTERS, name).inc()


def write_manifest(_, notes: list[writing.Note], bad: list[tuple[str, str]], job: Job, place: str, about: dict) -> None:
    """Writes the set's manifest; about: what the plan knows of it, the last arguments of `writing.manifest_of`."""
    notes = sorted(notes, key=lambda note: note.shard.file)
    skipped = {reason: list(lines) for reason, lines in about["skipped"].items()}
    for reason, line in bad:
        skipped.setdefault(reason, []).append(line)
    manifest = writing.manifest_of(notes, job.settings, **{**about, "skipped": skipped})
    with tempfile.TemporaryDirectory() as folder:
        manifest.write(Path(folder))
        upload(Path(folder, MANIFEST), place)


def build(pipeline: beam.Pipeline, files: Sequence[str], job: Job, about: dict) -> None:
    """The pipeline: plans to shards, notes and faults to the manifest `<root>/manifest.json`."""
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
        >> beam.Map(
            write_manifest, AsList(written["notes"]), AsList(written[BAD]), job, f"{job.root}/{MANIFEST}", about
        )
    )


def write_parts(parts: list[writing.Part], job: Job, options: PipelineOptions, about: dict) -> Manifest:
    """Writes all shards into `<root>/set` through Beam; the set's manifest.

    about: split, datasets and skipped, as `writing.manifest_of` takes them. Raises ValueError with one line
    where the runner fails.
    """
    runner = options.get_all_options()["runner"]
    keep_plan(parts, job.root)
    print(f"{sum(len(part.items) for part in parts)} faces in {len(parts)} shards to {runner}", flush=True)
    with reachable_by_workers(), shards_finished(f"{job.root}/set", len(parts)), chatter_to(log_of(job)) as log:
        try:
            result, state = run([part.file for part in parts], job, options, about)
        except Exception as error:  # each runner has its own kinds, with pages of text
            raise ValueError(f"{runner}: {last_line(error)} (its messages: {log})") from error
    if state != "DONE":
        raise ValueError(f"{runner}: found the job {state}, expected DONE (its messages: {log})")
    print("; ".join(f"{name}: {number}" for name, number in counters(result).items()), flush=True)
    place = f"{job.root}/{MANIFEST}"
    return Manifest.parse(read_bytes(place), place)


def run(files: list[str], job: Job, options: PipelineOptions, about: dict) -> tuple[Any, str]:
    """Runs the pipeline to its end; its result and last state."""
    pipeline = beam.Pipeline(options=options)
    build(pipeline, files, job, about)
    result = pipeline.run()
    return result, result.wait_until_finish()


def keep_plan(parts: Iterable[writing.Part], root: str) -> None:
    """Writes the plan of each shard as a file: a job's own description has to stay small, whatever the set's size."""
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            path = Path(folder, part.file)
            path.write_bytes(pickle.dumps(part))
            upload(path, f"{root}/plan/{part.file}")


@contextmanager
def reachable_by_workers() -> Iterator[None]:
    """The worker processes that a runner starts on this machine find our modules, whatever the working directory."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), before]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def shards_finished(folder: str, total: int) -> Iterator[None]:
    """Progress by the shards that lie in a folder: every runner's own view of a job is another one."""
    ended = threading.Event()
    with Progress(total, "shards") as progress:

        def watch():
            while not ended.wait(POLL):
                finished = len(listed(f"{folder}/*.tfrecords"))
                if finished > progress.count:
                    progress.step(finished - progress.count)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def log_of(job: Job) -> Path:
    """The file for what runner and workers say: in the folder of the work, or among this machine's temporary files."""
    folder = Path(tempfile.gettempdir()) if is_remote(job.root) else Path(job.root)
    return folder / f"beam-{os.getpid()}.log"


@contextmanager
def chatter_to(path: Path) -> Iterator[Path]:
    """Standard error, that of worker processes too, goes to a file: runners write dozens of lines for a sound job."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield path
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def counters(result) -> dict[str, int]:
    """Beam's own counts of a finished job: `train records`, `test records`, `skipped: <reason>`."""
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(COUNTERS))["counters"]
    return {one.key.metric.name: one.result for one in sorted(found, key=lambda one: one.key.metric.name)}


def last_line(error: BaseException) -> str:
    """What an error says, of several lines the last that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


class _Parser(argparse.ArgumentParser):
    """Beam's own parser of options, but for its way to end the program."""

    def add_value_provider_argument(self, *args, **kwargs):
        self.add_argument(*args, **kwargs)

    def error(self, message: str):
        raise ValueError(f"beam options: {message}")


def options_of(runner: str, flags: Sequence[str]) -> PipelineOptions:
    """Beam's options of a job. Raises ValueError, in one line, for an unknown option or one with a wrong value."""
    parser = _Parser(allow_abbrev=False, add_help=False)
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    known, unknown = parser.parse_known_args([str(flag) for flag in flags])
    if known.runner:
        raise ValueError(f"beam options: found --runner {known.runner}, expected it before the --")
    if unknown and runner not in SERVED:
        raise ValueError(f"beam options: found {' '.join(unknown)}, expected options that Beam knows")
    options = PipelineOptions([*flags, f"--runner={runner}"])
    for plugin in options.view_as(SetupOptions).beam_plugins or []:
        import_plugin(plugin)
    FileSystems.set_options(options)
    return options


def import_plugin(name: str) -> None:
    """Imports what `--beam_plugin` names, a module or something in one, as Beam's workers do. Raises ValueError."""
    for module in (name, name.rpartition(".")[0]):
        with suppress(ImportError, ValueError):
            importlib.import_module(module)
            return
    raise ValueError(f"beam options: found --beam_plugin {name}, expected a module that can be imported")


def local_source(text: str, mirrors: Path) -> Source:
    """The data set that a DATASET argument names; one on another file system as its mirror, made here."""
    if not is_remote(text):
        return parse_source(text)
    scheme, _, rest = text.partition("://")
    source = parse_source(rest)
    return replace(source, path=mirror(f"{scheme}://{source.path.as_posix()}", mirrors))
