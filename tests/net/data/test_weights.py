"""net/data/weights.py: half at the doubt that is named, whole where nobody doubts or no pattern fits."""

import numpy as np

from net.data.weights import weigher


def test_a_face_counts_half_at_the_doubt_named_for_its_subset():
    weights = weigher({"a/*": 0.02, "a/y": 0.01}, ["b/x", "a/x", "a/y"])
    doubts = np.array([0.02, 0.02, 0.02, np.nan, 0.04, 0.0], np.float32)
    found = weights(doubts, np.array([b"a/x", b"a/y", b"b/x", b"a/x", b"a/x", b"a/y"]))
    np.testing.assert_allclose(found, [1 / 2, 1 / 5, 1, 1, 1 / 5, 1], rtol=1e-5)
