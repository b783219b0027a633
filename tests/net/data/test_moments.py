"""Standardised pixels and labels, grey input: the numbers, and what the network makes of them."""

import numpy as np
import pytest

from net.data import batches
from net.data import moments as standard
from net.data.batches import RecordSet
from net.data.moments import inherited, moments, standardised
from net.model.losses import mean_absolute_error, point_loss
from net.model.senet import Shape, senet
from records.runtime import tf

v1 = tf.compat.v1
SMALL = {"width": 8, "decoder": 8, "points": 3, "size": 32}
MEAN, STD = (0.5, 0.4, 0.3, 0.6, 0.7, 0.2), (0.1, 0.2, 0.05, 0.1, 0.4, 0.3)


def run(shape: Shape, image, names=()):
    """The answer of an untrained network, and the tensors named."""
    with v1.Graph().as_default() as graph:
        v1.set_random_seed(3)
        answer = senet(tf.constant(image), shape, is_training=False)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            return session.run([answer.landmarks, *(graph.get_tensor_by_name(f"{name}:0") for name in names)])


def test_moments_are_those_of_the_training_crops(record_set):
    records = RecordSet(record_set)
    found = moments(records)
    faces = list(batches.test_batches(records, 50, "train"))
    images = np.concatenate([batch["image"].numpy() for batch in faces]).astype(np.float64)
    labels = np.concatenate([batch["label"].numpy() for batch in faces])
    assert found["pixel_mean"] == pytest.approx(images.mean(), abs=1e-5)
    assert found["pixel_std"] == pytest.approx(images.std(), abs=1e-5)
    np.testing.assert_allclose(found["label_mean"], labels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found["label_std"], labels.std(axis=0), atol=1e-5)
    assert moments(records) == found


def test_unknown_points_take_no_part():
    labels = np.array([[0.2, np.nan, 1.0], [0.4, np.nan, 1.0], [np.nan, np.nan, 1.0]])
    mean, deviation = standard._label_moments(labels)
    np.testing.assert_allclose(mean, [0.3, 0.5, 1.0])
    np.testing.assert_allclose(deviation, [0.1, 1.0, 1e-3])


def test_only_what_is_asked_for_is_standardised(record_set):
    records, plain = RecordSet(record_set), Shape()
    assert standardised(plain, records) is plain
    found = moments(records)
    shape = standardised(Shape(pixels="standardised"), records)
    assert (shape.pixel_mean, shape.pixel_std) == (found["pixel_mean"], found["pixel_std"])
    assert shape.label_std == () and shape.settings()["pixel_std"] == shape.pixel_std
    assert "label_std" not in shape.settings() and "pixels" not in plain.settings()
    shape = standardised(Shape(labels="standardised"), records)
    assert shape.label_std == found["label_std"] and shape.pixel_mean == 127.5
    assert Shape(**shape.settings()) == shape


def test_a_start_hands_its_moments_on(record_set):
    before = {"pixels": "standardised", "pixel_mean": 99.0, "pixel_std": 50.0, "labels": "standardised"}
    before |= {"label_mean": [0.5] * 136, "label_std": [0.1] * 136}
    shape = inherited(Shape(pixels="standardised", labels="standardised"), before)
    assert (shape.pixel_mean, shape.label_std) == (99.0, (0.1,) * 136)
    assert standardised(shape, RecordSet(record_set)) == shape
    assert inherited(Shape(), before) == Shape()
    assert inherited(Shape(points=3, labels="standardised"), before).label_std == ()


def test_pixels_are_scaled_in_the_graph():
    """Pixels of another mean and deviation, told to the network, give the answer of the usual scaling."""
    image = np.random.default_rng(1).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    (plain,) = run(Shape(**SMALL), image)
    moved = (image / 127.5 - 1) * 40 + 100
    shape = Shape(**SMALL, pixels="standardised", pixel_mean=100.0, pixel_std=40.0)
    np.testing.assert_allclose(run(shape, moved)[0], plain, atol=2e-5)
    assert np.abs(run(shape, image)[0] - plain).max() > 1e-4


def test_a_grey_network_sees_one_channel():
    image = np.random.default_rng(1).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    shape = Shape(**SMALL, picture="grey")
    assert shape.planes == 1 and Shape().planes == 3
    answer, kernel = run(shape, image, ["senet/stem/conv/weights/Read/ReadVariableOp"])[:2]
    assert answer.shape == (2, 6) and kernel.shape == (3, 3, 1, 8)


def test_a_dense_head_answers_in_deviations_that_are_folded_into_fractions():
    image = np.random.default_rng(2).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    (plain,) = run(Shape(**SMALL, head="dense"), image)
    (answer,) = run(Shape(**SMALL, head="dense", labels="standardised", label_mean=MEAN, label_std=STD), image)
    np.testing.assert_allclose(answer, (plain - 0.5) * STD + np.array(MEAN), atol=1e-5)


def test_a_correction_of_heat_maps_is_scaled_alone():
    image = np.zeros((1, 32, 32, 3), np.float32)
    (plain,) = run(Shape(**SMALL, head="blend"), image)
    (answer,) = run(Shape(**SMALL, head="blend", labels="standardised", label_mean=MEAN, label_std=STD), image)
    np.testing.assert_allclose(answer, plain, atol=1e-6)  # the correction starts at nothing


def test_the_loss_counts_in_deviations():
    label = np.array([[0.5, np.nan, 0.3, 0.6, 0.7, 0.2]], np.float32)
    predicted = np.array([[0.7, 0.1, 0.3, 0.5, 0.3, 0.2]], np.float32)
    with tf.init_scope():
        loss = float(point_loss("l2", tf.constant(predicted), tf.constant(label), STD))
        error = float(mean_absolute_error(tf.constant(predicted), tf.constant(label)))
    assert loss == pytest.approx((2.0**2 + 1.0**2 + 1.0**2) / 5, rel=1e-5)
    assert error == pytest.approx(128 * (0.2 + 0.1 + 0.4) / 5, rel=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [{"label_std": (0.1,) * 6}, {"label_mean": MEAN, "label_std": (0.0,) * 6}, {"pixel_std": 0.0}, {"picture": "blue"}],
)
def test_shapes_that_are_none(wrong):
    with pytest.raises(ValueError, match="found"):
        Shape(**SMALL, **wrong)
