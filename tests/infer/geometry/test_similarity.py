import numpy as np

from infer.geometry.rotations import rotation
from infer.geometry.similarity import similarity


def test_it_finds_what_was_done():
    source = np.random.default_rng(0).normal(size=(7, 2))
    scale, turn, shift = similarity(source, 83 * source @ rotation(0.4).T + (131, 57))
    np.testing.assert_allclose(scale, 83)
    np.testing.assert_allclose(turn, rotation(0.4), atol=1e-12)
    np.testing.assert_allclose(shift, (131, 57))


def test_it_never_mirrors_and_comes_as_near_as_it_can():
    rng = np.random.default_rng(1)
    source = rng.normal(size=(9, 2))
    _, turn, _ = similarity(source, source * (-1, 1))
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    target = source * 2 + rng.normal(size=(9, 2))
    scale, turn, shift = similarity(source, target)
    least = np.square(scale * source @ turn.T + shift - target).sum()
    # least squares restated: x' = a x - b y + c, y' = b x + a y + d
    rows = np.concatenate([[[x, -y, 1, 0], [y, x, 0, 1]] for x, y in source])
    np.testing.assert_allclose(least, np.linalg.lstsq(rows, target.reshape(-1), rcond=None)[1][0])
