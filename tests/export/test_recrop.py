import dataclasses

import numpy as np
import pytest

from export.recrop import median_recrop, recrop_of
from infer.geometry.crop import Crop
from net.data.record_set import RecordSet
from records.landmarks import IBUG_68, KAGGLE_15, convert
from tests.helpers.drawn import symmetric_face

FACE = convert(symmetric_face() * 100, IBUG_68, KAGGLE_15)


def labels(count, rng):
    """Faces turned by up to 0.4 radians in crops that reach 0.5 edges beyond the upright points, 0.2 edges lower."""
    found = []
    for angle in rng.uniform(-0.4, 0.4, count):
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


def test_ones_own_points_are_measured_though_they_hold_the_68(record_set):
    records = RecordSet(record_set)
    records.scheme = dataclasses.replace(IBUG_68, name="mine", makes={"ibug68": tuple((i,) for i in range(68))})
    found = recrop_of(records)  # the crop of the records is 0.15 beyond the box of upright points
    assert 0 < found.margin < 0.2 and found.shift[0] == 0


def test_a_part_of_the_points_is_measured_on_the_records(record_set):
    assert recrop_of(RecordSet(record_set)) is None  # all 68 span their box
    found = recrop_of(RecordSet(record_set, points="eyes,mouth"))
    assert 0.2 < found.margin < 0.8 and found.shift[0] == 0
