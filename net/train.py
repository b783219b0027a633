"""Trains the network on records and keeps its run in a folder: checkpoints, TensorBoard events, settings.

    python net/train.py --records DIR --run DIR [--steps N]

The same command again goes on where it stopped, and ends with the weights of a run that was never interrupted. Ctrl-C
saves first. TensorBoard: `make board`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from net import graph
from net.augment import NONE, Ranges
from net.batches import RecordSet
from net.options import add_options, from_options
from net.reports import Reporter
from net.senet import Shape

v1 = graph.v1
RECIPES = Path(__file__).parent / "recipes"
NOT_OF_THE_RUN = ("run", "recipe", "overwrite", "steps", "eval_every", "save_every", "report_every", "threads")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--records", type=Path, default=ROOT / "data" / "records", help="set of records (default: data/records)")
    add("--run", type=Path, default=ROOT / "runs" / "latest", help="folder of the run (default: runs/latest)")
    add(
        "--recipe",
        help=f"settings by name ({', '.join(recipes())}) or a JSON file; options given besides win",
    )
    add("--steps", type=int, default=20_000, help="gradient steps in all (default: %(default)s)")
    add("--batch", type=int, default=64, help="faces a step (default: %(default)s)")
    add("--overwrite", action="store_true", help="start anew in a run folder that holds another run")
    add("--no-augment", action="store_true", help="no augmentation at all")
    add("--threads", type=int, default=0, help="of TensorFlow; 0: all cores (default: %(default)s)")
    add_options(parser.add_argument_group("network"), Shape)
    add_options(parser.add_argument_group("loss and optimiser"), graph.Settings)
    add_options(parser.add_argument_group("augmentation"), Ranges)
    often = parser.add_argument_group("how often, in steps").add_argument
    often("--report-every", type=int, default=100, help="a line, TensorBoard scalars (default: %(default)s)")
    often("--eval-every", type=int, default=1000, help="test NME, pictures, best checkpoint (default: %(default)s)")
    often("--save-every", type=int, default=500, help="checkpoint (default: %(default)s)")
    recipe = parser.parse_known_args(argv)[0].recipe
    if recipe:
        parser.set_defaults(**read_recipe(parser, recipe))
    args = parser.parse_args(argv)
    check(parser, args)
    return args


def recipes() -> list[str]:
    """Names of the committed recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.json"))


def read_recipe(parser: argparse.ArgumentParser, name: str) -> dict:
    """The settings of a committed recipe, or of a JSON file given by its path."""
    path = Path(name) if name.endswith(".json") else RECIPES / f"{name}.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(f"--recipe {name}: {error}")
    if not isinstance(settings, dict):
        parser.error(f"--recipe {name}: found a {type(settings).__name__}, expected names of options and their values")
    unknown = [key for key in settings if parser.get_default(key) is None]
    if unknown:
        parser.error(f"--recipe {name}: found {', '.join(unknown)}, expected names of options")
    return settings


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with a usage error where a number is out of its range."""
    for name in ("steps", "batch", "report_every", "eval_every", "save_every"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: found {getattr(args, name)}, expected at least 1")
    try:
        ranges_of(args), from_options(args, Shape), from_options(args, graph.Settings)
    except ValueError as error:
        parser.error(str(error))


def ranges_of(args: argparse.Namespace) -> Ranges:
    """The augmentation that the options ask for."""
    return NONE if args.no_augment else from_options(args, Ranges)


def main(argv=None) -> int:
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        stopped = train(args)
    except (ValueError, OSError, graph.tf.errors.OpError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    return 130 if stopped else 0  # as shells have it for Ctrl-C


def train(args: argparse.Namespace) -> bool:
    """Trains up to step `args.steps`, from the run's last checkpoint where there is one; whether it was stopped."""
    records = RecordSet(args.records)
    shape = from_options(args, Shape, points=records.scheme.count)
    prepare_run(args.run, settings_of(args, records, shape), args.overwrite)
    first = graph.last_step(args.run)
    if first >= args.steps:
        print(f"{args.run}: at step {first} already, --steps is {args.steps}: nothing to do")
        return False
    with v1.Graph().as_default():
        v1.set_random_seed(args.seed)
        settings = from_options(args, graph.Settings)
        model = graph.build(records, shape, settings, ranges_of(args), args.batch, first)
        reporter = Reporter(args.run, records, args.steps, first, args.batch)
        with stop_signals() as stop, session_of(args) as session:
            reporter.graph(session.graph)
            loop(session, model, reporter, args, first, stop)
    return bool(stop)


