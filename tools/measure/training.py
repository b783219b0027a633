"""Measures the training step rate with real batches against one constant batch, in turns, and prints a table.

python tools/measure/training.py --records DIR [--precision bfloat16]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import numpy as np

from infer.files.console import speak_plainly
from net.cluster.machine import ALONE
from net.data.record_set import RecordSet
from net.data.selection import Selection
from net.landmarks.open_task import OpenLandmarkTask
from net.landmarks.task import LandmarkTask
from net.model.shape import Shape
from net.training import step
from net.training.settings import PRECISIONS, Settings
from records.runtime import tf, v1


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, default=ROOT / "data" / "records", help="(default: data/records)")
    parser.add_argument("--batch", type=int, default=64, help="faces a step (default: %(default)s)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32", help="of the convolutions (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=6, help="turns of each kind (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=25, help="steps a turn (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)
    try:
        rates = measured(RecordSet(args.records), args.batch, args.precision, args.rounds, args.steps)
    except (ValueError, OSError, tf.errors.OpError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(table({name: float(np.median(values)) for name, values in rates.items()}, args.batch))
    return 0


def measured(records: RecordSet, size: int, precision: str, rounds: int, steps: int) -> dict[str, list[float]]:
    """Steps per second of each turn, by the kind of batch.

    size: faces a step; precision: one of PRECISIONS; rounds: turns of each kind; steps: of a turn.
    """
    with v1.Graph().as_default(), v1.Session() as session:
        step, batch = training_step(records, size, precision)
        session.run(v1.global_variables_initializer())
        constant = session.run(batch)
        fed = {batch[key]: constant[key] for key in batch}
        rates: dict[str, list[float]] = {"real batches": [], "one constant batch": []}
        for turn in range(rounds + 1):
            for name, feed in (("real batches", None), ("one constant batch", fed)):
                rate = steps_per_second(session, step, feed, steps)
                if turn:  # the first turn warms up
                    rates[name].append(rate)
    return rates


def training_step(records: RecordSet, size: int, precision: str) -> tuple[tf.Operation, dict]:
    """The op of one gradient step, and its batch, whose tensors may be fed."""
    task = OpenLandmarkTask(LandmarkTask(Selection(records.folder), Shape(records.scheme.count)), records)
    batch = v1.data.make_one_shot_iterator(task.batches(ALONE, size, seed=1, first=0)).get_next()
    return step.training_step(task, batch, Settings(precision=precision), steps=1).op, batch


def steps_per_second(session, step, feed, count: int) -> float:
    """Rate of `count` steps."""
    started = time.perf_counter()
    for _ in range(count):
        session.run(step, feed)
    return count / (time.perf_counter() - started)


def table(rates: dict[str, float], batch: int) -> str:
    """The rates and their ratio in Markdown."""
    lines = [f"| {name} | {rate * batch:.0f} |" for name, rate in rates.items()]
    ratio = rates["real batches"] / rates["one constant batch"]
    head = ["| training step with | faces/s |", "|---|---|"]
    return "\n".join([*head, *lines, "", f"Input pipeline: {ratio:.2f} of the constant-batch rate."])


if __name__ == "__main__":
    sys.exit(main())
