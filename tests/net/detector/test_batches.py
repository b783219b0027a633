"""Batches of scenes: functions of (seed, step), from pictures as often as their weights say."""

import numpy as np
import pytest

from net.detector.batches import PictureStream, make_batch, scene_batches
from net.detector.mosaic import AnnotatedPicture
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene
from records.runtime import tf, v1

RANGES = SceneRanges(grid=2, window=5)
SIDE = 64


class Drawn:
    """Pictures of one grey each, with a face in the middle."""

    def __init__(self, weights):
        self.weights = np.array(weights, float)
        self.reads = 0

    def read(self, number: int) -> AnnotatedPicture:
        self.reads += 1
        oriented = np.array([[24.0, 20, 18, 20, 0.1]])
        five = oriented[:, None, :2] + np.array([[-5, -4], [5, -4], [0, 1], [-4, 6], [4, 6.0]])
        return AnnotatedPicture.of(np.full((40, 48, 3), 5 * number, np.uint8), Scene(oriented, five, np.zeros((0, 4))))


def test_a_batch_is_a_function_of_seed_and_step():
    whole = PictureStream(Drawn([1, 1, 2]), 4)
    batches = [make_batch(whole, 3, RANGES, 4, step, SIDE) for step in range(6)]
    late = make_batch(PictureStream(Drawn([1, 1, 2]), 4), 3, RANGES, 4, 5, SIDE)
    for one, other in zip(batches[5], late, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (batches[4][0] != batches[5][0]).any()
    assert (make_batch(PictureStream(Drawn([1, 1, 2]), 5), 3, RANGES, 5, 5, SIDE)[0] != late[0]).any()


def test_pictures_come_as_often_as_they_weigh():
    stream = PictureStream(Drawn([1, 0.5, 3]), 1)
    counts = np.bincount([stream.number(position) for position in range(9000)], minlength=3)
    assert counts / 2000 == pytest.approx([1, 0.5, 3], abs=0.05)
    again = PictureStream(Drawn([1, 0.5, 3]), 1)
    assert again.number(8000) == stream.number(8000)


def test_the_window_moves_and_forgets():
    source = Drawn([1] * 40)
    stream = PictureStream(source, 2)
    for step in range(30):
        make_batch(stream, 2, RANGES, 2, step, SIDE)
    assert source.reads <= 2 * 30 + RANGES.window
    assert len(stream._kept) <= RANGES.window + 10


def test_the_dataset_has_the_batches_in_order():
    source = Drawn([1, 1, 2])
    with tf.Graph().as_default(), v1.Session() as session:
        dataset = scene_batches(source, 3, RANGES, 4, 2, SIDE)
        batch = v1.data.make_one_shot_iterator(dataset).get_next()
        found = [session.run(batch) for _ in range(2)]
    for step, parts in zip((2, 3), found, strict=True):
        expected = make_batch(PictureStream(source, 4), 3, RANGES, 4, step, SIDE)
        for name, value in zip(("image", "cells8", "cells16", "cells32"), expected, strict=True):
            np.testing.assert_array_equal(parts[name], value)


@pytest.mark.parametrize(
    "wrong", [{"mirror": 1.5}, {"zoom": 0.5}, {"window": 0}, {"wide": -0.1}, {"widest": float("inf")}]
)
def test_ranges_that_are_none(wrong):
    with pytest.raises(ValueError, match="augmentation"):
        SceneRanges(**wrong)
