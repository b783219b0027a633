"""Trains the network on records and keeps its run in a folder: checkpoints, TensorBoard events, settings.

    python net/train.py --records DIR --run DIR [--steps N]

The same command again goes on where it stopped, and ends with the weights of a run that was never interrupted. Ctrl-C
saves first. TensorBoard: `make board`. Where TF_CONFIG is set, this is one process of a cluster (net/cluster/).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from net import sweep
from net.cluster import local as local_cluster
from net.cluster import member as cluster
from net.data.augment import NO_AUGMENTATION, Ranges
from net.data.batches import subset_shares
from net.data.moments import inherit_moments, with_moments
from net.data.record_set import RecordSet
from net.data.selection import Fold
from net.model.shape import Shape
from net.options import add_options, from_options, names_of
from net.run.reporter import Reporter
from net.training import step as graph
from net.training.start import network_of, starting_point
from records.mixes import mix_of

from tensorboard.plugins.hparams import api_pb2 as hparams_api, summary as hparams  # isort: skip
from infer.files.atomic import remove_leftovers, write_text_atomically

tf, v1 = graph.tf, graph.v1
RECIPES = Path(__file__).parent / "recipes"
NOT_OF_THE_RUN = (
    "run",
    "recipe",
    "sweep",
    "overwrite",
    "eval_every",
    "save_every",
    "report_every",
    "threads",
    "stop_after",
    "no_plots",
    "local_cluster",
    "per_worker",
    "wait",
)
NOT_IN_A_RECIPE = ("run", "sweep", "local_cluster")  # what a program is to do, and where: no settings of a run
# named in a run's settings only where they are used, so that runs of before go on
LATER = {
    "points_subset": "",
    "validation": 0.0,
    "picture": "rgb",
    "pixels": "scaled",
    "labels": "fractions",
    "jpeg": 0.0,
}


def parse_args(argv=None) -> argparse.Namespace:
    kind = argparse.RawDescriptionHelpFormatter
    # whole names alone, for `without` takes some options out by them
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=kind, allow_abbrev=False)
    add = parser.add_argument
    add("--records", type=folder_of, default=ROOT / "data" / "records", help="set of records (default: data/records)")
    add("--run", type=folder_of, default=ROOT / "runs" / "latest", help="folder of the run (default: runs/latest)")
    add(
        "--recipe",
        help=f"settings by name ({', '.join(recipes())}) or a JSON file; options given besides win",
    )
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
    add_cluster_options(parser.add_argument_group("several machines"))
    add_options(parser.add_argument_group("network"), Shape)
    add_options(parser.add_argument_group("loss and optimiser"), graph.Settings)
    add_options(parser.add_argument_group("augmentation"), Ranges)
    often = parser.add_argument_group("how often, in steps").add_argument
    often("--report-every", type=int, default=100, help="a line, TensorBoard scalars (default: %(default)s)")
    often("--eval-every", type=int, default=1000, help="test NME, pictures, best checkpoint (default: %(default)s)")
    often("--save-every", type=int, default=500, help="checkpoint (default: %(default)s)")
    first = parser.parse_known_args(argv)[0]
    if first.recipe:
        parser.set_defaults(**read_recipe(parser, first.recipe))
    if first.init:
        parser.set_defaults(**network_defaults(parser, first.init))
    args = parser.parse_args(argv)
    check(parser, args)
    return args


def folder_of(text: str) -> Path:
    """A folder of this machine; a URL would be taken for one of an odd name."""
    if "://" in text:
        raise argparse.ArgumentTypeError(f"found the URL {text}, expected a folder: copy it to a disk of all machines")
    return Path(text)


def add_cluster_options(group) -> None:
    """Adds what only training on several machines needs."""
    add = group.add_argument
    add("--local-cluster", type=int, default=0, metavar="W", help="try it here: chief, W-1 workers, a parameter server")
    add(
        "--per-worker",
        action="store_true",
        help="--batch is each worker's, the rate grows by net/cluster/'s rule",
    )
    add(
        "--wait",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="for a silent parameter server; ten times as long for a silent chief (default: %(default)s)",
    )


def recipes() -> list[str]:
    """Names of the committed recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.json"))


