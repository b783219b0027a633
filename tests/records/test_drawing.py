import numpy as np
import pytest

from records.drawing import PREDICTED_COLOUR, TRUE_COLOUR, corners_of, draw_answer, draw_errors, draw_points, sheet


@pytest.mark.parametrize("planes", [1, 3])
def test_an_answer_shows_true_and_predicted_points_enlarged(planes):
    image = np.full((40, 40, planes), 90, np.uint8)
    label, predicted = (np.full(136, np.nan, np.float32) for _ in range(2))
    label[2:4], predicted[4:6] = (0.25, 0.5), (0.75, 0.5)
    drawn = draw_answer(image, label, predicted, 3)
    assert drawn.shape == (120, 120, 3)
    for colour, x in ((TRUE_COLOUR, 0.25), (PREDICTED_COLOUR, 0.75)):
        rows, columns = np.nonzero((drawn == colour).all(axis=2))
        assert len(rows) > 3
        assert abs(columns.mean() - (120 * x - 0.5)) < 0.6 and abs(rows.mean() - 59.5) < 0.6
    assert np.count_nonzero((drawn != 90).any(axis=2)) < 100 and (image == 90).all()


def test_errors_are_lines_between_known_points():
    image = np.zeros((30, 50, 3), np.uint8)
    true = np.array([[5, 8], [np.nan, np.nan], [5, 20]])
    draw_errors(image, true, np.array([[40, 8], [9, 9], [np.nan, 20]]))
    rows, columns = np.nonzero(image.min(axis=2) > 100)
    assert set(rows) == {8} and (columns.min(), columns.max()) == (5, 40)
    draw_points(image, np.array([[1e30, -1e30], [25.0, 20.0]]), (9, 8, 7))  # far outside is no fault
    assert tuple(image[20, 25]) == (9, 8, 7) and not image[0].any()


def test_a_sheet_fills_its_last_row_with_black():
    tiles = [np.full((4, 6, 3), value, np.uint8) for value in (10, 20, 30)]
    found = sheet(tiles, 2)
    assert found.shape == (8, 12, 3)
    assert [found[y, x, 0] for y in (0, 4) for x in (0, 6)] == [10, 20, 30, 0]


def test_corners_begin_at_the_brow():
    corners = corners_of(np.array([10, 20, 6, 8, np.pi / 2]))  # a quarter clockwise: the brow is on the right
    np.testing.assert_allclose(corners, [[14, 17], [14, 23], [6, 23], [6, 17]], atol=1e-9)
    np.testing.assert_allclose(corners_of(np.array([10, 20, 6, 8, np.nan]))[0], (7, 16))
