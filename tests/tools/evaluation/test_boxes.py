"""tools/evaluation/boxes.py: boxes that can be worked out by hand."""

import numpy as np

from tests.helpers.drawn import symmetric_face
from tools.evaluation.boxes import match, shifted_boxes

BOX = np.array([10.0, 20.0, 70.0, 140.0])


def test_shifted_boxes_are_moved_and_scaled_as_they_say():
    boxes, moves = shifted_boxes(BOX, "a/b/c", 400)
    assert boxes.shape == (400, 4) and moves.shape == (400, 3)
    for box, (x, y, scale) in zip(boxes, moves, strict=True):
        centre = 40 + 60 * x, 80 + 120 * y
        np.testing.assert_allclose(
            box, [centre[0] - 30 * scale, centre[1] - 60 * scale, centre[0] + 30 * scale, centre[1] + 60 * scale]
        )
    np.testing.assert_allclose(moves.min(axis=0), (-0.10, -0.10, 0.85), atol=0.005)
    np.testing.assert_allclose(moves.max(axis=0), (0.10, 0.10, 1.20), atol=0.005)
    np.testing.assert_allclose(moves.mean(axis=0), (0, 0, 1.025), atol=0.02)


def test_shifted_boxes_follow_from_seed_and_key():
    first, _ = shifted_boxes(BOX, "a", 2)
    np.testing.assert_array_equal(shifted_boxes(BOX, "a", 2)[0], first)
    assert not np.isclose(shifted_boxes(BOX, "b", 2)[0], first).any()
    assert not np.isclose(shifted_boxes(BOX, "a", 2, seed=1)[0], first).any()
    assert shifted_boxes(BOX, "a", 0)[0].shape == (0, 4)


def test_match_is_one_to_one_best_first():
    face = 10 * symmetric_face()
    true = np.array([face, face + 100, face + 200])
    found = np.array([face + 4, face + 101, face + 1, face + 500])  # the third fits the first face better
    assert match(true, found) == [2, 1, -1]
    assert match(true, found[:0]) == [-1, -1, -1]
    assert match(true[:1], np.array([face + 2])) == [0]
    assert match(true[:1], np.array([face + 9])) == [-1]  # IoU under a half


def test_match_compares_known_points_alone():
    face = 10 * symmetric_face()
    known = face.copy()
    known[:17] = np.nan
    other = face.copy()
    other[:17] += 60  # a jaw far off
    assert match(known[None], other[None]) == [0] and match(face[None], other[None]) == [-1]
