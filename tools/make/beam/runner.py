"""Beam's runners: their options, what their workers find, where their messages go, how far they are."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from infer.jobs.progress import Progress
from tools.make.beam.remote import listed

ROOT = Path(__file__).resolve().parents[3]
SERVED = ("PortableRunner", "FlinkRunner", "SparkRunner")  # their job server knows options that Beam's Python does not
POLL = 5.0  # seconds between looks at the finished shards


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


class _Parser(argparse.ArgumentParser):
    """Beam's own parser of options, but for its way to end the program."""

    def add_value_provider_argument(self, *args, **kwargs):
        self.add_argument(*args, **kwargs)

    def error(self, message: str):
        raise ValueError(f"beam options: {message}")


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


def last_line(error: BaseException) -> str:
    """What an error says, of several lines the last that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
