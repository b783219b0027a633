"""How long models take for a face, measured in turns, so that a noisy machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np

from infer.jobs.cores import cores
from infer.jobs.progress import Progress
from tools.evaluation.models import EvaluatedNetwork

BATCHES = (1, 32)
ROUNDS = 10
CALLS = {1: 20, 32: 2}  # of each model in a turn
WARM = 2  # calls before these, that bring the caches back
PICTURE, FACE = 450, 240  # pixels: a picture as of 300W-LP, and the face in it


def speed_rows(models: Mapping[str, EvaluatedNetwork], rounds: int = ROUNDS) -> list[dict]:
    """Median milliseconds per face of `fit` with one pass (crop, network, points back), and the ratio to the first.

    A row for each model, number of threads (1, and as many as there are cores) and batch (faces of one picture): model,
    threads, batch, milliseconds, ratio.
    """
    before = cv2.getNumThreads()
    settings = [(threads, batch) for threads in sorted({1, cores()}) for batch in BATCHES]
    try:
        with Progress(len(settings) * rounds, "rounds of timing") as progress:
            return [row for setting in settings for row in _rows(models, *setting, rounds, progress)]
    finally:
        cv2.setNumThreads(before)


def _rows(
    models: Mapping[str, EvaluatedNetwork], threads: int, batch: int, rounds: int, progress: Progress
) -> list[dict]:
    cv2.setNumThreads(threads)
    image, boxes = _work(batch)
    work = {name: partial(model.fit, image, boxes, 1) for name, model in models.items()}
    return [
        {"model": name, "threads": threads, "batch": batch, "milliseconds": 1000 * seconds / batch, "ratio": ratio}
        for name, (seconds, ratio) in in_turns(work, rounds, CALLS[batch], progress).items()
    ]


def in_turns(
    work: Mapping[str, Callable[[], object]], rounds: int, calls: int, progress: Progress
) -> dict[str, tuple[float, float]]:
    """Median seconds of each kind of work, done in turns, and the ratio to the first's. calls: of each in a turn."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            times[name] += seconds_each(call, calls)
        progress.step()
    medians = {name: float(np.median(values)) for name, values in times.items()}
    first = next(iter(medians.values()))
    return {name: (value, value / first) for name, value in medians.items()}


def seconds_each(call: Callable[[], object], count: int) -> list[float]:
    """Seconds of each of `count` calls, after a few that do not count."""
    seconds = []
    for index in range(WARM + count):
        started = time.perf_counter()
        call()
        if index >= WARM:
            seconds.append(time.perf_counter() - started)
    return seconds


def _work(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture and so many boxes in it; what it shows does not matter to the time."""
    image = np.random.default_rng(0).integers(0, 256, (PICTURE, PICTURE, 3), np.uint8)
    corner = (PICTURE - FACE) / 2
    return image, np.tile([corner, corner, corner + FACE, corner + FACE], (batch, 1))
