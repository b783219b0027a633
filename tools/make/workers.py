"""The worker processes that make records' pictures of items: what one of them can't survive costs its sample alone.

No TensorFlow or matplotlib here, nor in what they do: the workers start fast and stay small.
"""

from __future__ import annotations

import itertools
import multiprocessing
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol

import cv2
from pebble import ProcessExpired, ProcessPool

from infer.jobs.memory import keep_memory
from tools.read.face import BadSample, Item, Remark

CHUNK = 48  # items a task: in smaller ones the way between processes costs a quarter of the rate
SECONDS = 5.0  # longer than any sound sample takes by far
CHUNK_SECONDS = 20.0  # for a chunk; what takes longer is done again one by one, each within SECONDS


class Made(Protocol):
    """What is made of an item, to become a record: at least its picture as encoded, and remarks of its reader."""

    @property
    def image(self) -> bytes: ...

    @property
    def remarks(self) -> tuple[Remark, ...]: ...


@dataclass(frozen=True)
class Work(ABC):
    """What is done with every item: the settings of it, which go to the processes."""

    @abstractmethod
    def cut(self, item: Item) -> Made:
        """What becomes the item's record. Raises BadSample."""


def cut_chunk(items: list[Item], work: Work) -> list[Made | BadSample]:
    """What `work` makes of several items; a bad one gives its BadSample, whatever it made the code raise."""
    cv2.setNumThreads(1)
    results: list[Made | BadSample] = []
    for item in items:
        try:
            results.append(work.cut(item))
        except BadSample as error:
            # a new one: the traceback of the old one would keep the picture, of each bad item of the chunk
            results.append(BadSample(error.reason, error.message))
        except Exception as error:  # damage takes forms that no check foresees, and one file must not end the run
            message = f"{item.annotation.name}: {type(error).__name__} {error}, expected a sound sample"
            results.append(BadSample("not usable", message))
    return results


def cut_all(items: Iterable[Item], work: Work, workers: int) -> Iterator[tuple[Item, Made | BadSample]]:
    """Every item with what is made of it or its BadSample, in order, from `workers` processes; few chunks are held.

    A damaged .mat can kill the process that reads it or keep it busy for ever: its chunk is then done again one by
    one, and the culprit becomes a BadSample. Raises OSError where one kills it before that is seen to have begun.
    """
    with open_pool(workers) as pool:
        yield from cut_through(pool, items, work, workers)


def open_pool(workers: int) -> ProcessPool:
    """The processes that `cut_through` wants; they start with the first task."""
    context = multiprocessing.get_context("spawn")  # forking a process in which a library has threads may hang
    return ProcessPool(max_workers=workers, context=context, initializer=keep_memory)


def cut_through(
    pool: ProcessPool, items: Iterable[Item], work: Work, workers: int
) -> Iterator[tuple[Item, Made | BadSample]]:
    """As `cut_all`, through processes that stay for further items."""
    items = iter(items)
    waiting: deque[tuple[list[Item], Future]] = deque()
    while True:
        while len(waiting) < 4 * workers and (chunk := list(itertools.islice(items, CHUNK))):
            waiting.append((chunk, _schedule(pool, chunk, work, CHUNK_SECONDS)))
        if not waiting:
            return
        chunk, future = waiting.popleft()
        yield from zip(chunk, _result(pool, chunk, future, work), strict=True)


def _schedule(pool: ProcessPool, chunk: list[Item], work: Work, seconds: float) -> Future:
    try:
        return pool.schedule(cut_chunk, args=(chunk, work), timeout=seconds)
    except RuntimeError as error:  # the pool is broken: whatever waits for it says so in its turn, the first by name
        future: Future = Future()
        future.set_exception(BrokenProcessPool(str(error)))
        return future


def _result(pool: ProcessPool, chunk: list[Item], future: Future, work: Work) -> list[Made | BadSample]:
    try:
        return future.result()
    except (ProcessExpired, TimeoutError) as error:
        if len(chunk) == 1:
            return [_casualty(chunk[0], error)]
        single = [(item, _schedule(pool, [item], work, SECONDS)) for item in chunk]
        return [result for item, task in single for result in _result(pool, [item], task, work)]
    except BrokenProcessPool:  # a process died before the pool had noted its task: that or a later one
        named = f"{chunk[0].annotation.name} or a file after it"
        raise OSError(f"{named}: reading it ended the process at once; the same command goes on") from None


def _casualty(item: Item, error: Exception) -> BadSample:
    if isinstance(error, TimeoutError):
        return BadSample("took too long", f"{item.annotation.name}: reading took over {SECONDS:g} s")
    return BadSample("killed its reader", f"{item.annotation.name}: reading it ended the process ({error})")
