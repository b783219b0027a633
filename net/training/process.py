"""This process's part in a training, alone or in a cluster, and its end: one line whatever fails, and quiet threads."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from net.cluster.machine import ALONE
from net.cluster.member import Member
from net.training.plan import Plan
from net.training.train import train, train_together
from records.runtime import tf, v1


def take_part(plan: Plan, member: Member | None, name: str) -> bool:
    """What this process does until the run is at its last step; whether it was stopped.

    member: what it is of a cluster, None: alone; name: of the program, for the line where a cluster cannot go on.
    Raises ValueError also in place of TensorFlow's own errors, and OSError.
    """
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        with quiet_threads():
            if member is None:
                return train(plan, ALONE)
            return train_together(plan, member, lambda line, code: end_process(name, line, code))
    except tf.errors.OpError as error:
        raise ValueError(str(error)) from error


def end_process(name: str, line: str, code: int) -> None:
    """Ends the process at once, with one line, whatever its threads wait for: TensorFlow's calls hear of nothing."""
    print(f"{name}: {line}", file=sys.stderr, flush=True)
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
