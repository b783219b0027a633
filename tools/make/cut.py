"""From an item of a data set to the bytes of its record's picture: what the worker processes of make_records.py do.

No TensorFlow here: the workers start fast and stay small.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import cv2
import numpy as np
from pebble import ProcessExpired, ProcessPool

from infer.geometry.crop import Crop
from infer.jobs.memory import keep_memory
from records.landmarks import IBUG_68, Scheme, convert, scheme_of
from tools.read import formats as readers
from tools.read.face import AnnotatedFace, BadSample, Item, Remark

CHUNK = 48  # items a task: in smaller ones the way between processes costs a quarter of the rate
SECONDS = 5.0  # longer than any sound sample takes by far
CHUNK_SECONDS = 20.0  # for a chunk; what takes longer is done again one by one, each within SECONDS
JPEG_QUALITY = 95
COORDINATE = 1e6  # no picture is as wide
FAR = 3.0  # a label further than this many crop sides from the crop is no label
OUTSIDE = 1.0  # of the picture's longer edge; genuine points lie 0.02 of it outside at most, AFLW2000's somewhat more
MIRRORED = 0.3  # of `eye_span`, below 0; no real face has under -0.12, at 90 degrees of yaw (15,096 measured)


@dataclass(frozen=True)
class CutSettings:
    """How faces are cut: 300W-LP's key, crop size, margin, border in pixels, encoding "jpeg" or "raw", point scheme."""

    points: str
    size: int
    margin: float
    context: int
    encoding: str
    scheme: str = IBUG_68.name


@dataclass(frozen=True)
class Cut:
    """A face cut out: encoded picture, label float32 [2K], pose float32 [3], side of the crop in source pixels, remarks
    of its reader."""

    image: bytes
    label: np.ndarray
    pose: np.ndarray
    side: float
    remarks: tuple[Remark, ...] = ()


def cut_face(item: Item, settings: CutSettings) -> Cut:
    """The crop of one item, encoded, with its label in fractions of the crop's side. Raises BadSample."""
    face = readers.read(item, settings.points)
    largest = max(np.nanmax(np.abs(face.points)), np.abs(face.box).max())
    if largest > COORDINATE:
        message = f"{item.annotation.name}: found a coordinate of {largest:.3g}, expected at most {COORDINATE:g}"
        raise BadSample("points far outside", message)
    crop = Crop.around(face.box, settings.margin, settings.size)
    points = convert(face.points, face.scheme, scheme_of(settings.scheme))
    label = crop.to_fractions(points).ravel()
    if np.nanmax(np.abs(label - 0.5)) > FAR:
        raise BadSample(
            "points far outside",
            f"{item.annotation.name}: a point lies {np.nanmax(np.abs(label - 0.5)):.1f} crop sides off",
        )
    image = crop.cut(face.image, settings.context)
    if not image.any():
        raise BadSample(
            "face outside the picture",
            f"{item.name}: the crop around {face.box.round(1).tolist()} shows nothing of the picture",
        )
    check_points(face, item)
    return Cut(encode_image(image, settings.encoding), label, face.pose, float(crop.side), face.remarks)


def check_points(face: AnnotatedFace, item: Item) -> None:
    """Raises BadSample for points that can't be right: far outside the picture, or with left and right exchanged."""
    edge = max(face.image.shape[:2])
    beyond = np.nanmax(np.maximum(-face.points, face.points - face.image.shape[1::-1]))
    if beyond > OUTSIDE * edge:
        raise BadSample(
            "points far outside",
            f"{item.annotation.name}: a point lies {beyond:.0f} px outside the picture, expected at most {edge}",
        )
    ratio = eye_span(face.points, face.scheme)
    if ratio < -MIRRORED:
        raise BadSample(
            "mirrored order",
            f"{item.annotation.name}: left and right are exchanged (eye span {ratio:.2f}), expected over {-MIRRORED}",
        )


