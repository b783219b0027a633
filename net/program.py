"""What the programs that train do with a plan: a sweep, a cluster on this machine, or this process's own training.

TensorFlow is imported when the training has said what it is going to do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from net import sweep
from net.cluster import local
from net.cluster.member import FAILED, member_of
from net.parser import without
from net.run.kind import Kind
from net.training.opening import opened_by_words
from net.training.plan import Plan

INTERRUPTED = 130  # exit code, as shells have it for Ctrl-C


def run(plan: Plan, kind: Kind, argv: Sequence[str], script: str) -> int:
    """Does what the plan asks for; the exit code. What cannot be done is one line on stderr.

    kind: of run; argv: the command line that the plan was made of; script: the program's own path.
    """
    try:
        return _run(plan, kind, argv, Path(script))
    except (ValueError, OSError) as error:
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
    plan = opened_by_words(plan, kind, leads=not member or member.is_chief)
    from net.training.process import take_part  # not above: TensorFlow, for seconds

    return INTERRUPTED if take_part(plan, member, script.stem) else 0
