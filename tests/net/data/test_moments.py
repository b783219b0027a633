import numpy as np
import pytest

from net.data import batches, moments
from net.data.moments import inherit_moments, measure_moments, with_moments
from net.data.record_set import RecordSet
from net.model.shape import Shape


def test_moments_are_those_of_the_training_crops(record_set):
    records = RecordSet(record_set)
    found = measure_moments(records)
    shape = with_moments(Shape(pixels="standardised"), records)
    assert (shape.pixel_mean, shape.pixel_std, shape.label_std) == (found.pixel_mean, found.pixel_std, ())
    shape = with_moments(Shape(labels="standardised"), records)
    assert shape.label_std == found.label_std and shape.pixel_mean == 127.5
    faces = list(batches.test_batches(records, 50, "train"))
    images = np.concatenate([batch["image"].numpy() for batch in faces]).astype(np.float64)
    labels = np.concatenate([batch["label"].numpy() for batch in faces])
    assert found.pixel_mean == pytest.approx(images.mean(), abs=1e-5)
    assert found.pixel_std == pytest.approx(images.std(), abs=1e-5)
    np.testing.assert_allclose(found.label_mean, labels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.label_std, labels.std(axis=0), atol=1e-5)


def test_unknown_points_take_no_part():
    labels = np.array([[0.2, np.nan, 1.0], [0.4, np.nan, 1.0], [np.nan, np.nan, 1.0]])
    mean, deviation = moments.label_moments(labels)
    np.testing.assert_allclose(mean, [0.3, 0.5, 1.0])
    np.testing.assert_allclose(deviation, [0.1, 1.0, 1e-3])


def test_a_start_hands_its_moments_on(record_set):
    asked = Shape(pixels="standardised", labels="standardised")
    start = Shape(**vars(asked) | {"pixel_mean": 99.0, "label_mean": [0.5] * 136, "label_std": [0.1] * 136})
    shape = inherit_moments(asked, start)
    assert (shape.pixel_mean, shape.label_std) == (99.0, (0.1,) * 136)
    assert with_moments(shape, RecordSet(record_set)) == shape
    assert inherit_moments(Shape(), start) == Shape() == with_moments(Shape(), RecordSet(record_set))
    assert inherit_moments(Shape(points=3, labels="standardised"), start).label_std == ()
