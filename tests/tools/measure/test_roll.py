"""tools/measure/roll.py: rolled both ways, fitted in every way."""

import numpy as np
import pytest

from tests.helpers.drawn import draw_set
from tools.evaluation.held_out import read_all
from tools.measure import roll
from tools.read import formats
from tools.read.face import Face


def test_the_table_of_rolls():
    lines = roll.table({(roll, way): [0.05, 0.2] for roll in (0, 30, 60) for way in ("a", "b")}).splitlines()
    assert lines[2:] == [f"| {roll} | 2 | 12.50 (50.0) | 12.50 (50.0) |" for roll in ("0°", "±30°", "±60°")]


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
    assert errors[0, "1 pass"] == errors[0, "as fit does"] == [pytest.approx(expected, rel=1e-3)]


def test_faces_with_unknown_points_are_not_rolled(monkeypatch):
    """The box of their known points would be that of a smaller face."""
    partly = Face(np.zeros((9, 9, 3), np.uint8), np.full((68, 2), np.nan), np.array([1, 1, 5, 5]))
    monkeypatch.setattr(roll, "read_all", lambda items: [(None, partly)])
    with pytest.raises(ValueError, match="found no face with all its points known among 1 held-out ones"):
        roll.measure(None, [None])
