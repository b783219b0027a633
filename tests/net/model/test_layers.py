import numpy as np
import pytest

from net.model import layers
from records.runtime import tf
from tests.helpers.networks import RNG, every

v1 = tf.compat.v1


def test_batch_norm_restated_in_training_with_its_averages():
    x = RNG.normal(2, 3, size=(2, 3, 5, 4)).astype(np.float32)
    with v1.Graph().as_default(), v1.Session() as session:
        y = layers.batch_norm("bn", tf.constant(x), True)
        session.run(v1.global_variables_initializer())
        found, _ = session.run([y, v1.get_collection(v1.GraphKeys.UPDATE_OPS)])
        names = session.run({variable.op.name: variable for variable in every()})
    flat = x.reshape(-1, 4)
    np.testing.assert_allclose(found, (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(names["bn/mean"], 0.01 * flat.mean(0), rtol=1e-4)
    np.testing.assert_allclose(names["bn/variance"], 0.99 + 0.01 * flat.var(0, ddof=1), rtol=1e-5)


def test_a_fresh_depthwise_convolution_keeps_the_size_of_its_input():
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        layers.depthwise_conv("dw", tf.zeros([1, 4, 4, 512]), 1)
        session.run(v1.global_variables_initializer())
        weights = session.run(every()[0])
    assert weights.var() == pytest.approx(2 / 9, rel=0.1)  # He et al.: 2 / inputs of an output


def test_dropout_is_a_function_of_its_seed():
    x = RNG.uniform(1, 2, (5, 7, 11)).astype(np.float32)
    seeds = [1, 2], [1, 2], [1, 3]
    first, again, other = (layers.stateless_dropout(tf.constant(x), 0.25, tf.constant(s)).numpy() for s in seeds)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    kept = first != 0
    np.testing.assert_allclose(first[kept], x[kept] / 0.75, rtol=1e-6)
    assert 0.65 < kept.mean() < 0.85
