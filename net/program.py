"""What the programs that train do with a plan: a sweep, a cluster on this machine, or this process's own training."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from net import sweep
from net.cluster import local
from net.cluster.machine import ALONE
from net.cluster.member import Member, member_of
from net.parser import without
from net.run.kind import Kind
from net.training.opening import opened_by_words
from net.training.plan import Plan
from net.training.train import take_part, train
from records.runtime import tf, v1

FAILED, INTERRUPTED = 2, 130  # exit codes; as shells have it for Ctrl-C


def run(plan: Plan, kind: Kind, argv: Sequence[str], script: str) -> int:
    """Does what the plan asks for; the exit code. What cannot be done is one line on stderr.

    kind: of run; argv: the command line that the plan was made of; script: the program's own path.
    """
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        return _run(plan, kind, argv, Path(script))
    except (ValueError, OSError, tf.errors.OpError) as error:
        print(f"{Path(script).stem}: {error}", file=sys.stderr)
        return FAILED


def _run(plan: Plan, kind: Kind, argv: Sequence[str], script: Path) -> int:
    if plan.sweep:
        others = without(argv, "--sweep", "--run")
        folder, validation = plan.run.folder.path, plan.task.validation
        return 0 if sweep.run(plan.sweep, folder, others, kind, script, validation) else 1
    member = member_of(os.environ)
    if member and not plan.task.together:
        raise ValueError("TF_CONFIG: found a cluster, expected none: this is trained by one machine")
    if plan.cluster.local and not member:  # whoever is a member of one starts none
        command = [sys.executable, str(script), *without(argv, "--local-cluster")]
        return local.run(command, plan.cluster.local, plan.run.folder)
    with quiet_threads():
        stopped = _take_part(opened_by_words(plan, kind, not member or member.is_chief), member, script.stem)
    return INTERRUPTED if stopped else 0


def _take_part(plan: Plan, member: Member | None, name: str) -> bool:
    return take_part(plan, member, lambda line, code: end_process(name, line, code)) if member else train(plan, ALONE)


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
