"""The command line of net/train.py: its options, recipes and checks, down to a `Plan`; no Namespace leaves it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from net.data.augment import NO_AUGMENTATION, Ranges
from net.data.selection import Fold, Selection
from net.model.shape import Shape
from net.options import add_options, from_options, names_of
from net.run.folder import RunFolder
from net.training.plan import ClusterPlan, Length, Plan, RunPlan
from net.training.settings import Settings
from net.training.start import network_of
from records.mixes import mix_of

ROOT = Path(__file__).resolve().parents[1]
RECIPES = Path(__file__).with_name("recipes")
NOT_IN_A_RECIPE = ("run", "sweep", "local_cluster")  # what a program is to do, and where: no settings of a run


def parse(description: str | None, argv: Sequence[str] | None = None) -> Plan:
    """The plan that a command line asks for, with the settings of its recipe and the network of its start.

    Ends the program with a usage error for options that are none, out of range or do not go together.
    """
    parser = make_parser(description)
    first = parser.parse_known_args(argv)[0]
    if first.recipe:
        parser.set_defaults(**read_recipe(parser, first.recipe))
    if first.init:
        parser.set_defaults(**network_defaults(parser, first.init))
    args = parser.parse_args(argv)
    try:
        return plan_of(args)
    except ValueError as error:
        parser.error(str(error))


def make_parser(description: str | None = None) -> argparse.ArgumentParser:
    """The parser of all options, with their defaults."""
    kind = argparse.RawDescriptionHelpFormatter
    # whole names alone, for `without` takes some options out by them
    parser = argparse.ArgumentParser(description=description, formatter_class=kind, allow_abbrev=False)
    add_main_options(parser)
    add_cluster_options(parser.add_argument_group("several machines"))
    add_options(parser.add_argument_group("network"), Shape)
    add_options(parser.add_argument_group("loss and optimiser"), Settings)
    add_options(parser.add_argument_group("augmentation"), Ranges)
    often = parser.add_argument_group("how often, in steps").add_argument
    often("--report-every", type=int, default=100, help="a line, TensorBoard scalars (default: %(default)s)")
    often("--eval-every", type=int, default=1000, help="test NME, pictures, best checkpoint (default: %(default)s)")
    often("--save-every", type=int, default=500, help="checkpoint (default: %(default)s)")
    return parser


def add_main_options(parser: argparse.ArgumentParser) -> None:
    """Adds what says which records, which run and how long."""
    add = parser.add_argument
    add("--records", type=folder_of, default=ROOT / "data" / "records", help="set of records (default: data/records)")
    add("--run", type=folder_of, default=ROOT / "runs" / "latest", help="folder of the run (default: runs/latest)")
    names = ", ".join(recipes())
    add("--recipe", help=f"settings by name ({names}) or a JSON file; options given besides win")
    add("--steps", type=int, default=20_000, help="gradient steps in all (default: %(default)s)")
    add("--batch", type=int, default=64, help="faces a step (default: %(default)s)")
    add("--overwrite", action="store_true", help="start anew in a run folder that holds another run")
    add("--mix", type=mix_of, help="how often subsets come: NAME=WEIGHT,... (300W/*=2,300W_LP/AFW=0.5); others 1")
    add("--fold", help="i/k: train on the sources outside fold i of k, test on those in it, whatever the set's split")
    help_validation = "part of the training sources held out to choose the best weights, in place of the test records"
    add("--validation", type=float, default=0.0, help=f"{help_validation} (default: none)")
    help_subset = "learn only these points: names, numbers, groups (left_eye_center,nose_tip or eyes,30)"
    add("--points-subset", default="", metavar="POINTS", help=f"{help_subset} (default: all)")
    add("--sweep", type=Path, metavar="PLAN", help="run every setting of a JSON plan (net/sweep.py) into --run")
    add("--init", type=Path, help="start from these weights: landmark.json of a model, or a run folder")
    add("--stop-after", type=int, default=0, help="end after so many evaluations without a lower test NME; 0: never")
    add("--no-augment", action="store_true", help="no augmentation at all")
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


def plan_of(args: argparse.Namespace) -> Plan:
    """The plan that parsed options ask for. Raises ValueError as its parts do."""
    fold = Fold.parse(args.fold) if args.fold else None
    folder, every = RunFolder(args.run), (args.report_every, args.eval_every, args.save_every)
    return Plan(
        records=Selection(args.records, fold, args.mix or {}, args.points_subset, args.validation),
        run=RunPlan(folder, args.overwrite, *every, threads=args.threads, plots=not args.no_plots),
        shape=from_options(args, Shape),
        settings=from_options(args, Settings),
        ranges=ranges_of(args),
        length=Length(args.steps, args.batch, args.stop_after),
        start=args.init,
        cluster=ClusterPlan(args.local_cluster, args.per_worker, args.wait),
        sweep=args.sweep,
    )


def ranges_of(args: argparse.Namespace) -> Ranges:
    """The augmentation that the options ask for; they are checked where there is to be none, too."""
    ranges = from_options(args, Ranges)
    return NO_AUGMENTATION if args.no_augment else ranges


def recipes() -> list[str]:
    """Names of the committed recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.json"))


def read_recipe(parser: argparse.ArgumentParser, name: str) -> dict[str, Any]:
    """The settings of a committed recipe, or of a JSON file given by its path; a usage error for what is none."""
    path = Path(name) if name.endswith(".json") else RECIPES / f"{name}.json"
    if not path.is_file():
        parser.error(f"--recipe: found no {name}, expected one of {', '.join(recipes())}, or a JSON file")
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


def network_defaults(parser: argparse.ArgumentParser, start: Path) -> dict[str, Any]:
    """The network's options as the weights to start from have them; a usage error where there are none."""
    try:
        network = network_of(start).settings()
    except (ValueError, OSError) as error:
        parser.error(f"--init: {error}")
    return {name: network[name] for name in names_of(Shape) if name in network}


def without(argv: Sequence[str], *names: str) -> list[str]:
    """The arguments of a command line, those of some options and their values left out."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(name)
    return parser.parse_known_args(argv)[1]