def read_recipe(parser: argparse.ArgumentParser, name: str) -> dict:
    """The settings of a committed recipe, or of a JSON file given by its path."""
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


def network_defaults(parser: argparse.ArgumentParser, start: Path) -> dict:
    """The network's options as the weights to start from have them."""
    try:
        network = network_of(start)
    except (ValueError, OSError) as error:
        parser.error(f"--init: {error}")
    return {name: getattr(network, name) for name in names_of(Shape)}


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with a usage error where a number is out of its range."""
    for name in ("steps", "batch", "report_every", "eval_every", "save_every"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: found {getattr(args, name)}, expected at least 1")
    if args.stop_after < 0:
        parser.error(f"--stop-after: found {args.stop_after}, expected 0 or more")
    check_cluster(parser, args)
    if not 0 <= args.validation < 1:
        parser.error(f"--validation: found {args.validation}, expected a part from 0 to under 1")
    try:
        ranges_of(args), graph.check_heat(from_options(args, Shape), from_options(args, graph.Settings))
        if args.fold:
            Fold.parse(args.fold)
    except ValueError as error:
        parser.error(str(error))


def check_cluster(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with a usage error where the options of several machines are wrong, or do not go with others."""
    if args.local_cluster < 0:
        parser.error(f"--local-cluster: found {args.local_cluster}, expected at least 1 worker")
    if not args.wait > 0:
        parser.error(f"--wait: found {args.wait}, expected seconds over 0")
    if args.local_cluster and args.sweep:
        parser.error("--sweep: found it with --local-cluster, expected one of them")
    if args.local_cluster and args.batch % args.local_cluster and not args.per_worker:
        parser.error(cluster.indivisible(args.batch, args.local_cluster))


def ranges_of(args: argparse.Namespace) -> Ranges:
    """The augmentation that the options ask for."""
    return NO_AUGMENTATION if args.no_augment else from_options(args, Ranges)


