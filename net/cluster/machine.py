"""What a process that computes gradients brings to a training: the interface, and the machine that is on its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from net.cluster.batch import divided
from net.cluster.sessions import config_of
from net.data.record_set import RecordSet
from records.runtime import tf, v1


class Machine(ABC):
    """One of the processes that compute gradients.

    workers: how many there are; tests: whether it tests the weights.
    """

    workers: int
    tests: bool

    def batch(self, whole: int) -> int:
        """Its faces of a step, of so many in all. Raises ValueError where they cannot be divided."""
        return divided(whole, self.workers)

    @abstractmethod
    def share(self, records: RecordSet) -> RecordSet:
        """Its part of the training records. Raises ValueError where it gets none."""

    @abstractmethod
    def seed(self, seed: int) -> int:
        """The seed of its own order, augmentation and dropout, of that of the whole run."""

    @abstractmethod
    def average(self, decay: float) -> float:
        """The decay of the weights' moving average that its graph keeps, 0 where another process keeps it."""

    @abstractmethod
    def device(self) -> Callable[[tf.Operation], str] | None:
        """The device function of its graph."""

    @abstractmethod
    def synchronised(self, optimizer: v1.train.Optimizer) -> v1.train.Optimizer:
        """The optimiser that makes a step of one gradient from each process."""

    @abstractmethod
    def chosen(self, updates: Sequence[tf.Operation]) -> Sequence[tf.Operation]:
        """Of the updates of batch statistics those that it makes: they are kept once and move once a step."""

    @property
    @abstractmethod
    def target(self) -> str:
        """Where its sessions run."""

    @abstractmethod
    def config(self, threads: int) -> v1.ConfigProto:
        """Of its sessions, on so many threads; 0: all cores."""

    @abstractmethod
    def hooks(self) -> list[v1.train.SessionRunHook]:
        """What its session needs; made after `synchronised`."""

    @abstractmethod
    def prepare_end(self) -> None:
        """Makes what `tell_end` runs, while the graph can still be added to."""

    @abstractmethod
    def tell_end(self, session: v1.train.MonitoredSession) -> None:
        """Tells the other processes that this is the end."""


class Alone(Machine):
    """A machine on its own: all records, the whole batch, and nobody to wait for or to tell."""

    workers = 1
    tests = True
    target = ""

    def share(self, records: RecordSet) -> RecordSet:
        return records

    def seed(self, seed: int) -> int:
        return seed

    def average(self, decay: float) -> float:
        return decay

    def device(self) -> None:
        return None

    def synchronised(self, optimizer: v1.train.Optimizer) -> v1.train.Optimizer:
        return optimizer

    def chosen(self, updates: Sequence[tf.Operation]) -> Sequence[tf.Operation]:
        return updates

    def config(self, threads: int) -> v1.ConfigProto:
        return config_of(threads)

    def hooks(self) -> list[v1.train.SessionRunHook]:
        return []

    def prepare_end(self) -> None:
        pass

    def tell_end(self, session: v1.train.MonitoredSession) -> None:
        pass


ALONE = Alone()
