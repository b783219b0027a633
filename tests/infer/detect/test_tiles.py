"""infer/detect/tiles.py: where a marked place of the picture stands in each tile, and what is seen in which."""

import numpy as np
import pytest

from infer.detect.tiles import TILE, TURNS, surest_in_tiles, tiles_of
from infer.geometry.candidates import candidates_of
from infer.geometry.rotations import rotation


@pytest.mark.parametrize(("height", "width"), [(TILE, 80), (3 * TILE, 2 * TILE)])
def test_each_tile_shows_the_picture_turned_about_its_middle(height, width):
    image = np.full((height, width, 3), 60, np.uint8)
    scale = TILE / height
    y, x = (int(edge * 0.25) for edge in (height, width))
    half = round(2 / scale)
    image[y - half : y + half + 1, x - half : x + half + 1] = 255
    sheet = tiles_of(image)
    assert sheet.shape == (2 * TILE, 4 * TILE, 3) and sheet.dtype == np.uint8
    away = (np.array([x, y]) - (np.array([width, height]) - 1) / 2) * scale
    for eighths in range(TURNS):
        row, column = divmod(eighths, 4)
        tile = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE, 0]
        seen = np.argwhere(tile > 150).mean(axis=0)[::-1]
        np.testing.assert_allclose(seen, (TILE - 1) / 2 + rotation(eighths * np.pi / 4) @ away, atol=0.6)


def test_dark_pictures_have_bright_tiles():
    """In all turns alike, whatever of a tile is black beside them."""
    image = np.full((TILE, 80, 3), 10, np.uint8)
    image[:, 40:] = 60
    sheet = tiles_of(image)
    for eighths in range(TURNS):
        row, column = divmod(eighths, 4)
        tile = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        assert tile.max() == 230  # 220 brighter than the darkest


def test_the_surest_of_each_tile():
    places = [[3, 4], [TILE - 2, TILE - 1], [TILE + 9, 30], [3.5 * TILE, TILE + 2], [4 * TILE + 5, -9]]
    boxes = [[x - 5, y - 6, x + 5, y + 6] for x, y in places]
    found = candidates_of(boxes, [0.4, 0.6, 0.5, 0.9, 0.7])
    assert surest_in_tiles(found).tolist() == [0.6, 0.5, 0, 0.7, 0, 0, 0, 0.9]
    assert surest_in_tiles(found.chosen([])).tolist() == [0] * 8
