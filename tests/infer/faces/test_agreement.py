"""infer/faces/agreement.py: how far two answers lie apart, and what that says of a face."""

import numpy as np

from infer.faces.agreement import AGREEMENT, FACE, agreement_scores, disagreement


def test_disagreement_by_hand():
    first = np.array([[[0, 0], [10, 0], [0, 4]], [[0, 0], [0, 20], [5, 5]]], float)
    np.testing.assert_allclose(disagreement(first + [3, 4], first), [0.5, 0.25])
    assert disagreement(first[:0], first[:0]).shape == (0,)
    assert np.isfinite(disagreement(np.ones((1, 3, 2)), np.zeros((1, 3, 2)))).all()


def test_scores_by_the_disagreement():
    points = np.random.default_rng(0).uniform(0, 90, (3, 7, 2))
    edges = np.ptp(points, axis=1).max(axis=1)
    shifts = np.array([AGREEMENT, 2 * AGREEMENT, 0]) * edges
    scores = agreement_scores(points, points + np.stack([shifts, 0 * shifts], axis=1)[:, None])
    np.testing.assert_allclose(scores, [FACE, 1 / (1 + 4), 1], atol=1e-6)
