"""tools/measure/roll.py: rolled both ways, fitted in every way."""

import numpy as np
import pytest

from tests.helpers.drawn import draw_set
from tools.evaluation.held_out import read_all
from tools.measure import roll
from tools.read import formats


def test_every_face_is_rolled_both_ways_and_fitted_in_every_way(tmp_path):
    class Corner:
        """Answers the box's corner for every point."""

        def fit(self, image, boxes, passes=2, upright=True):
            return np.repeat(np.asarray(boxes)[:, None, :2], 68, axis=1)

        def answers(self, image, boxes, passes):
            return [None, self.fit(image, boxes)]

    (item, face), *_ = read_all(formats.find(draw_set(tmp_path / "tiny", sources=1, views=1), "tiny"))
    errors = roll.measure(Corner(), [item])
    assert {roll: len(values) for (roll, _), values in errors.items()} == {0: 1, 30: 2, 60: 2}
    assert len(errors) == 3 * 4
    off = np.linalg.norm(face.points - face.points.min(axis=0), axis=1).mean()
    expected = off / np.linalg.norm(face.points[45] - face.points[36])
    with pytest.raises(ValueError, match="found no face with all its points known"):
        roll.measure(Corner(), [])
    assert errors[0, "1 pass"] == errors[0, "as fit does"] == [pytest.approx(expected, rel=1e-3)]
