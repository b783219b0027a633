"""The threads that do the work: each has its own network, and only so many pictures may wait for them."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..landmarker import Landmarker

Answer = TypeVar("Answer")


class Busy(Exception):
    """There is no room for more work."""


class Workers:
    """A thread for each of the landmarkers (OpenCV's networks serve one thread at a time), and a bounded queue.

    landmarkers: made beforehand, so that a model that cannot be read is told at the start; queue: how many jobs may
    wait besides those that are being done.
    """

    def __init__(self, landmarkers: Sequence[Landmarker], queue: int):
        self.contract, self.count, self.room = landmarkers[0].contract, len(landmarkers), len(landmarkers) + queue
        self._own, self._spare = threading.local(), list(landmarkers)
        self._lock, self._pending = threading.Lock(), 0
        self._pool = ThreadPoolExecutor(self.count, "landmarker", self._take_landmarker)

    @property
    def pending(self) -> int:
        """Jobs that wait or are being done."""
        return self._pending

    def submit(self, jobs: Sequence[Callable[[Landmarker], Answer]]) -> list[Future[Answer]]:
        """Has all the jobs done, each with a landmarker of its own thread. Raises Busy where there is no room for all.

        A future that is cancelled before its turn gives its room back.
        """
        with self._lock:
            if self._pending + len(jobs) > self.room:
                raise Busy(f"{self._pending} pictures are waiting or being done")
            self._pending += len(jobs)
        futures = [self._pool.submit(self._do, job) for job in jobs]
        for future in futures:
            future.add_done_callback(self._release_cancelled)
        return futures

    def close(self) -> None:
        """Finishes what is being done and drops what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take_landmarker(self) -> None:
        self._own.landmarker = self._spare.pop()

    def _do(self, job: Callable[[Landmarker], Answer]) -> Answer:
        try:
            return job(self._own.landmarker)
        finally:
            self._release()  # before anybody has the answer

    def _release_cancelled(self, future: Future) -> None:
        if future.cancelled():
            self._release()

    def _release(self) -> None:
        with self._lock:
            self._pending -= 1


def results(futures: Sequence[Future[Answer]], seconds: float) -> list[Answer | BaseException]:
    """What came of each future, an exception in place of an answer. Raises Busy where that takes longer than so many
    seconds; what has not begun by then is dropped."""
    end = time.monotonic() + seconds
    try:
        return [future.exception(max(0.0, end - time.monotonic())) or future.result() for future in futures]
    except concurrent.futures.TimeoutError:  # up to Python 3.10 another than the built-in one
        for future in futures:
            future.cancel()
        raise Busy(f"no answer within {seconds:g} s") from None
