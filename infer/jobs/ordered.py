"""Work on many things at once, the results in order, only a few of them ever held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 3  # things per worker that are begun before the first of them is asked for

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def in_order(work: Callable[[Thing], Result], things: Iterable[Thing], workers: int) -> Iterator[Result]:
    """`work` of each thing, in the order of the things, done by `workers` threads; with one worker, as it is asked for.

    OpenCV frees Python's lock while it reads, searches and computes, so threads do use all cores. What `work` raises is
    raised here; things not begun are then left.
    """
    if workers == 1:
        yield from map(work, things)
        return
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Result]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
