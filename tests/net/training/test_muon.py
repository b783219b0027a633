import numpy as np
import pytest
import tensorflow as tf

from net.model.senet import is_hidden_kernel, senet
from net.model.shape import Shape
from net.training import muon
from net.training.muon import MuonOptimizer, orthogonalised

v1 = tf.compat.v1
RNG = np.random.default_rng(31)
KERNEL = RNG.normal(size=(3, 2, 4, 7)).astype(np.float32)
GRADIENTS = RNG.normal(size=(3, *KERNEL.shape)).astype(np.float32)
RATE = 0.02


def run(build, *values):
    with v1.Graph().as_default(), v1.Session() as session:
        result = build(*(tf.constant(value) for value in values))
        session.run(v1.global_variables_initializer())
        return session.run(result)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5)], ids=str)
def test_the_singular_vectors_stay_and_the_singular_values_come_near_one(shape):
    matrix = RNG.normal(size=shape).astype(np.float32) * 37
    found = run(orthogonalised, matrix)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    assert values.max() / values.min() > 2
    inside = left.T @ found @ right.T
    np.testing.assert_allclose(inside, np.diag(np.diag(inside)), atol=1e-4)
    assert np.diag(inside).min() > 0.65 and np.diag(inside).max() < 1.25
    assert found.dtype == np.float32


def by_the_whole_matrix(matrix):
    """The iteration as Jordan et al. have it, in float64."""
    x = matrix.astype(float) / np.linalg.norm(matrix)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x


@pytest.mark.parametrize("shape", [(7, 40), (40, 7), (6, 6)], ids=str)
@pytest.mark.parametrize("faintest", [1.0, 1e-2, 1e-6])
def test_the_iteration_restated_for_matrices_of_faint_directions(shape, faintest):
    """A gradient's singular values span many orders; their squares must not drown what is left of the small ones."""
    left, _, right = np.linalg.svd(RNG.normal(size=shape), full_matrices=False)
    values = np.geomspace(1, faintest, min(shape))
    matrix = ((left * values) @ right).astype(np.float32)
    found = run(orthogonalised, matrix)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_the_whole_matrix(matrix), atol=2e-3)


def test_nothing_stays_nothing():
    np.testing.assert_array_equal(run(orthogonalised, np.zeros((3, 4), np.float32)), 0)


def steps_of(optimizer, start, gradients):
    """The variable after each step."""
    with v1.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("kernel", initializer=start)
        gradient = v1.placeholder(tf.float32, start.shape)
        step = v1.train.get_or_create_global_step()
        train = optimizer().apply_gradients([(gradient, variable)], global_step=step)
        session.run(v1.global_variables_initializer())
        found = []
        for value in gradients:
            session.run(train, {gradient: value})
            found.append(session.run(variable))
        assert session.run(step) == len(gradients)
        return found


def test_the_steps_of_a_kernel_restated():
    found = steps_of(lambda: MuonOptimizer(RATE, lambda variable: True), KERNEL, GRADIENTS)
    expected, momentum = KERNEL.astype(np.float64), np.zeros_like(KERNEL)
    for gradient, answer in zip(GRADIENTS, found, strict=True):
        momentum = 0.95 * momentum + 0.05 * gradient
        ahead = (0.95 * momentum + 0.05 * gradient).reshape(24, 7)
        expected = expected - RATE * muon.SCALE * np.sqrt(24) * run(orthogonalised, ahead).reshape(KERNEL.shape)
        np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_other_variables_take_the_steps_of_adam():
    start, gradients = KERNEL[0, 0], GRADIENTS[:, 0, 0]
    found = steps_of(lambda: MuonOptimizer(RATE, lambda variable: False), start, gradients)
    expected = steps_of(lambda: v1.train.AdamOptimizer(RATE), start, gradients)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert np.abs(found[0] - start).max() > 0.9 * RATE


@pytest.mark.parametrize("block, second", [("residual", "conv2"), ("inverted", "project")])
def test_the_kernels_between_maps_are_the_hidden_ones(block, second):
    with v1.Graph().as_default():
        senet(v1.placeholder(tf.float32, [None, 64, 64, 3]), Shape(width=8, decoder=6, size=64, block=block), True)
        names = {value.op.name for value in v1.trainable_variables() if is_hidden_kernel(value)}
    assert {f"senet/stage1/block1/{second}/weights", "senet/integral/top/weights"} <= names
    others = ("/se/", "/stem/", "/heat/", "bn", "bias", "depthwise")
    assert not [name for name in names if any(part in name for part in others)]
