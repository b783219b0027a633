import numpy as np
import pytest

from export.recrop import median_recrop, recrop_of
from infer.geometry.boxes import box_of
from infer.geometry.crop import Crop
from net.data.record_set import RecordSet
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.drawn import symmetric_face

FACE = convert(symmetric_face() * 100, IBUG_68, KAGGLE_15)


def labels(count, rng, turn=0.4):
    """Faces turned by up to `turn` radians in crops that reach 0.5 edges beyond the upright points, 0.2 edges lower."""
    found = []
    for angle in rng.uniform(-turn, turn, count):
        cos, sin = np.cos(angle), np.sin(angle)
        points = FACE @ np.array([[cos, sin], [-sin, cos]]) + rng.uniform(-40, 40, 2)
        closer = Crop.upright(points, angle, 0.5, 128)
        down = np.array([-sin, cos]) * 0.2 * np.ptp(FACE, axis=0).max()
        found.append(Crop(tuple(closer.centre + down), closer.side, 128).to_fractions(points))
    return np.array(found)


def test_the_crop_around_points_is_that_of_training():
    found = median_recrop(labels(9, np.random.default_rng(4)), KAGGLE_15)
    assert found.margin == pytest.approx(0.5, abs=1e-3)
    assert found.shift == (0.0, pytest.approx(0.2, abs=1e-3))


def test_inference_gets_back_the_crop_that_it_came_from():
    label = labels(1, np.random.default_rng(7), turn=0.0)[0]
    found = median_recrop(label[None], KAGGLE_15)
    crop = Crop.upright(label, 0.0, found.margin, 128)
    edge = np.ptp(label, axis=0).max()
    centre = np.array(crop.centre) + np.array(found.shift) * edge
    np.testing.assert_allclose(centre[1], 0.5, atol=1e-3)
    assert crop.side == pytest.approx(1, abs=1e-3)
    assert box_of(label)[0] > 0


def test_68_points_span_their_box_and_need_no_other(record_set):
    assert recrop_of(RecordSet(record_set)) is None


def test_a_part_of_the_points_is_measured_on_the_records(record_set):
    records = RecordSet(record_set, points="eyes,mouth")
    found = recrop_of(records)
    assert 0.2 < found.margin < 0.8 and found.shift[0] == 0
    assert recrop_of(records) == found
