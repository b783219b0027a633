"""Cells: what is encoded decodes to itself, and a cell's centre is where its pixels are."""

import numpy as np
import pytest

from infer.geometry.cells import cell_centres, decoded, encoded
from infer.geometry.levels import FIELDS, Level

LEVEL = Level("cells8", 8, 16.0)


def test_centre_of_a_cell_is_the_mean_of_its_pixels():
    places = cell_centres(LEVEL, 3, 5)
    assert places.shape == (3, 5, 2)
    assert places[2, 4] == pytest.approx([np.arange(32, 40).mean(), np.arange(16, 24).mean()])


def test_encoded_faces_decode_to_themselves():
    rng = np.random.default_rng(2)
    five = np.array([[-10, -8], [10, -8], [0, 2], [-7, 12], [7, 12]], float)[None] + [[[30.0, 20.0]], [[12.0, 9.0]]]
    oriented = np.array([[30, 22, 40, 44, 0.0], [12, 11, 41, 43, 0.0]])
    cells = rng.uniform(0, 0.4, (4, 6, FIELDS)).astype(np.float32)
    rows, columns = [2, 1], [3, 1]
    cells[rows, columns, 1:] = encoded(oriented, five, cell_centres(LEVEL, 4, 6)[rows, columns], LEVEL)
    cells[rows, columns, 0] = [0.5, 0.9]
    found = decoded([cells], [LEVEL], 0.5)
    assert found.scores == pytest.approx([0.9, 0.5])  # row by row
    assert found.oriented == pytest.approx(oriented[::-1], abs=1e-4)
    assert found.five == pytest.approx(five[::-1], abs=1e-4)


def test_no_candidate_and_numbers_beyond_all_lengths():
    cells = np.zeros((2, 3, FIELDS), np.float32)
    assert decoded([cells], [LEVEL], 0.5).oriented.shape == (0, 5)
    cells[1, 2, [0, 3]] = 1, 1e9
    assert np.isfinite(decoded([cells], [LEVEL], 0.5).oriented).all()
