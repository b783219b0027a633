"""How a process of a cluster notices that it cannot go on: others are silent for too long, or the chief has failed.

TensorFlow itself waits for them without end, inside calls that nothing interrupts: hence no exception, but a function
`end(line, code)` of the program, called from a thread, which ends the process with one line and an exit code.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from net.cluster import probe, queues
from net.cluster.member import FAILED, ORPHANED, Member
from records.runtime import v1

CHIEF_FAILED = "the chief has failed, its own last line says why; once that is mended, the same command goes on"

End = Callable[[str, int], object]


@contextlib.contextmanager
def watch(member: Member, server: v1.distribute.Server, wait: float, end: End) -> Iterator[None]:
    """Calls `end` when one that the member needs is silent for too long (`probe.silences`), or the chief has failed."""
    watcher = _Watcher(member, server, wait, end)
    jobs = (watcher.look, watcher.listen) if member.task == "worker" else (watcher.look,)
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        watcher.done.set()
        for thread in threads:
            thread.join(queues.LINGER)  # one that listens may hang in TensorFlow


class _Watcher:
    """What the threads of `watch` do until `done`."""

    def __init__(self, member: Member, server: v1.distribute.Server, wait: float, end: End):
        self._member, self._server, self._end = member, server, end
        self._others = probe.silences(member, wait)
        self.done, self._heard = threading.Event(), threading.Event()

    def look(self) -> None:
        """Looks again and again whether the others are there."""
        while not self.done.wait(probe.PROBE):
            for line in filter(None, (other.look() for other in self._others)):
                if not (self.done.is_set() or self._heard.is_set()):
                    self._end(line, FAILED)

    def listen(self) -> None:
        """Waits to hear that the chief has failed."""
        if queues.wait_for("failed", self._member, self._server, self.done):
            self._heard.set()  # from here on the parameter servers may end: in the middle of what they are told, too
            telling = threading.Thread(target=queues.leave, args=(self._member, self._server), daemon=True)
            telling.start()
            telling.join(queues.LINGER)
            self._end(CHIEF_FAILED, ORPHANED)


def abandoned() -> None:
    """Of a worker whose chief closed the training before its end: `watch` ends it if it hears within LINGER that the
    chief has failed. Raises ValueError otherwise."""
    time.sleep(queues.LINGER)
    raise ValueError("the chief has left before the last step; once it is back, the same command goes on")
