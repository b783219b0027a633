"""net/model/spread.py: the spread of heat, the learned head and its loss, restated."""

import numpy as np
import pytest

from net.model import spread as module
from net.model.senet import cell_centres, senet
from net.model.shape import Shape
from records.runtime import tf
from tests.helpers.networks import RNG, load, run

v1 = tf.compat.v1
SIDE, POINTS = 4, 3
TRAINED = ["senet/integral/doubt/weights"]  # the head's: untrained it says one thing of all points


def chances(count):
    heat = np.exp(RNG.normal(scale=2, size=(count, SIDE * SIDE)))
    return (heat / heat.sum(axis=1, keepdims=True)).astype(np.float32)


def test_the_spread_of_heat_of_known_variance():
    heat = RNG.normal(size=(6, 16)).astype(np.float32)
    heat[0, 5] = 300  # one cell alone
    heat[1:3] = -300
    heat[1, [4, 6]] = 0  # as often here as two cells further right: 1/4 from the middle
    heat[2, [1, 13, 14]] = np.log([0.5, 0.25, 0.25])  # rows 0 and 3, columns 1 and 2
    heat[3] = 0
    found, _ = run(lambda heat: module.heat_spread(tf.nn.softmax(heat), 4), heat)
    assert found.shape == (6, 1) and found.dtype == np.float32
    found = found[:, 0]
    rows, columns = np.var([0, 0, 3, 3]) / 16, np.var([1, 1, 1, 2]) / 16
    np.testing.assert_allclose(found[:3], [0, 0.25, np.sqrt(rows + columns)], atol=1e-6)
    assert found[3] == pytest.approx(np.sqrt(2 * (16 - 1) / 12 / 16), rel=1e-6)  # the same chance everywhere
    weight, centres = np.exp(heat[4:]) / np.exp(heat[4:]).sum(axis=1, keepdims=True), cell_centres(4)
    traces = [np.trace(np.cov(centres.T, aweights=one, ddof=0)) for one in weight]
    np.testing.assert_allclose(found[4:], np.sqrt(traces), rtol=1e-5)


def test_the_learned_spread_is_the_exponential_of_the_mean_doubt_under_the_heat():
    chance, maps = chances(2 * POINTS), RNG.normal(size=(2, SIDE, SIDE, 7)).astype(np.float32)
    found, names = run(lambda chance, maps: module.learned_spread(chance, maps, POINTS), chance, maps)
    doubt = maps @ names["integral/doubt/weights"][0, 0] + names["integral/doubt/bias"]  # [2, SIDE, SIDE, POINTS]
    doubt = doubt.transpose(0, 3, 1, 2).reshape(2 * POINTS, -1)
    expected = module.START * np.exp((chance * doubt).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_an_untrained_head_answers_its_start_however_large_the_maps_are():
    chance, maps = chances(2 * POINTS), 1e6 * RNG.normal(size=(2, SIDE, SIDE, 7)).astype(np.float32)
    with v1.Graph().as_default(), v1.Session() as session:
        spread = module.learned_spread(tf.constant(chance), tf.constant(maps), POINTS)
        session.run(v1.global_variables_initializer())
        np.testing.assert_allclose(session.run(spread), np.full((2 * POINTS, 1), module.START), rtol=1e-6)


def test_the_loss_restated_where_unknown_points_push_at_nothing():
    spread = RNG.uniform(0.01, 0.1, (2, POINTS)).astype(np.float32)
    predicted, label = RNG.uniform(0, 1, (2, 2, 2 * POINTS)).astype(np.float32)
    label[1, 2:4] = np.nan
    error = np.linalg.norm((predicted - label).reshape(2, POINTS, 2), axis=2)
    with v1.Graph().as_default(), v1.Session() as session:
        told, found = tf.constant(spread), tf.constant(predicted)
        loss = module.laplace_loss(told, found, tf.constant(label))
        (push,) = tf.gradients(loss, told)
        assert tf.gradients(loss, found) == [None]
        loss, push = session.run((loss, push))
    assert loss == pytest.approx(np.nanmean(np.log(spread) + error / spread), rel=1e-5)
    expected = np.nan_to_num((1 / spread - error / spread**2) / 5)  # five points are known
    np.testing.assert_allclose(push, expected, rtol=1e-4)


def test_no_gradient_of_the_loss_leaves_the_head():
    shape = Shape(points=POINTS, width=8, depth=1, decoder=6, size=32, spread="learned")
    with v1.Graph().as_default():
        answer = senet(tf.zeros([2, 32, 32, 3]), shape, is_training=True)
        loss = module.laplace_loss(answer.spread, answer.landmarks, tf.zeros([2, 2 * POINTS]))
        variables = v1.trainable_variables()
        moved = [
            one.op.name for one, push in zip(variables, tf.gradients(loss, variables), strict=True) if push is not None
        ]
    assert moved == ["senet/integral/doubt/weights", "senet/integral/doubt/bias"]


@pytest.mark.parametrize("spread", ["heat", "learned"])
def test_a_network_with_heat_maps_answers_a_spread_of_each_point(spread):
    shape = Shape(points=POINTS, width=8, depth=1, decoder=6, size=64, spread=spread)
    with v1.Graph().as_default(), v1.Session() as session:
        answer = senet(tf.constant(RNG.uniform(0, 255, (2, 64, 64, 3)), tf.float32), shape, is_training=False)
        session.run(v1.global_variables_initializer())
        load(session, {name: RNG.normal(size=(1, 1, 6, POINTS)) for name in TRAINED if spread == "learned"})
        found = session.run("spread:0")
        assert answer.spread.name == "spread:0" and found.shape == (2, POINTS) and (found > 0).all()
        assert len(np.unique(found)) == 2 * POINTS
