"""Trains the network on records and keeps its run in a folder: checkpoints, TensorBoard events, settings.

    python net/train.py --records DIR --run DIR [--steps N]

The same command again goes on where it stopped, and ends with the weights of a run that was never interrupted. Ctrl-C
saves first. TensorBoard: `make board`. Where TF_CONFIG is set, this is one process of a cluster (net/cluster/).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly  # isort: skip  (first: infer says in one line where OpenCV does not load)

from net import sweep
from net.cluster import local
from net.cluster.machine import ALONE
from net.cluster.member import member_of
from net.parser import parse, without
from net.training.plan import Plan
from net.training.train import take_part, train
from records.runtime import tf, v1

FAILED, INTERRUPTED = 2, 130  # exit codes; as shells have it for Ctrl-C


def parse_args(argv: list[str] | None = None) -> Plan:
    return parse(__doc__, argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    plan = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        return run(plan, sys.argv[1:] if argv is None else argv)
    except (ValueError, OSError, tf.errors.OpError) as error:
        print(f"train: {error}", file=sys.stderr)
        return FAILED


def run(plan: Plan, argv: list[str]) -> int:
    """Does what the plan asks for: a sweep, a cluster on this machine, or this process's training; the exit code.

    argv: the command line that the plan was made of.
    """
    if plan.sweep:
        ended = sweep.run(plan.sweep, plan.run.folder.path, without(argv, "--sweep", "--run"), plan.records.validation)
        return 0 if ended else 1
    member = member_of(os.environ)
    if plan.cluster.local and not member:  # whoever is a member of one starts none
        command = [sys.executable, __file__, *without(argv, "--local-cluster")]
        return local.run(command, plan.cluster.local, plan.run.folder)
    with quiet_threads():
        stopped = take_part(plan, member, end_process) if member else train(plan, ALONE)
    return INTERRUPTED if stopped else 0


def end_process(line: str, code: int) -> None:
    """Ends the process at once, with one line, whatever its threads wait for: TensorFlow's calls hear of nothing."""
    print(f"train: {line}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)


@contextlib.contextmanager
def quiet_threads() -> Iterator[None]:
    """What a thread dies of is told, unless it waited for gradients when the session closed: that is no fault."""

    def told(found: threading.ExceptHookArgs) -> None:
        if not issubclass(found.exc_type, tf.errors.CancelledError):
            threading.__excepthook__(found)

    threading.excepthook = told
    try:
        yield
    finally:
        threading.excepthook = threading.__excepthook__


if __name__ == "__main__":
    sys.exit(main())
