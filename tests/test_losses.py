import numpy as np
import pytest
import tensorflow as tf

from net.losses import point_loss, weight_decay, wing

RNG = np.random.default_rng(6)
PREDICTED = RNG.uniform(0, 1, (3, 10)).astype(np.float32)
LABEL = (PREDICTED + RNG.normal(0, 0.1, (3, 10))).astype(np.float32)
MASKED = LABEL.copy()
MASKED[0, 2:4] = MASKED[2, 6:] = np.nan


def wing_of(x: float) -> float:
    """Wing loss of one difference in pixels, w = 10, e = 2."""
    if abs(x) < 10:
        return 10 * np.log(1 + abs(x) / 2)
    return abs(x) - (10 - 10 * np.log(1 + 10 / 2))


FORMULAS = {"l2": lambda x: x * x, "wing": wing_of}


def by_hand(name, predicted, label):
    losses = [
        FORMULAS[name](128 * (float(p) - float(t)))
        for p, t in zip(predicted.ravel(), label.ravel(), strict=True)
        if not np.isnan(t)
    ]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("label", [LABEL, MASKED], ids=["whole", "masked"])
@pytest.mark.parametrize("name", ["l2", "wing"])
def test_losses_restated(name, label):
    assert np.isnan(label).any() == (label is MASKED)
    assert float(point_loss(name, PREDICTED, label)) == pytest.approx(by_hand(name, PREDICTED, label), rel=1e-4)


@pytest.mark.parametrize("name", ["l2", "wing"])
def test_unknown_points_push_at_nothing(name):
    with tf.GradientTape() as tape:
        predicted = tf.Variable(PREDICTED)
        loss = point_loss(name, predicted, MASKED)
    gradient = tape.gradient(loss, predicted).numpy()
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient == 0, np.isnan(MASKED))
    step = 1e-3
    moved = PREDICTED.copy()
    moved[1, 5] += step
    slope = (by_hand(name, moved, MASKED) - by_hand(name, PREDICTED, MASKED)) / step
    assert gradient[1, 5] == pytest.approx(slope, rel=0.05)


@pytest.mark.parametrize("name", ["l2", "wing"])
def test_no_known_point_is_no_loss_and_a_finite_gradient(name):
    with tf.GradientTape() as tape:
        predicted = tf.Variable(PREDICTED)
        loss = point_loss(name, predicted, np.full_like(LABEL, np.nan))
    assert float(loss) == 0
    assert (tape.gradient(loss, predicted).numpy() == 0).all()


def test_wing_is_continuous_and_symmetric():
    x = np.array([-30, -10.0001, -9.9999, -1, 0, 1, 9.9999, 10.0001, 30], np.float32)
    found = wing(tf.constant(x)).numpy()
    np.testing.assert_allclose(found, [wing_of(v) for v in x], rtol=1e-5)
    np.testing.assert_allclose(found, found[::-1])
    assert abs(found[6] - found[7]) < 1e-2


def test_a_perfect_answer_has_no_loss():
    assert float(point_loss("wing", LABEL, LABEL)) == 0 == float(point_loss("l2", LABEL, LABEL))


def test_weight_decay_is_half_the_sum_of_squares():
    assert float(weight_decay([tf.constant([1.0, 2.0]), tf.constant([[3.0], [4.0]])])) == 15


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="loss: found 'huber', expected one of l2, wing"):
        point_loss("huber", PREDICTED, LABEL)