def session_of(args: argparse.Namespace):
    """The monitored session: it restores the run's last checkpoint, and saves one every so often and at the end."""
    # one saver restores and saves, so that it knows older checkpoints; relative paths, so that a run can be moved
    scaffold = v1.train.Scaffold(saver=v1.train.Saver(max_to_keep=2, save_relative_paths=True))
    return v1.train.MonitoredTrainingSession(
        checkpoint_dir=str(args.run),
        scaffold=scaffold,
        hooks=[v1.train.CheckpointSaverHook(str(args.run), save_steps=args.save_every, scaffold=scaffold)],
        config=v1.ConfigProto(intra_op_parallelism_threads=args.threads, inter_op_parallelism_threads=args.threads),
        # the hooks above and the reporter do what these would
        save_checkpoint_secs=None,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
    )


def loop(session, model: graph.Model, reporter: Reporter, args: argparse.Namespace, step: int, stop: list) -> None:
    """Gradient steps until the last, with reports, evaluations and the best checkpoint on the way."""
    while step < args.steps and not stop:
        report = (step + 1) % args.report_every == 0 or step + 1 == args.steps
        fetched = session.run({"train": model.train_op, **(model.scalars if report else {})})
        step += 1
        if report:
            reporter.line(step, {name: float(fetched[name]) for name in model.scalars})
        if step % args.eval_every == 0 or step == args.steps:
            evaluate(session, reporter, model, step)
    if stop:
        print(f"stopped at step {step}; the same command goes on from there")


def evaluate(session, reporter: Reporter, model: graph.Model, step: int) -> None:
    """Test errors on the bare session: the monitored one's hooks would take every run for a gradient step."""
    session.run_step_fn(lambda step_context: reporter.evaluate(step_context.session, model, step))


@contextlib.contextmanager
def stop_signals() -> Iterator[list]:
    """A list that fills when Ctrl-C or a polite kill comes, so that the loop ends between steps and all is saved."""
    caught = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *args: caught.append(args[0])) for number in numbers]
    try:
        yield caught
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def settings_of(args: argparse.Namespace, records: RecordSet, shape: Shape) -> dict:
    """All that a run's settings.json holds: the options, and what the records say of themselves."""
    options = {
        key: str(value.resolve()) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key not in NOT_OF_THE_RUN
    }
    kept = ("scheme", "points", "margin", "context", "encoding", "subsets")
    return {"options": options, "network": asdict(shape), "records": {key: records.manifest[key] for key in kept}}


def prepare_run(run: Path, settings: dict, overwrite: bool) -> None:
    """Makes the run folder with its settings; other settings there are refused; --overwrite empties it."""
    path = run / "settings.json"
    partial = path.with_suffix(".partial")
    if path.is_file() and overwrite:
        graph.remove_run(run)
    elif path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before == settings:
            return
        raise ValueError(
            f"{run}: holds a run with other settings ({difference(before, settings)}); expected the same ones, "
            "another --run, or --overwrite"
        )
    elif run.exists() and any(other != partial for other in run.iterdir()):
        raise ValueError(f"{run}: found a folder without settings.json, expected a run's or none")
    run.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def difference(before: dict, after: dict) -> str:
    """The settings that differ, in words."""
    parts = []
    for group in after:
        old, new = before.get(group, {}), after[group]
        parts += [
            f"{key}: {old.get(key)} before, {new.get(key)} now"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        ]
    return "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
