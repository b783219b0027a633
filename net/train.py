"""Trains the network on records and keeps its run in a folder: checkpoints, TensorBoard events, settings.

    python net/train.py --records DIR --run DIR [--steps N]

The same command again goes on where it stopped, and ends with the weights of a run that was never interrupted. Ctrl-C
saves first. TensorBoard: `make board`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from net import graph
from net.augment import NONE, Ranges
from net.batches import RecordSet
from net.losses import LOSSES
from net.reports import Reporter
from net.senet import HEADS, Shape

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
    add("--seed", type=int, default=1, help="of weights, order, augmentation and dropout (default: %(default)s)")
    add("--overwrite", action="store_true", help="start anew in a run folder that holds another run")
    network = parser.add_argument_group("network")
    network.add_argument("--head", choices=HEADS, default="integral", help="(default: %(default)s)")
    network.add_argument(
        "--width", type=int, default=32, help="channels of the first stage, doubled by each (default: %(default)s)"
    )
    network.add_argument("--depth", type=int, default=1, help="blocks a stage (default: %(default)s)")
    network.add_argument("--decoder", type=int, default=64, help="channels of the head (default: %(default)s)")
    network.add_argument(
        "--dropout", type=float, default=0.1, help="part dropped before the head, 0 to 1 (default: %(default)s)"
    )
    optimiser = parser.add_argument_group("loss and optimiser")
    optimiser.add_argument(
        "--loss", choices=LOSSES, default="l2", help="on the points, pixels of the crop (default: %(default)s)"
    )
    optimiser.add_argument("--weight-decay", type=float, default=1e-4, help="L2 of the kernels (default: %(default)s)")
    optimiser.add_argument(
        "--rate", type=float, default=0.001, help="Adam's first learning rate (default: %(default)s)"
    )
    optimiser.add_argument(
        "--decay-factor", type=float, default=0.98, help="of exponential decay (default: %(default)s)"
    )
    optimiser.add_argument(
        "--decay-steps", type=int, default=1000, help="steps between its stairs (default: %(default)s)"
    )
    changes = parser.add_argument_group("augmentation (see net/augment.py)")
    changes.add_argument("--no-augment", action="store_true", help="none at all")
    for name, value in asdict(Ranges()).items():
        changes.add_argument(f"--{name}", type=float, default=value, help="(default: %(default)s)")
    often = parser.add_argument_group("how often, in steps")
    often.add_argument(
        "--report-every", type=int, default=100, help="a line, TensorBoard scalars (default: %(default)s)"
    )
    often.add_argument(
        "--eval-every",
        type=int,
        default=1000,
        help="test NME, pictures, histograms, best checkpoint (default: %(default)s)",
    )
    often.add_argument("--save-every", type=int, default=500, help="checkpoint (default: %(default)s)")
    often.add_argument("--threads", type=int, default=0, help="of TensorFlow; 0: all cores (default: %(default)s)")
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
    except (OSError, json.JSONDecodeError) as error:
        parser.error(f"--recipe {name}: {error}")
    unknown = [key for key in settings if parser.get_default(key) is None]
    if unknown:
        parser.error(f"--recipe {name}: found {', '.join(unknown)}, expected names of options")
    return settings


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with a usage error where a number is out of its range."""
    for name in ("steps", "batch", "decay_steps", "report_every", "eval_every", "save_every"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: found {getattr(args, name)}, expected at least 1")
    if not 0 <= args.dropout < 1 or not 0 < args.decay_factor <= 1 or args.rate <= 0 or args.weight_decay < 0:
        parser.error("expected --dropout in [0, 1), --decay-factor in (0, 1], --rate > 0 and --weight-decay >= 0")
    try:
        ranges_of(args), shape_of(args, 1)
    except ValueError as error:
        parser.error(str(error))


def ranges_of(args: argparse.Namespace) -> Ranges:
    """The augmentation that the options ask for."""
    return NONE if args.no_augment else Ranges(**{name: getattr(args, name) for name in asdict(Ranges())})


def shape_of(args: argparse.Namespace, points: int) -> Shape:
    """The network that the options ask for, for so many points."""
    return Shape(points, args.width, args.depth, args.head, args.decoder)


def main(argv=None) -> int:
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        train(args)
    except (ValueError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    return 0


def train(args: argparse.Namespace) -> None:
    """Trains up to step `args.steps`, from the run's last checkpoint where there is one."""
    records = RecordSet(args.records)
    settings = settings_of(args, records)
    prepare_run(args.run, settings, args.overwrite)
    first = graph.last_step(args.run)
    if first >= args.steps:
        print(f"{args.run}: at step {first} already, --steps is {args.steps}: nothing to do")
        return
    with v1.Graph().as_default():
        v1.set_random_seed(args.seed)
        model = graph.build(args, records, shape_of(args, records.scheme.count), ranges_of(args), first)
        reporter = Reporter(args.run, records, args.steps, first, args.batch)
        saver = v1.train.CheckpointSaverHook(
            str(args.run), save_steps=args.save_every, saver=v1.train.Saver(max_to_keep=2)
        )
        config = v1.ConfigProto(intra_op_parallelism_threads=args.threads, inter_op_parallelism_threads=args.threads)
        with (
            stop_signals() as stop,
            v1.train.MonitoredTrainingSession(
                checkpoint_dir=str(args.run),
                save_checkpoint_secs=None,
                save_summaries_steps=None,
                save_summaries_secs=None,
                log_step_count_steps=None,
                hooks=[saver],
                config=config,
            ) as session,
        ):
            reporter.graph(session.graph)
            loop(session, model, reporter, args, first, stop)


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


class stop_signals:  # noqa: N801 - reads as a function where it is used
    """A list that fills when Ctrl-C or a polite kill comes, so that the loop ends between steps and all is saved."""

    def __enter__(self) -> list:
        caught = []
        self.before = {
            number: signal.signal(number, lambda *args: caught.append(args[0]))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return caught

    def __exit__(self, *error):
        for number, handler in self.before.items():
            signal.signal(number, handler)


def settings_of(args: argparse.Namespace, records: RecordSet) -> dict:
    """All that a run's settings.json holds: the options, and what the records say of themselves."""
    options = {
        key: str(value.resolve()) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key not in NOT_OF_THE_RUN
    }
    kept = ("scheme", "points", "margin", "context", "encoding", "subsets")
    shape = asdict(shape_of(args, records.scheme.count))
    return {"options": options, "network": shape, "records": {key: records.manifest[key] for key in kept}}


def prepare_run(run: Path, settings: dict, overwrite: bool) -> None:
    """Makes the run folder with its settings; one that holds other settings is refused, or emptied with --overwrite."""
    path = run / "settings.json"
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before == settings:
            return
        if not overwrite:
            raise ValueError(
                f"{run}: holds a run with other settings ({difference(before, settings)}); expected the same ones, "
                "another --run, or --overwrite"
            )
        graph.remove_run(run)
    elif run.exists() and any(run.iterdir()):
        raise ValueError(f"{run}: found a folder without settings.json, expected a run's or none")
    run.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
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
