"""The command line of a training: its options, recipes and checks, down to a `Plan`; no Namespace leaves it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from net.landmarks.options import LANDMARK_OPTIONS
from net.model.shape import OF_LABELS
from net.options import add_options, from_options, names_of
from net.run.folder import RunFolder
from net.training.options import TaskOptions
from net.training.origins import network_of
from net.training.plan import ClusterPlan, Length, Plan, RunPlan
from net.training.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
NOT_IN_A_RECIPE = ("run", "sweep", "local_cluster")  # what a program is to do, and where: no settings of a run


def parse(description: str | None, argv: Sequence[str] | None = None, own: TaskOptions = LANDMARK_OPTIONS) -> Plan:
    """The plan that a command line asks for, with the settings of its recipe and the network of its start.

    own: what the task brings along. Ends the program with a usage error for options that are none, out of range or do
    not go together.
    """
    parser = make_parser(description, own)
    first = parser.parse_known_args(argv)[0]
    recipe = read_recipe(parser, first.recipe, own) if first.recipe else {}
    parser.set_defaults(**recipe)
    if first.init:
        start, asked = network_defaults(parser, first.init, own), vars(parser.parse_args(argv))
        parser.set_defaults(**start_for(start, {name: asked[name] for name in recipe}))
    args = parser.parse_args(argv)
    try:
        return plan_of(args, own)
    except ValueError as error:
        parser.error(str(error))


def make_parser(description: str | None, own: TaskOptions) -> argparse.ArgumentParser:
    """The parser of all options, with their defaults."""
    kind = argparse.RawDescriptionHelpFormatter
    # whole names alone, for `without` takes some options out by them
    parser = argparse.ArgumentParser(description=description, formatter_class=kind, allow_abbrev=False)
    add_main_options(parser, own)
    if own.together:
        add_cluster_options(parser.add_argument_group("several machines"))
    own.add(parser)
    add_options(parser.add_argument_group("optimiser"), Settings)
    often = parser.add_argument_group("how often, in steps").add_argument
    often("--report-every", type=int, default=100, help="a line, TensorBoard scalars (default: %(default)s)")
    help_eval = f"test {own.kind.measure.title}, pictures, best checkpoint (default: %(default)s)"
    often("--eval-every", type=int, default=1000, help=help_eval)
    often("--save-every", type=int, default=500, help="checkpoint (default: %(default)s)")
    parser.set_defaults(**{name: str(value) for name, value in own.defaults.items() if name not in ("records", "run")})
    return parser


def add_main_options(parser: argparse.ArgumentParser, own: TaskOptions) -> None:
    """Adds what says which records, which run and how long."""
    add, measure = parser.add_argument, own.kind.measure
    for name, text in (("records", "set of records"), ("run", "folder of the run")):
        place = own.defaults[name]
        add(f"--{name}", type=folder_of, default=ROOT / place, help=f"{text} (default: {place})")
    names = ", ".join(own.names_of_recipes())
    add("--recipe", help=f"settings by name ({names}) or a JSON file; options given besides win")
    add("--steps", type=int, default=20_000, help="gradient steps in all (default: %(default)s)")
    add("--batch", type=int, default=64, help=f"{own.kind.example}s a step (default: %(default)s)")
    add("--overwrite", action="store_true", help="start anew in a run folder that holds another run")
    add("--sweep", type=Path, metavar="PLAN", help="run every setting of a JSON plan (net/sweep.py) into --run")
    add("--init", type=Path, help=f"start from these weights: {own.kind.contract} of a model, or a run folder")
    help_stop = f"end after so many evaluations without a {measure.better} test {measure.title}; 0: never"
    add("--stop-after", type=int, default=0, help=help_stop)
    add("--no-plots", action="store_true", help="leave out report.md and its plots at the end")
    add("--threads", type=int, default=0, help="of TensorFlow; 0: all cores (default: %(default)s)")


def add_cluster_options(group: argparse._ArgumentGroup) -> None:
    """Adds what only training on several machines needs."""
    add = group.add_argument
    add("--local-cluster", type=int, default=0, metavar="W", help="try it here: chief, W-1 workers, a parameter server")
    help_per_worker = "--batch is each worker's, the rate grows by net/cluster/'s rule"
    add("--per-worker", action="store_true", help=help_per_worker)
    help_wait = "for a silent parameter server; ten times as long for a silent chief (default: %(default)s)"
    add("--wait", type=float, default=60.0, metavar="SECONDS", help=help_wait)


def folder_of(text: str) -> Path:
    """A folder of this machine; a URL would be taken for one of an odd name."""
    if "://" in text:
        raise argparse.ArgumentTypeError(f"found the URL {text}, expected a folder: copy it to a disk of all machines")
    return Path(text)


def plan_of(args: argparse.Namespace, own: TaskOptions) -> Plan:
    """The plan that parsed options ask for. Raises ValueError as its parts do."""
    folder, every = RunFolder(args.run), (args.report_every, args.eval_every, args.save_every)
    return Plan(
        task=own.task_of(args),
        run=RunPlan(folder, args.overwrite, *every, threads=args.threads, plots=not args.no_plots),
        settings=from_options(args, Settings),
        length=Length(args.steps, args.batch, args.stop_after),
        start=args.init,
        cluster=ClusterPlan(args.local_cluster, args.per_worker, args.wait) if own.together else ClusterPlan(),
        sweep=args.sweep,
    )


def read_recipe(parser: argparse.ArgumentParser, name: str, own: TaskOptions) -> dict[str, Any]:
    """The settings of a committed recipe, or of a JSON file given by its path; a usage error for what is none."""
    path = Path(name) if name.endswith(".json") else own.recipes / f"{name}.json"
    if not path.is_file():
        parser.error(f"--recipe: found no {name}, expected one of {', '.join(own.names_of_recipes())}, or a JSON file")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(f"--recipe {name}: {error}")
    if not isinstance(settings, dict):
        parser.error(f"--recipe {name}: found a {type(settings).__name__}, expected names of options and their values")
    unknown = settings.keys() - vars(parser.parse_args([])).keys()
    if unknown:
        parser.error(f"--recipe {name}: found {', '.join(sorted(unknown))}, expected names of options")
    if taken := settings.keys() & set(NOT_IN_A_RECIPE):
        parser.error(f"--recipe {name}: found {', '.join(sorted(taken))}, expected it on the command line")
    # as text, so that they are read and refused as options are
    return {key: value if isinstance(value, bool) else str(value) for key, value in settings.items()}


def network_defaults(parser: argparse.ArgumentParser, start: Path, own: TaskOptions) -> dict[str, Any]:
    """The network's options as the weights to start from have them; a usage error where there are none."""
    try:
        network = network_of(start, own.kind).settings()
    except (ValueError, OSError) as error:
        parser.error(f"--init: {error}")
    return {name: network[name] for name in names_of(own.kind.network) if name in network}


def start_for(start: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The network's options as training by a recipe starts with them; start, recipe: what each says, by name.

    Of a number that both say the larger one, into which the start grows; all else is the start's, but for how labels
    lie, which is the recipe's where it says so.
    """
    counts = {name: max(value, recipe[name]) for name, value in start.items() if name in recipe and type(value) is int}
    labels = {name: recipe[name] for name in OF_LABELS if name in recipe}
    return {**start, **counts, **labels}


def without(argv: Sequence[str], *names: str) -> list[str]:
    """The arguments of a command line, those of some options and their values left out."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(name)
    return parser.parse_known_args(argv)[1]