def eye_span(points: np.ndarray, scheme: Scheme = IBUG_68) -> float:
    """From right eye to left eye, across the way from eyes to mouth, as a part of that way.

    points: [K, 2]. About 0.9 for a frontal face whichever way up, about 0 for a profile, negative where left and right
    are exchanged; NaN where the eyes or the mouth are unknown, and for another scheme than iBUG's, not measured.
    """
    if scheme.name != IBUG_68.name:
        return np.nan
    right, left, mouth = (
        points[list(group)].mean(axis=0, dtype=np.float64)
        for group in (IBUG_68.right_eye, IBUG_68.left_eye, IBUG_68.groups["mouth"])
    )
    across, down = left - right, mouth - (left + right) / 2
    return float((across[0] * down[1] - across[1] * down[0]) / max(down @ down, 1e-6))


def encode_image(image: np.ndarray, encoding: str) -> bytes:
    """A BGR picture uint8 [N, N, 3] as record bytes: a JPEG (decodes to RGB), or raw RGB."""
    if encoding == "raw":
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).tobytes()
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def cut_chunk(items: list[Item], settings: CutSettings) -> list[Cut | BadSample]:
    """`cut_face` of several items; a bad one gives its BadSample, whatever it made the code raise."""
    cv2.setNumThreads(1)
    results: list[Cut | BadSample] = []
    for item in items:
        try:
            results.append(cut_face(item, settings))
        except BadSample as error:
            # a new one: the traceback of the old one would keep the picture, of each bad item of the chunk
            results.append(BadSample(error.reason, error.message))
        except Exception as error:  # damage takes forms that no check foresees, and one file must not end the run
            message = f"{item.annotation.name}: {type(error).__name__} {error}, expected a sound sample"
            results.append(BadSample("not usable", message))
    return results


def cut_all(items: Iterable[Item], settings: CutSettings, workers: int) -> Iterator[tuple[Item, Cut | BadSample]]:
    """Every item with its cut or its BadSample, in order, from `workers` processes; only a few chunks are held at once.

    A damaged .mat can kill the process that reads it or keep it busy for ever: its chunk is then done again one by
    one, and the culprit becomes a BadSample. Raises OSError where one kills it before that is seen to have begun.
    """
    with open_pool(workers) as pool:
        yield from cut_through(pool, items, settings, workers)


def open_pool(workers: int) -> ProcessPool:
    """The processes that `cut_through` wants; they start with the first task."""
    context = multiprocessing.get_context("spawn")  # forking a process in which TensorFlow has threads may hang
    return ProcessPool(max_workers=workers, context=context, initializer=keep_memory)


def cut_through(
    pool: ProcessPool, items: Iterable[Item], settings: CutSettings, workers: int
) -> Iterator[tuple[Item, Cut | BadSample]]:
    """As `cut_all`, through processes that stay for further items."""
    items = iter(items)
    waiting: deque[tuple[list[Item], Future]] = deque()
    while True:
        while len(waiting) < 4 * workers and (chunk := list(itertools.islice(items, CHUNK))):
            waiting.append((chunk, _schedule(pool, chunk, settings, CHUNK_SECONDS)))
        if not waiting:
            return
        chunk, future = waiting.popleft()
        yield from zip(chunk, _result(pool, chunk, future, settings), strict=True)


def _schedule(pool: ProcessPool, chunk: list[Item], settings: CutSettings, seconds: float) -> Future:
    try:
        return pool.schedule(cut_chunk, args=(chunk, settings), timeout=seconds)
    except RuntimeError as error:  # the pool is broken: whatever waits for it says so in its turn, the first by name
        future: Future = Future()
        future.set_exception(BrokenProcessPool(str(error)))
        return future


def _result(pool: ProcessPool, chunk: list[Item], future: Future, settings: CutSettings) -> list[Cut | BadSample]:
    try:
        return future.result()
    except (ProcessExpired, TimeoutError) as error:
        if len(chunk) == 1:
            return [_casualty(chunk[0], error)]
        single = [(item, _schedule(pool, [item], settings, SECONDS)) for item in chunk]
        return [result for item, task in single for result in _result(pool, [item], task, settings)]
    except BrokenProcessPool:  # a process died before the pool had noted its task: that or a later one
        named = f"{chunk[0].annotation.name} or a file after it"
        raise OSError(f"{named}: reading it ended the process at once; the same command goes on") from None


def _casualty(item: Item, error: Exception) -> BadSample:
    if isinstance(error, TimeoutError):
        return BadSample("took too long", f"{item.annotation.name}: reading took over {SECONDS:g} s")
    return BadSample("killed its reader", f"{item.annotation.name}: reading it ended the process ({error})")
