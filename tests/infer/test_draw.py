"""infer/draw.py: drawn where the points are, and nowhere else."""

import cv2
import numpy as np
import pytest

from infer.draw import COLOURS, PAPER, contact_sheet, draw_faces, thumbnail

GROUPS = {"eyes": [0, 1], "nose": [2]}
LINES = {"eyes": [[0, 1]]}
POINTS = np.array([[20.0, 30.0], [80.0, 30.0], [50.0, 70.0]])


@pytest.fixture
def grey():
    return np.full((100, 130, 3), 90, np.uint8)


def changed(before, after):
    """Bounds (x0, y0, x1, y1) of the pixels that differ."""
    y, x = np.nonzero((before != after).any(axis=2))
    return x.min(), y.min(), x.max(), y.max()


def test_points_and_lines_are_where_they_should_be(grey):
    drawn = draw_faces(grey, [POINTS], GROUPS, LINES)
    assert drawn.shape == grey.shape and drawn.dtype == np.uint8 and (grey == 90).all()
    np.testing.assert_allclose(drawn[30, 50], COLOURS["eyes"], atol=16)  # in the middle of the line
    np.testing.assert_allclose(drawn[70, 50], COLOURS["nose"], atol=16)
    assert (drawn[45:60, 60:] == 90).all() and (drawn[:25] == 90).all()


def test_groups_of_other_names_get_colours_and_small_faces_dots_only(grey):
    drawn = draw_faces(grey, [POINTS], {"ears": [0, 1], "tail": [2]}, {"ears": [[0, 1]], "none": [[1, 2]]})
    first, second, *_ = COLOURS.values()
    np.testing.assert_allclose([drawn[30, 50], drawn[70, 50]], [first, second], atol=16)
    small = draw_faces(grey, [POINTS / 2 + 40], GROUPS, LINES)
    assert (small[55, 58:72] == 90).all() and (small[55, 50] != 90).any() and (small[75, 65] != 90).any()


def test_few_points_cover_as_much_as_many_but_for_a_handful():
    places = np.stack([np.tile(np.linspace(60, 1240, 10), 7), np.repeat(np.linspace(50, 950, 7), 10)], axis=1)
    covered = []
    for count in (68, 17, 5, 3):
        points = np.concatenate([places[-2:], places[: count - 2]])  # of the same width
        drawn = draw_faces(np.full((1000, 1300, 3), 90, np.uint8), [points], {"eyes": range(count)}, {})
        covered.append((drawn == COLOURS["eyes"]).all(axis=2).sum() / count)
    many, seventeen, five, three = covered
    assert seventeen / many == pytest.approx(4, rel=0.1) and three / many == pytest.approx(2.5**2, rel=0.1)
    assert five == pytest.approx(three, rel=0.02)


def test_a_handful_of_points_shows_on_a_small_face_too(grey):
    five = np.array([[40.0, 30], [60, 30], [50, 45], [42, 60], [58, 60]])
    drawn = draw_faces(grey, [five], {"all": range(5)}, {})
    np.testing.assert_allclose(drawn[45, 50], next(iter(COLOURS.values())), atol=16)


def test_dots_are_placed_between_pixels(grey):
    drawn = draw_faces(grey, [np.array([[20, 30], [80, 30], [50.5, 70.0]])], GROUPS, {})
    column = np.abs(drawn[66:75].astype(float) - 90).sum(axis=(0, 2))[45:56]
    assert (column * np.arange(45, 56)).sum() / column.sum() == pytest.approx(50.5, abs=0.15)


def test_unknown_and_far_points_are_left_out(grey):
    points = POINTS * 3
    points[0] = np.nan
    drawn = draw_faces(np.full((300, 390, 3), 90, np.uint8), [points], GROUPS, LINES)
    assert (drawn[84:99, 90:210] == 90).all() and (drawn[90, 240] != 90).any()
    for faces in ([np.full((3, 2), np.nan)], [POINTS + 1e12], []):
        np.testing.assert_array_equal(draw_faces(grey, faces, GROUPS, LINES), grey)


