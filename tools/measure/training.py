"""Measures training steps with real batches, with one constant batch, and their matrix products alone, in turns.

python tools/measure/training.py --records DIR [--precision bfloat16] [--optimizer muon]

The network is the standard one. What the products alone reach is the most that a step could; a second table says where
the rest of its time goes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
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
from net.training.settings import OPTIMIZERS, PRECISIONS, Settings
from records.runtime import tf, v1
from tools.measure.products import Products, products_of
from tools.measure.shares import shares_of

REAL, CONSTANT, ALL_PRODUCTS = "real batches", "one constant batch", "its matrix products alone"
TRACED = 10  # steps that say where the time goes


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--records", type=Path, default=ROOT / "data" / "records", help="(default: data/records)")
    add("--batch", type=int, default=64, help="faces a step (default: %(default)s)")
    add("--precision", choices=PRECISIONS, default="float32", help="of the convolutions (default: %(default)s)")
    add(
        "--optimizer", choices=OPTIMIZERS, default="muon", help="as of all recipes of real faces (default: %(default)s)"
    )
    add("--rounds", type=int, default=6, help="turns of each kind (default: %(default)s)")
    add("--steps", type=int, default=25, help="steps a turn (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)
    settings = Settings(optimizer=args.optimizer, precision=args.precision, average=0.999)
    try:
        text = measured(RecordSet(args.records), args.batch, settings, args.rounds, args.steps)
    except (ValueError, OSError, tf.errors.OpError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


def measured(records: RecordSet, size: int, settings: Settings, rounds: int, steps: int) -> str:
    """Both tables.

    size: faces a step; rounds: turns of each kind; steps: of a turn.
    """
    with v1.Graph().as_default(), v1.Session() as session:
        op, batch = training_step(records, size, settings)
        session.run(v1.global_variables_initializer())
        constant = session.run(batch)
        fed = {batch[key]: constant[key] for key in batch}
        products = Products(products_of(op))
        kinds = {
            REAL: lambda: session.run(op),
            CONSTANT: lambda: session.run(op, fed),
            ALL_PRODUCTS: lambda: products.session.run(products.op),
        }
        rates = {name: float(np.median(found)) for name, found in in_turns(kinds, rounds, steps).items()}
        shares = shares_of(session, op, fed, TRACED)
    return "\n\n".join([table(rates, size, products.multiply_adds), table_of_shares(shares)])


def training_step(records: RecordSet, size: int, settings: Settings) -> tuple[tf.Operation, dict]:
    """The op of one gradient step, and its batch, whose tensors may be fed."""
    task = OpenLandmarkTask(LandmarkTask(Selection(records.folder), Shape(records.scheme.count)), records)
    batch = v1.data.make_one_shot_iterator(task.batches(ALONE, size, seed=1, first=0)).get_next()
    return step.training_step(task, batch, settings, steps=1).op, batch


def in_turns(kinds: Mapping[str, Callable[[], object]], rounds: int, steps: int) -> dict[str, list[float]]:
    """Calls per second of each turn of so many, by kind."""
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):
        for name, call in kinds.items():
            rate = calls_per_second(call, steps)
            if turn:  # the first turn warms up
                rates[name].append(rate)
    return rates


def calls_per_second(call: Callable[[], object], count: int) -> float:
    """Rate of `count` calls."""
    started = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - started)


def table(rates: Mapping[str, float], size: int, multiply_adds: int) -> str:
    """The rates, as parts of what the products alone reach, in Markdown; multiply_adds: of a step of `size` faces."""
    bound = rates[ALL_PRODUCTS]
    lines = [f"| {name} | {rate * size:.0f} | {rate / bound:.2f} |" for name, rate in rates.items()]
    head = ["| training step with | faces/s | of the products' rate |", "|---|---|---|"]
    millions, speed = multiply_adds / size / 1e6, 2 * multiply_adds * bound / 1e9
    products = f"The products: {millions:.0f} million multiply-adds a face, {speed:.0f} GFLOP/s."
    pipeline = f"Input pipeline: {rates[REAL] / rates[CONSTANT]:.2f} of the constant-batch rate."
    return "\n".join([*head, *lines, "", products, pipeline])


def table_of_shares(shares: Mapping[str, float]) -> str:
    """Where the time of a step goes, in Markdown."""
    return "\n".join(
        [
            "| of a step's time | % |",
            "|---|---|",
            *(f"| {name} | {100 * share:.1f} |" for name, share in shares.items()),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
