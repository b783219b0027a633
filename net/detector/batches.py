"""Batches of scenes, each a function of (seed, step): whatever starts at a step goes on as if it had started at 0.

pictures, in an order of their own each epoch -> a window that moves along it -> scenes of pictures in the window ->
targets of every level
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Protocol

import numpy as np

from net.detector.mosaic import AnnotatedPicture, make_scene
from net.detector.ranges import SceneRanges
from net.detector.shape import LEVELS
from net.detector.targets import TARGETS, targets_of
from records.runtime import tf

FOREVER = np.iinfo(np.int64).max
BUILDERS = 2  # batches that are made at the same time


class PictureSource(Protocol):
    """Training pictures by number, each decoded when asked for."""

    weights: np.ndarray  # float [N]: how often each comes an epoch

    def read(self, number: int) -> AnnotatedPicture:
        """The picture of a number, 0 to N - 1."""


class Window(Sequence[AnnotatedPicture]):
    """The pictures that the scenes of a step are made of: positions `first` to `first + size` of the endless order."""

    def __init__(self, stream: PictureStream, first: int, size: int):
        self._stream, self._first, self._size = stream, first, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index):
        return self._stream.at(self._first + int(index))


class PictureStream:
    """The endless order of pictures, epoch after epoch, a function of the seed; those decoded lately are kept.

    What is kept changes only how long a picture takes, so that several threads may ask at once.
    """

    def __init__(self, source: PictureSource, seed: int):
        self._source, self._seed = source, seed
        self._kept: dict[int, AnnotatedPicture] = {}
        self._orders: dict[int, np.ndarray] = {}
        self._starts = [0]  # position at which each epoch starts
        self._lock = Lock()

    def window(self, ranges: SceneRanges, step: int, batch: int) -> Window:
        """The window of a step with so many scenes a step; forgets what has left it."""
        first = int(step * batch * ranges.renew)
        with self._lock:
            for position in [position for position in self._kept if position < first - 2 * BUILDERS * batch]:
                del self._kept[position]
        return Window(self, first, ranges.window)

    def at(self, position: int) -> AnnotatedPicture:
        """The picture at a position of the endless order."""
        picture = self._kept.get(position)
        if picture is None:
            picture = self._source.read(self.number(position))
            with self._lock:
                self._kept[position] = picture
        return picture

    def number(self, position: int) -> int:
        """Which picture is at a position."""
        with self._lock:
            while self._starts[-1] <= position:
                self._starts.append(self._starts[-1] + len(self._order(len(self._starts) - 1)))
            epoch = int(np.searchsorted(self._starts, position, "right")) - 1
            return int(self._order(epoch)[position - self._starts[epoch]])

    def _order(self, epoch: int) -> np.ndarray:
        """The order of an epoch: each picture as often as its weight says, in parts by chance."""
        if epoch not in self._orders:
            rng = np.random.default_rng([self._seed, epoch])
            whole, part = np.divmod(self._source.weights, 1)
            often = (whole + (rng.random(len(part)) < part)).astype(int)
            for old in [old for old in self._orders if old < epoch - 1]:
                del self._orders[old]
            self._orders[epoch] = rng.permutation(np.repeat(np.arange(len(often)), often))
        return self._orders[epoch]


def scene_batches(
    source: PictureSource, batch: int, ranges: SceneRanges, seed: int, first_step: int, side: int
) -> tf.data.Dataset:
    """Endless batches: image uint8 [B, side, side, 3] RGB, and for each level its targets float32 [B, h, w, 16] under
    the level's name. Batch i belongs to step i."""
    stream = PictureStream(source, seed)
    shapes = [
        (batch, side, side, 3),
        *((batch, side // level.stride, side // level.stride, TARGETS) for level in LEVELS),
    ]

    def in_numpy(step: np.ndarray) -> list[np.ndarray]:
        return make_batch(stream, batch, ranges, seed, int(step), side)

    def build(step: tf.Tensor) -> dict[str, tf.Tensor]:
        made = tf.numpy_function(in_numpy, [step], [tf.uint8, *[tf.float32] * len(LEVELS)])
        names = ("image", *(level.name for level in LEVELS))
        return {name: tf.ensure_shape(value, shape) for name, value, shape in zip(names, made, shapes, strict=True)}

    return tf.data.Dataset.range(first_step, FOREVER).map(build, BUILDERS, deterministic=True).prefetch(BUILDERS)


def make_batch(
    stream: PictureStream, batch: int, ranges: SceneRanges, seed: int, step: int, side: int
) -> list[np.ndarray]:
    """The batch of a step: pictures uint8 [B, side, side, 3], and the targets of each level, fine to coarse."""
    window = stream.window(ranges, step, batch)
    rng = np.random.default_rng([seed, step])
    scenes = [make_scene(window, side, ranges, rng) for _ in range(batch)]
    levels = zip(*(targets_of(scene, side) for _, scene in scenes), strict=True)
    return [np.stack([image for image, _ in scenes]), *(np.stack(level) for level in levels)]
