"""What the processes of a cluster tell each other: queues on the parameter servers, which all share by their names.

"begun", "ended" and "failed" lie on the first parameter server and speak of the chief; each server has a queue "left"
of those who are done with it.
"""

from __future__ import annotations

import contextlib
import threading

from net.cluster import probe
from net.cluster.member import Member
from net.cluster.sessions import config_within
from records.runtime import tf, v1

LINGER = 20.0  # seconds a parameter server waits for the workers once the chief has left, and that for its servers
FAILURE = -1  # in place of the chief's number where it leaves because it has failed


def queue(name: str, server: int = 0) -> v1.QueueBase:
    """The queue of a name on a parameter server, of int32 []."""
    with v1.device(f"/job:ps/task:{server}"):
        return v1.FIFOQueue(-1, tf.int32, shapes=[()], shared_name=name)


def wait_for(name: str, member: Member, server: v1.distribute.Server, done: threading.Event) -> bool:
    """Waits until there is something in the queue of that name: whether it is so, for `done` may come first.

    After each fault in a session anew: parameter servers may come back.
    """
    with v1.Graph().as_default():
        size = queue(name).size()
        while not done.wait(probe.PROBE):
            seen = config_within(member)
            with contextlib.suppress(tf.errors.OpError), v1.Session(server.target, config=seen) as session:
                while not done.is_set():
                    if session.run(size):
                        return True
                    done.wait(probe.PROBE)
    return False


def leave(member: Member, server: v1.distribute.Server, failed: bool = False) -> None:
    """Tells every parameter server that this process is done with it; nothing where they have ended before.

    The chief waits a little for one that is not there, as it may come first of all. failed: whether it has failed.
    """
    servers = member.hosts["ps"]
    if not probe.all_answer(servers, LINGER if member.is_chief else 0.0):
        return
    with v1.Graph().as_default():
        number = FAILURE if failed else member.number
        said = [queue("left", index).enqueue(number) for index in range(len(servers))]
        said += [queue("failed").enqueue(number)] if failed else []
        with v1.Session(server.target, config=config_within(member)) as session, contextlib.suppress(tf.errors.OpError):
            session.run(said, options=patience(LINGER))


def patience(seconds: float) -> v1.RunOptions:
    """Of a call of a session that waits no longer than so many seconds."""
    return v1.RunOptions(timeout_in_ms=int(1000 * seconds))
