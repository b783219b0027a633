import numpy as np
import pytest

from net.landmarks.settings import LOSSES
from net.model import losses
from net.model.losses import (
    PointLoss,
    heat_loss,
    mean_absolute_error,
    mean_over,
    pose_loss,
)
from net.model.senet import cell_centres
from records.runtime import tf

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


def smooth_l1_of(x: float) -> float:
    """Smooth L1 of one difference in pixels."""
    return x * x / 2 if abs(x) < 1 else abs(x) - 0.5


FORMULAS = {"l2": lambda x: x * x, "wing": wing_of, "smooth_l1": smooth_l1_of}


def by_hand(name, predicted, label):
    losses = [
        FORMULAS[name](128 * (float(p) - float(t)))
        for p, t in zip(predicted.ravel(), label.ravel(), strict=True)
        if not np.isnan(t)
    ]
    return sum(losses) / len(losses)


def loss_and_gradient(name, label):
    with tf.GradientTape() as tape:
        predicted = tf.Variable(PREDICTED)
        loss = PointLoss(name)(predicted, label)
    return float(loss), tape.gradient(loss, predicted).numpy()


def test_every_loss_that_can_be_asked_for_has_its_formula():
    assert set(LOSSES) == set(losses.FORMULAS) == set(FORMULAS)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_restated_where_unknown_points_push_at_nothing(name):
    loss, gradient = loss_and_gradient(name, MASKED)
    assert loss == pytest.approx(by_hand(name, PREDICTED, MASKED), rel=1e-4)
    np.testing.assert_array_equal(gradient == 0, np.isnan(MASKED))
    step, moved = 1e-3, PREDICTED.copy()
    moved[1, 5] += step
    slope = (by_hand(name, moved, MASKED) - by_hand(name, PREDICTED, MASKED)) / step
    assert gradient[1, 5] == pytest.approx(slope, rel=0.05)
    loss, gradient = loss_and_gradient(name, np.full_like(LABEL, np.nan))
    assert loss == 0 and (gradient == 0).all()
    with pytest.raises(ValueError, match="loss: found 'huber', expected one of l2"):
        PointLoss("huber")


def test_standardised_labels_count_in_deviations_and_errors_in_pixels():
    label = np.array([[0.5, np.nan, 0.3, 0.6, 0.7, 0.2]], np.float32)
    predicted = np.array([[0.7, 0.1, 0.3, 0.5, 0.3, 0.2]], np.float32)
    loss = float(PointLoss("l2", (0.1, 0.2, 0.05, 0.1, 0.4, 0.3))(predicted, label))
    assert loss == pytest.approx((2.0**2 + 1.0**2 + 1.0**2) / 5, rel=1e-5)
    assert float(mean_absolute_error(predicted, label)) == pytest.approx(128 * (0.2 + 0.1 + 0.4) / 5, rel=1e-5)


# a line from the first over the second to the third, whose direction is (0.6, 0.8), and a point without a line
LINE = ((0, 0), (0, 2), (2, 2), (3, 3))
ON_LINE = np.array([[0.1, 0.1, 0.4, 0.5, 0.7, 0.9, 0.2, 0.8]], np.float32)
# in pixels: the second is 5 too far along its line and 2 beside it
OFF = np.array([[3, 4, 5 * 0.6 - 2 * 0.8, 5 * 0.8 + 2 * 0.6, 0, -7, -1, 0]], np.float32)


@pytest.mark.parametrize("name", LOSSES)
def test_an_error_along_a_contour_counts_less(name):
    across, along = FORMULAS[name](2), FORMULAS[name](5)
    others = sum(map(FORMULAS[name], (3, 4, 0, 7, 1, 0)))
    for weight in (0.25, 0):
        loss = PointLoss(name, along=weight, neighbours=LINE)(ON_LINE + OFF / 128, ON_LINE)
        assert float(loss) == pytest.approx((others + across + weight * along) / (7 + weight), rel=1e-4)
    # as it is, x and y count, whatever lines there are
    plain = PointLoss(name, neighbours=LINE)(ON_LINE + OFF / 128, ON_LINE)
    assert float(plain) == pytest.approx(by_hand(name, ON_LINE + OFF / 128, ON_LINE), rel=1e-4)


