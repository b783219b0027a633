"""What a parameter server does: it is there until the chief has left, and the workers, if they do so soon."""

from __future__ import annotations

import contextlib

from net.cluster import queues
from net.cluster.member import ORPHANED, Member
from net.cluster.sessions import config_within
from net.cluster.watch import CHIEF_FAILED, End, watch
from records.runtime import tf, v1


def serve_parameters(member: Member, server: v1.distribute.Server, wait: float, end: End) -> None:
    """Waits until all have left.

    Calls `end` where the chief leaves because it has failed, or is silent for too long (`watch`).
    """
    with v1.Graph().as_default():
        dequeue = queues.queue("left", member.index).dequeue()
        with v1.Session(server.target, config=config_within(member)) as session:
            left: set[int] = set()
            with watch(member, server, wait, end):
                while not left & {0, queues.FAILURE}:
                    left.add(int(session.run(dequeue)))
            # that the chief has failed, workers hear here alone: a busy one may take a while
            patience = max(wait, queues.LINGER) if queues.FAILURE in left else queues.LINGER
            with contextlib.suppress(tf.errors.DeadlineExceededError):
                while len(left) < member.workers:
                    left.add(int(session.run(dequeue, options=queues.patience(patience))))
    if queues.FAILURE in left:
        end(CHIEF_FAILED, ORPHANED)
