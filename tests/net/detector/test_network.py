"""The detector's network: what its answers look like, at any size, and what it starts with."""

import numpy as np
import pytest

from infer.geometry.levels import FIELDS
from net.detector.network import RARE, detector, named_cells
from net.detector.shape import DetectorShape
from records.runtime import tf, v1

TINY = DetectorShape(stem=4, fine=1, stage8=8, stage16=8, stage32=16, merge=4)


def answers(pictures: np.ndarray, names: list[str]) -> list[np.ndarray]:
    with tf.Graph().as_default():
        v1.set_random_seed(3)
        image = v1.placeholder(tf.float32, [None, None, None, 3], name="image")
        named_cells(detector(image, TINY, is_training=False))
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            return session.run([f"{name}:0" for name in names], {image: pictures})


def test_levels_at_two_sizes():
    names = ["cells8", "cells16", "cells32"]
    for height, width in ((64, 96), (160, 32)):
        cells = answers(np.zeros((2, height, width, 3), np.float32), names)
        assert [one.shape for one in cells] == [(2, height // s, width // s, FIELDS) for s in (8, 16, 32)]


def test_scores_start_rare_and_move_with_the_picture():
    rng = np.random.default_rng(0)
    picture = rng.uniform(0, 255, (1, 96, 128, 3)).astype(np.float32)
    scores = answers(picture, ["cells8"])[0][..., 0]
    assert scores == pytest.approx(RARE, rel=0.5)
    assert np.ptp(scores) > 1e-6


@pytest.mark.parametrize("wrong", [{"stem": 0}, {"stage16": 12}, {"fine": -1}, {"depth": 0}])
def test_shapes_that_cannot_be_built(wrong):
    with pytest.raises(ValueError, match="detector"):
        DetectorShape(**wrong)


def test_settings_there_and_back():
    assert DetectorShape.from_settings(TINY.settings()) == TINY
    with pytest.raises(TypeError):
        DetectorShape.from_settings([])