def test_errors_along_contours_of_unknown_points_push_at_nothing():
    label = np.concatenate([ON_LINE, ON_LINE])
    label[0, 4:6] = label[1, 2:4] = np.nan
    with tf.GradientTape() as tape:
        predicted = tf.Variable(np.concatenate([ON_LINE + OFF / 128] * 2))
        loss = PointLoss("l2", along=0.25, neighbours=LINE)(predicted, label)
    # beside an unknown point nobody knows the direction: 5^2 + 2^2 counts whole
    assert float(loss) == pytest.approx((9 + 16 + 29 + 1 + 9 + 16 + 49 + 1) / 12, rel=1e-4)
    gradient = tape.gradient(loss, predicted).numpy()
    np.testing.assert_array_equal(gradient != 0, (np.concatenate([OFF, OFF]) != 0) & np.isfinite(label))


def test_faces_count_by_their_weights():
    weight = np.array([0.5, 2, 0], np.float32)
    sums = [by_hand("wing", PREDICTED[i : i + 1], MASKED[i : i + 1]) * n for i, n in enumerate((8, 10))]
    assert float(PointLoss("wing")(PREDICTED, MASKED, weight)) == pytest.approx(
        (0.5 * sums[0] + 2 * sums[1]) / (0.5 * 8 + 2 * 10), rel=1e-4
    )
    both = PointLoss("l2", along=0.25, neighbours=LINE)
    loss = both(np.concatenate([ON_LINE + OFF / 128, ON_LINE]), np.concatenate([ON_LINE, ON_LINE]), weight[:2])
    assert float(loss) == pytest.approx(0.5 * (75 + 4 + 0.25 * 25) / (2.5 * 7.25), rel=1e-4)
    assert float(mean_over(np.array([True, False]), np.array([8.0, 3.0], np.float32), np.float32(0.25))) == 2.0


CENTRES = cell_centres(4)
HEAT = RNG.normal(size=(6, 16)).astype(np.float32)
# inside, in a cell's centre, beyond the picture on one side and on two, two that are not known
PLACES = np.array(
    [[0.31, 0.77], [0.625, 0.125], [-0.1, 0.5], [1.9, -0.8], [np.nan, np.nan], [np.nan, np.nan]], np.float32
)


def heat_by_hand(heat, places, width, centres=CENTRES):
    """Cross-entropy with a normal distribution around each place; four cells along the picture's edge."""
    losses = []
    for one, place in zip(heat.astype(float), places.astype(float), strict=True):
        if np.isnan(place).any():
            continue
        wanted = np.exp(-(((centres - place) * 4) ** 2).sum(axis=1) / (2 * width**2))
        log_found = one - np.log(np.exp(one).sum())
        losses.append(-(wanted / wanted.sum() * log_found).sum())
    return np.mean(losses)


def test_the_loss_of_heat_maps_restated_where_unknown_points_push_at_nothing():
    with tf.GradientTape() as tape:
        heat = tf.Variable(HEAT)
        loss = heat_loss(heat, CENTRES, PLACES.reshape(2, 6), 0.7)
    assert float(loss) == pytest.approx(heat_by_hand(HEAT, PLACES, 0.7), rel=1e-4)
    gradient = tape.gradient(loss, heat).numpy()
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal((gradient != 0).any(axis=1), [True, True, True, True, False, False])
    parts = [heat_by_hand(HEAT[half], PLACES[half], 0.7) for half in (slice(0, 3), slice(3, 6))]
    loss = heat_loss(HEAT, CENTRES, PLACES.reshape(2, 6), 0.7, np.array([0.5, 3.0], np.float32))
    assert float(loss) == pytest.approx((0.5 * 3 * parts[0] + 3 * parts[1]) / 4.5, rel=1e-4)
    assert float(heat_loss(HEAT, CENTRES, np.full((2, 6), np.nan, np.float32), 1.0)) == 0


def test_the_loss_of_the_pose_is_the_mean_square_of_known_angles():
    pose = np.array([[0.1, np.nan, -0.3], [np.nan, np.nan, np.nan]], np.float32)
    with tf.GradientTape() as tape:
        predicted = tf.Variable([[0.3, 5.0, -0.4], [7.0, 8.0, 9.0]])
        loss = pose_loss(predicted, pose)
    assert float(loss) == pytest.approx((0.2**2 + 0.1**2) / 2, rel=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, predicted), [[0.2, 0, -0.1], [0, 0, 0]], atol=1e-6)
    assert float(pose_loss(predicted, np.full((2, 3), np.nan, np.float32))) == 0
