"""infer/faces/face.py: how sure a face's points are as a whole."""

import numpy as np
import pytest

from infer.faces.face import HALF_SURE, TrackedFace, distinct_faces, face_of, faces_of
from infer.faces.located import Located

POINTS = np.array([[10, 20], [50, 20], [30, 110]], np.float32)  # the box is 40 x 90: sqrt(3600) is 60


@pytest.mark.parametrize(
    ("errors", "sure"), [([0, 0, 0], 1.0), ([60 * HALF_SURE] * 3, 0.5), ([0, 0, 540 * HALF_SURE], 0.1)]
)
def test_sure_falls_with_the_mean_error_of_the_boxs_size(errors, sure):
    errors = np.array(errors, np.float32)
    assert face_of(POINTS, errors=errors).sure == pytest.approx(sure)
    assert face_of(POINTS * 7, errors=errors * 7).sure == pytest.approx(sure)


def test_without_errors_nobody_knows_and_of_no_extent_nothing_is_sure():
    assert face_of(POINTS, 0.7).sure is None
    assert face_of(POINTS[:1], errors=np.ones(1, np.float32)).sure == pytest.approx(0, abs=1e-6)
    tracked = TrackedFace(face_of(POINTS).box, POINTS, 0.5, 7)
    assert (tracked.id, tracked.errors, tracked.sure) == (7, None, None)


def test_faces_of_what_was_located():
    points, errors = np.stack([POINTS, POINTS + 5]), np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    faces = faces_of(Located(points, errors), [0.25, 0.75])
    assert [face.score for face in faces] == [0.25, 0.75] and faces[1].box.tolist() == [15, 25, 55, 115]
    np.testing.assert_array_equal([face.errors for face in faces], errors)
    assert [(face.score, face.errors) for face in faces_of(Located(points))] == [(None, None)] * 2


def test_of_faces_at_one_place_the_surer_counts_unless_their_points_lie_apart():
    """Boxes of 20x20, 8 apart, share 0.43 of their union; points of one face lie within 0.3 of 20 on average."""
    corners, middle = np.array([[0, 0], [20, 0], [20, 20], [0, 20]], np.float32), np.full((6, 2), 10, np.float32)
    low = middle + (0, 10)
    first = face_of(np.concatenate([corners, middle]), 0.7)
    again, other = (face_of(np.concatenate([corners + (0, 8), rest]), 0.9) for rest in (middle, low))
    for faces, scores in (([first, again], [0.9]), ([first, other], [0.9, 0.7]), ([], [])):
        assert [face.score for face in distinct_faces(faces)] == scores