def test_thumbnail_scales_picture_and_points(grey):
    small = thumbnail(grey, [POINTS], GROUPS, LINES, size=65)
    assert small.shape == (50, 65, 3)
    x0, y0, x1, y1 = changed(np.full_like(small, 90), small)
    assert abs((x0 + x1) / 2 - (50.5 * 0.5 - 0.5)) < 1 and abs(y0 - (30.5 * 0.5 - 0.5)) < 2.5 and abs(y1 - 34.75) < 2.5
    assert thumbnail(np.zeros((3, 900, 3), np.uint8), [], GROUPS, LINES, size=90).shape == (1, 90, 3)


def test_contact_sheet_is_a_grid():
    images = [np.full((40, 80, 3), 50 + 30 * index, np.uint8) for index in range(5)]
    sheet = contact_sheet(images, ["a.jpg"] * 5, columns=3, size=120)
    assert sheet.shape == (2 * (120 + 16) + 4, 3 * (120 + 4) + 4, 3)
    for index in range(5):
        row, column = divmod(index, 3)
        middle = sheet[4 + row * 136 + 58, 4 + column * 124 + 60]
        np.testing.assert_array_equal(middle, [50 + 30 * index] * 3)
    np.testing.assert_array_equal(sheet[4 + 136 + 58, 4 + 2 * 124 + 60], PAPER)  # the sixth place is empty
    assert contact_sheet(images[:1], ["a"], size=120).shape == (140, 128, 3)
    with pytest.raises(ValueError, match="found 1 pictures and 2 captions"):
        contact_sheet(images[:1], ["a", "b"])


@pytest.mark.parametrize("caption", ["x" * 300, "Müller 顔.jpg", ""])
def test_captions_stay_in_their_place(caption):
    dark = np.full((100, 100, 3), PAPER, np.uint8)
    sheet = contact_sheet([dark, dark], [caption, ""], columns=2, size=120)
    top, left = np.nonzero((sheet != PAPER).any(axis=2))
    assert (len(top) > 0) == bool(caption) and (left < 4 + 120).all() and (top >= 4 + 117).all()


def test_numbers_stand_beside_their_points():
    image = np.full((400, 500, 3), 90, np.uint8)
    points = np.array([[50.0, 60], [420, 60], [200, 350]])
    plain, numbered = draw_faces(image, [points], GROUPS, {}), draw_faces(image, [points], GROUPS, {}, numbers=True)
    letters = (plain != numbered).any(axis=2)
    for x, y in points.astype(int):
        assert letters[y - 20 : y + 4, x : x + 25].any()
        letters[y - 20 : y + 6, x - 2 : x + 25] = False
    assert not letters.any()


def test_small_faces_stay_visible():
    """Their marks are faint, and numbers come only where there is room for some."""
    shape = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 8), np.linspace(-0.5, 0.5, 8)), axis=2).reshape(-1, 2)
    image = np.full((160, 200, 3), 90, np.uint8)
    for edge, most in ((18, 0.4), (30, 0.55), (45, 0.8), (60, 1.0)):
        points = shape * edge + (100.5, 80.5)
        drawn, numbered = (draw_faces(image, [points], {"eyes": range(64)}, {}, numbers=flag) for flag in (False, True))
        np.testing.assert_array_equal(drawn, numbered)
        contrast = (drawn.astype(int) - 90).max() / 165  # of white on this grey
        assert 0.2 < contrast <= most
    assert (draw_faces(image, [shape * 30 - 500], {"eyes": range(64)}, {}) == 90).all()