def main(argv=None) -> int:
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        if args.sweep:
            options = without(argv, "--sweep", "--run")
            return 0 if sweep.run(args.sweep, args.run, options, args.validation) else 1
        member = cluster.member_of(os.environ)
        if args.local_cluster and not member:  # whoever is a member of one starts none
            options = without(argv, "--local-cluster")
            return local_cluster.run([sys.executable, __file__, *options], args.local_cluster, args.run)
        stopped = take_part(args, member) if member else train(args)
    except (ValueError, OSError, graph.tf.errors.OpError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    return 130 if stopped else 0  # as shells have it for Ctrl-C


def without(argv: list[str] | None, *names: str) -> list[str]:
    """The arguments of the command line, those of some options and their values left out."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(name)
    return parser.parse_known_args(argv)[1]


def take_part(args: argparse.Namespace, member: cluster.Member) -> bool:
    """What this process does in a cluster, until the run is at its last step; whether it was stopped."""
    if member.task == "evaluator":
        return test_checkpoints(args, member)
    if args.per_worker:
        args.batch, args.rate = cluster.scaled(args.batch, args.rate, args.optimizer, member.workers)
    cluster.batch_of(member, args.batch)
    if member.apart and (args.stop_after or args.schedule == "plateau"):
        raise ValueError("--stop-after, --schedule plateau: expected a cluster whose chief tests, without an evaluator")
    server = member.serve(args.threads)
    if member.task == "ps":
        cluster.serve_parameters(member, server, args.wait)
        return False
    with cluster.watch(member, server, args.wait):
        try:
            stopped = train(args, cluster.Replica(member, server))
        except Exception:
            if member.is_chief:
                cluster.leave(member, server, failed=True)
            raise
        if not stopped:
            cluster.leave(member, server)
    return stopped


def train(args: argparse.Namespace, replica: cluster.Replica | None = None) -> bool:
    """Trains up to step `args.steps`, from the run's last checkpoint where there is one; whether it was stopped.

    replica: what this process is in a cluster, None for a machine on its own.
    """
    records = record_set(args)
    check_records(args, records)
    shape, settings = shape_of(args, records), from_options(args, graph.Settings)
    if replica and not replica.member.is_chief:
        return go_on(args, records, shape, settings, replica)
    with sole_trainer(args.run):
        prepare_run(args.run, settings_of(args, records, shape), args.overwrite)
        return go_on(args, records, shape, settings, replica)


def go_on(args, records: RecordSet, shape: Shape, settings: graph.Settings, replica) -> bool:
    """The run from its last checkpoint on, as `train` says."""
    first = graph.last_step(args.run)
    if first >= args.steps:
        if lacks_report(args, replica):
            write_report(args.run, records, shape, settings.loss)
        else:
            print(f"{args.run}: at step {first} already, --steps is {args.steps}: nothing to do")
        return False
    with v1.Graph().as_default(), v1.device(replica.member.device() if replica else None):
        v1.set_random_seed(args.seed)
        own = replica.own(settings) if replica else settings
        batch = cluster.batch_of(replica.member if replica else None, args.batch)
        model = graph.build(records, shape, own, ranges_of(args), batch, args.steps, first, args.mix, replica)
        if replica and not replica.member.is_chief:
            return follow(args, model, replica, first)
        stop = lead(args, model, records, shape, first, replica)
    if not (stop or args.no_plots):
        write_report(args.run, records, shape, settings.loss)
    return bool(stop)


def record_set(args: argparse.Namespace) -> RecordSet:
    """The records that the options ask for."""
    fold = Fold.parse(args.fold) if args.fold else None
    return RecordSet(args.records, fold, args.picture == "grey", args.points_subset, args.validation)


def lead(args, model: graph.Model, records: RecordSet, shape: Shape, first: int, replica) -> list:
    """The run of a machine alone or of a chief: training, reports, tests; the signals that stopped it."""
    reporter = Reporter(args.run, records, args.steps, first, args.batch)
    start = starting_point(args.init, records, shape) if args.init else None
    end = replica.end_op() if replica else None
    with stop_signals() as stop, session_of(args, start, replica) as session:
        reporter.start(session.graph, hyper_parameters(args))
        loop(session, model, reporter, args, first, stop)
        if not stop:  # TensorBoard keeps the first end that it reads, and one that was stopped goes on
            reporter.writer.add_summary(hparams.session_end_pb(hparams_api.STATUS_SUCCESS))
            reporter.writer.flush()
        if replica and not stop:  # of one that was stopped the others wait for the return
            session.run_step_fn(lambda step_context: step_context.session.run(end))
    return stop


def follow(args: argparse.Namespace, model: graph.Model, replica: cluster.Replica, step: int) -> bool:
    """A worker's part of a run: gradients, until the chief ends it; whether it was stopped."""
    with tf.control_dependencies([model.step]):
        ended = replica.ended()
    replica.wait_for_chief()
    over = False
    with stop_signals() as stop, session_of(args, None, replica) as session:
        while not (over or stop):
            found = session.run({"step": model.step, "ended": ended, "loss": model.scalars["loss"]})
            step = int(found["step"])
            over = bool(found["ended"]) or step >= args.steps
            if step % args.report_every == 0 and not found["ended"]:
                print(f"{replica.member.name}: step {step}/{args.steps}  loss {found['loss']:.4f}", flush=True)
    if not (over or stop):  # the session takes a closed queue of steps for an end of its own
        cluster.abandoned()
    return bool(stop)


def test_checkpoints(args: argparse.Namespace, member: cluster.Member) -> bool:
    """A cluster's evaluator: tests every checkpoint that it finds in the run's folder, up to the last step.

    Whether it was stopped. Raises ValueError where there is none to test and the chief is silent for too long.
    """
    (chief,) = cluster.silences(member, args.wait)
    records = record_set(args)
    shape, settings, step = shape_of(args, records), from_options(args, graph.Settings), -1
    with v1.Graph().as_default(), stop_signals() as stop:
        model = graph.build(records, shape, settings, ranges_of(args), args.batch, args.steps, mix=args.mix)
        reporter = Reporter(args.run, records, args.steps, 0, args.batch)
        saver = v1.train.Saver()
        with v1.Session(config=cluster.config_of(args.threads)) as session:
            while step < args.steps and not stop:
                checkpoint, newest = v1.train.latest_checkpoint(str(args.run)), graph.last_step(args.run)
                if not checkpoint or newest == step:
                    if line := chief.look():
                        raise ValueError(line)
                    time.sleep(cluster.PROBE)
                    continue
                with contextlib.suppress(tf.errors.NotFoundError):  # the chief has removed it: there is a newer one
                    saver.restore(session, checkpoint)
                    step = newest
                    error = reporter.evaluate(session, model, step)
                    print(f"evaluator: step {step}/{args.steps}  NME box {100 * error:.2f} %", flush=True)
                (chief,) = cluster.silences(member, args.wait)  # testing takes its time
    return bool(stop)


def shape_of(args: argparse.Namespace, records: RecordSet) -> Shape:
    """The network that the options ask for, for these records."""
    shape = from_options(args, Shape, points=records.scheme.count)
    return with_moments(inherit_moments(shape, network_of(args.init)) if args.init else shape, records)


def lacks_report(args: argparse.Namespace, replica: cluster.Replica | None) -> bool:
    """Whether a run that has ended still wants its report: it was stopped while that was written, the page at last."""
    chief = not replica or replica.member.is_chief
    return chief and not args.no_plots and not (args.run / graph.REPORT[0]).is_file()


def write_report(run: Path, records: RecordSet, shape: Shape, loss: str) -> None:
    """Plots and a table of the run into its folder; without matplotlib a line that says so."""
    try:
        from net.run import page as plots  # matplotlib takes a second, and only what has ended is drawn
    except ImportError as error:
        print(f"no plots: found no package {error.name}, expected matplotlib")
        return
    plots.write(run, records, shape, loss)
    print(f"report: {run / plots.PAGE}")


def check_records(args: argparse.Namespace, records: RecordSet) -> None:
    """Raises ValueError for options that these records cannot serve, before the run's folder is made."""
    if args.mix:
        subset_shares(records, args.mix)
    if (args.stop_after or args.schedule == "plateau") and not records.count(records.judge):
        raise ValueError(f"{records.folder}: found no test records, which --stop-after and --schedule plateau need")


def session_of(args: argparse.Namespace, start, replica: cluster.Replica | None = None):
    """The monitored session: it restores the run's last checkpoint, and saves one every so often and at the end.

    start: a function (scaffold, session) that loads weights where there is no checkpoint yet, or None; replica: what
    this process is in a cluster, of which the chief alone restores and saves.
    """
    # one saver restores and saves, so that it knows older checkpoints; relative paths, so that a run can be moved
    saver = v1.train.Saver(max_to_keep=2, save_relative_paths=True)
    scaffold = v1.train.Scaffold(saver=saver, init_fn=start)
    chief = not replica or replica.member.is_chief
    hooks = replica.hooks() if replica else []
    if chief:
        hooks.append(v1.train.CheckpointSaverHook(str(args.run), save_steps=args.save_every, scaffold=scaffold))
    return v1.train.MonitoredTrainingSession(
        master=replica.server.target if replica else "",
        is_chief=chief,
        checkpoint_dir=str(args.run) if chief else None,
        scaffold=scaffold,
        hooks=hooks,
        config=replica.member.config(args.threads) if replica else cluster.config_of(args.threads),
        # the hooks above and the reporter do what these would
        save_checkpoint_secs=None,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
        stop_grace_period_secs=cluster.CLOSING,
    )


def loop(session, model: graph.Model, reporter: Reporter, args: argparse.Namespace, step: int, stop: list) -> None:
    """Gradient steps until the last, with reports, evaluations and the best checkpoint on the way."""
    if model.rate.plateau and step and step % args.eval_every == 0:
        evaluate(session, reporter, model, step, args)  # a kill may have come after the checkpoint and before this
    if args.init and not step:  # the best weights may be those that it starts from
        evaluate(session, reporter, model, step, args)
        reporter.tell("start")
    while step < args.steps and not stop and not given_up(args, reporter, step):
        report = (step + 1) % args.report_every == 0 or step + 1 == args.steps
        fetched = session.run({"step": model.step, **(model.scalars if report else {})})
        if int(fetched["step"]) == step:
            continue  # in a cluster: a gradient that came too late to count
        step = int(fetched["step"])
        if report:
            check_loss(fetched["loss"], step)
            reporter.line(step, {name: float(fetched[name]) for name in model.scalars})
        if step % args.eval_every == 0 or step == args.steps:
            evaluate(session, reporter, model, step, args)
    if stop:
        print(f"stopped at step {step}; the same command goes on from there")
    elif step < args.steps:
        print(f"no lower {reporter.records.judge} NME since step {reporter.best_step}: ended at step {step}")
    else:
        reporter.tell("end")


def check_loss(loss: float, step: int) -> None:
    """Raises ValueError where training has left the numbers, from where nothing leads back."""
    if not math.isfinite(loss):
        raise ValueError(f"loss: found {loss} at step {step}, expected a number; a lower --rate may help")


def given_up(args: argparse.Namespace, reporter: Reporter, step: int) -> bool:
    """Whether `--stop-after` evaluations, this step's the last, went by without a lower test NME."""
    waited = step - reporter.best_step
    return args.stop_after > 0 and step % args.eval_every == 0 and waited >= args.stop_after * args.eval_every


def evaluate(session, reporter: Reporter, model: graph.Model, step: int, args: argparse.Namespace) -> None:
    """Test errors, and a lower learning rate where the schedule waits for it.

    On the bare session: the monitored one's hooks would take every run for a gradient step. Nothing where a cluster's
    evaluator tests.
    """
    if not model.eval_iterator:
        return

    def on(step_context):
        error, plateau = reporter.evaluate(step_context.session, model, step), model.rate.plateau
        if plateau:
            waits = {plateau.error: error, plateau.patience: args.patience * args.eval_every}
            step_context.session.run(plateau.judge, waits)

    session.run_step_fn(on)


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
    # only a cosine depends on the run's length; any other run may be prolonged
    left_out = NOT_OF_THE_RUN if args.schedule == "cosine" else (*NOT_OF_THE_RUN, "steps")
    options = {
        key: str(value.resolve()) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key not in left_out and not (key in LATER and value == LATER[key])
    }
    about = {key: getattr(records.manifest, key) for key in ("points", "margin", "context", "encoding", "subsets")}
    about["scheme"] = records.scheme.name
    return {"options": options, "network": shape.settings(), "records": about}


def hyper_parameters(args: argparse.Namespace) -> dict[str, float | str | bool]:
    """What TensorBoard's HParams lists: all options that a run's answers depend on, those of the data among them."""
    return {name: hyper_parameter(value) for name, value in vars(args).items() if name not in NOT_OF_THE_RUN}


def hyper_parameter(value) -> float | str | bool:
    """An option as HParams has them; a mix as it is written on the command line, nothing as empty text."""
    if isinstance(value, dict):
        return ",".join(f"{name}={weight:g}" for name, weight in value.items())
    return value if isinstance(value, bool | int | float) else str(value or "")


@contextlib.contextmanager
def sole_trainer(run: Path) -> Iterator[None]:
    """Makes the run folder and keeps other processes from training into it; a killed process keeps none out.

    Raises ValueError where one trains there. Where folders cannot be locked (Windows, some network shares) it only
    makes the folder.
    """
    run.mkdir(parents=True, exist_ok=True)
    if not fcntl:
        yield
        return
    folder = os.open(run, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{run}: found another training under way there; expected none, or another --run"
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(folder)


def prepare_run(run: Path, settings: dict, overwrite: bool) -> None:
    """Gives the run folder its settings; other settings there are refused; --overwrite empties it."""
    path = run / "settings.json"
    remove_leftovers(run)
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
    elif any(other != run / local_cluster.LOGS for other in run.iterdir()):
        raise ValueError(f"{run}: found a folder without settings.json, expected a run's or none")
    write_text_atomically(path, json.dumps(settings, indent=1) + "\n")


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
