"""What chief and workers of a cluster add to graph and session: the shared optimiser, and how an end is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence

from net.cluster import queues
from net.cluster.machine import Machine
from net.cluster.member import Member
from net.cluster.sessions import config_within, device_of
from net.data.record_set import RecordSet, Share
from records.runtime import tf, v1

STUCK = 10.0  # seconds without a step, after which the chief hands out new tokens
SEEDS = 7919  # between the seeds of workers


class Replica(Machine):
    """A process of a cluster that computes gradients: the chief or a worker."""

    def __init__(self, member: Member, server: v1.distribute.Server):
        self.member, self._server = member, server
        self.workers, self.tests = member.workers, member.tests
        self._optimizer: v1.train.SyncReplicasOptimizer = None

    @property
    def target(self) -> str:
        return self._server.target

    def share(self, records: RecordSet) -> RecordSet:
        return Share(records, self.member.number, self.workers)

    def seed(self, seed: int) -> int:
        return (seed + SEEDS * self.member.number) % 2**31

    def device(self) -> Callable[[tf.Operation], str]:
        return device_of(self.member)

    def synchronised(self, optimizer: v1.train.Optimizer) -> v1.train.Optimizer:
        self._optimizer = v1.train.SyncReplicasOptimizer(optimizer, self.workers, self.workers)
        return self._optimizer

    def config(self, threads: int) -> v1.ConfigProto:
        return config_within(self.member, threads)

    def hooks(self) -> list[v1.train.SessionRunHook]:
        # nobody starts with a token, so that every step has one gradient of each
        return [self._optimizer.make_session_run_hook(self.member.is_chief, num_tokens=0)]


class Chief(Replica):
    """The process that has the run's folder: checkpoints, summaries, averages, batch statistics."""

    def average(self, decay: float) -> float:
        return decay

    def chosen(self, updates: Sequence[tf.Operation]) -> Sequence[tf.Operation]:
        return updates

    def hooks(self) -> list[v1.train.SessionRunHook]:
        return [*super().hooks(), TokensAnew(self.workers - 1)]

    def prepare_end(self) -> None:
        with tf.control_dependencies([queues.queue("ended").enqueue(self.member.number)]):
            self._end = self._optimizer.get_init_tokens_op(self.workers)  # lets go the workers that wait for a step

    def tell_end(self, session: v1.train.MonitoredSession) -> None:
        session.run_step_fn(lambda step_context: step_context.session.run(self._end))


class Worker(Replica):
    """A process that computes gradients alone, until the chief ends the training."""

    def average(self, decay: float) -> float:
        return 0.0

    def chosen(self, updates: Sequence[tf.Operation]) -> Sequence[tf.Operation]:
        return []

    def prepare_end(self) -> None:
        pass

    def tell_end(self, session: v1.train.MonitoredSession) -> None:
        pass

    def wait_for_chief(self) -> None:
        """Waits until the chief has begun; the worker's own session would look for it only every 30 seconds."""
        queues.wait_for("begun", self.member, self._server, threading.Event())

    def ended(self) -> tf.Tensor:
        """Whether the chief has said that this is the end, bool []."""
        return queues.queue("ended").size() > 0


class TokensAnew(v1.train.SessionRunHook):
    """Says that the chief has begun; hands out new tokens where a while goes by without a step and there is none.

    Where a parameter server came back without its weights, TensorFlow makes a new session from the last checkpoint.

    Workers pass from step to step by a token each. Of those that a killed process had asked for, and of those that the
    chief had not handed out yet when it was killed, nobody knows any more. Who gets one too many computes one gradient
    that comes too late, which is not counted, and so gives it back. While a worker is away, the others compute the
    gradients that are missing, from their own faces.
    """

    def __init__(self, count: int):
        """count: of workers beside the chief."""
        self._count, self._again = count, False

    def begin(self) -> None:
        self._step, self._begun = v1.train.get_global_step(), queues.queue("begun").enqueue(0)
        with v1.device(self._step.device):
            tokens = v1.FIFOQueue(-1, tf.int64, shapes=[()], shared_name="sync_token_q")  # as SyncReplicasOptimizer's
            self._size = tokens.size()
            self._anew = tokens.enqueue_many([tf.fill([self._count], self._step)])

    def after_create_session(self, session: v1.Session, coord: tf.train.Coordinator) -> None:
        if self._again:
            print(f"a parameter server came back: going on from step {session.run(self._step)}", flush=True)
        self._again = True
        session.run(self._begun)  # by now all variables have their first values
        threading.Thread(target=self._look, args=(session, coord), daemon=True).start()

    def _look(self, session: v1.Session, coord: tf.train.Coordinator) -> None:
        before = -1
        with contextlib.suppress(tf.errors.OpError, RuntimeError):  # the session is closed
            while not coord.wait_for_stop(STUCK):
                step, size = session.run([self._step, self._size])
                if step == before and not size and self._count:
                    session.run(self._anew)
                before = step