def test_numbers_cover_no_point_and_no_other_number():
    image, edge = np.full((300, 300, 3), 90, np.uint8), 110
    ring = np.stack([np.cos(np.arange(40) / 40 * 2 * np.pi), np.sin(np.arange(40) / 40 * 2 * np.pi)], axis=1)
    points = np.concatenate([ring * edge / 2, ring[::4] * 8]) + 150
    points[3] = np.nan
    plain, numbered = (draw_faces(image, [points], {"eyes": range(50)}, {}, numbers=flag) for flag in (False, True))
    letters = (plain != numbered).any(axis=2)
    x, y = points[np.isfinite(points).all(axis=1)].round().astype(int).T
    assert not letters[y, x].any()
    count, _, stats, _ = cv2.connectedComponentsWithStats(letters.astype(np.uint8), connectivity=8)
    assert 15 < count < 45 and stats[1:, cv2.CC_STAT_WIDTH].max() < 45  # letters apart, and not all have room


def test_circles_are_as_wide_as_the_errors():
    image, errors = np.full((260, 300, 3), 90, np.uint8), [30.0, 1.5, 12.25]
    points = np.array([[60.0, 80], [220, 90], [150, 190.5]])
    plain, circled = (draw_faces(image, [points], GROUPS, {}, errors=some) for some in ([None], [np.array(errors)]))
    circles = (plain != circled).any(axis=2)
    y, x = np.nonzero(circles)
    away = np.hypot(*(points[:, :, None] - np.stack([x, y])).transpose(1, 0, 2))
    assert (away.min(axis=0) < 31.5).all() and not (away[1] < 20).any()  # hardly wider than the dot: left out
    for index in (0, 2):
        around = np.hypot(*(np.indices((260, 300))[::-1] - points[index][:, None, None]))
        ring = np.abs(around - errors[index]) < 0.5
        disc = (around < errors[index] - 2) & (around > 6)  # beyond the dot
        tint = np.abs(circled.astype(float) - 90).sum(axis=2)
        assert circles[ring].mean() > 0.95 and circles[disc].all()
        assert tint[ring].mean() > 1.8 * tint[disc].mean() and np.ptp(tint[disc]) <= 3  # see-through, and thin
    np.testing.assert_array_equal(draw_faces(image, [points], GROUPS, {}, errors=[np.full(3, np.nan)]), plain)


def test_circles_beyond_the_picture_and_of_small_faces():
    image = np.full((60, 70, 3), 90, np.uint8)
    points = np.array([[30.0, 20], [50, 20], [40, 40]])
    small = draw_faces(image, [points], GROUPS, {}, errors=[np.array([9.0, 0, 0])])
    np.testing.assert_allclose(changed(draw_faces(image, [points], GROUPS, {}), small), (21, 11, 39, 29), atol=1)
    for far in (points + 500, points - 500, points * 1e6):
        np.testing.assert_array_equal(draw_faces(image, [far], GROUPS, {}, errors=[np.full(3, 40.0)]), image)
    wide = draw_faces(image, [points], GROUPS, {}, errors=[np.full(3, 1e9)])  # at most as wide as the face
    assert (wide[:, :8] == 90).all() and (wide[20, 8:12] != 90).any()


def test_a_thumbnail_scales_the_errors():
    image = np.full((200, 300, 3), 90, np.uint8)
    points, errors = np.array([[60.0, 60], [240, 60], [150, 150]]), np.array([40.0, 0, 0])
    half = thumbnail(image, [points], GROUPS, {}, 150, [errors])
    x0, y0, x1, y1 = changed(thumbnail(image, [points], GROUPS, {}, 150), half)
    assert (x0 + x1) / 2 == pytest.approx(29.75, abs=0.6) and (x1 - x0) / 2 == pytest.approx(20, abs=1)


def test_names_stand_above_their_faces(grey):
    image = np.full((300, 400, 3), 90, np.uint8)
    faces = [POINTS + (0, 60), POINTS + (200, 120)]
    plain, named = (draw_faces(image, faces, GROUPS, LINES, names=names) for names in ((), ("1", "27")))
    x0, y0, x1, y1 = changed(plain[:, :150], named[:, :150])
    assert y1 <= 90 and abs(x0 - 20) < 6
    x0, y0, x1, y1 = changed(plain[:, 150:], named[:, 150:])
    assert y1 <= 150 and abs(x0 + 150 - 220) < 6
