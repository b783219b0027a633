import numpy as np

from records.judging import FoundBoxes, judge
from tools.evaluation.scenes import sheets
from tools.evaluation.scenes.sheets import COLUMNS, GREEN, RED, TILE, Tiles, sheet_of, tile_of
from tools.evaluation.scenes.truth import TrueFace, TrueScene


def scene(name, *boxes):
    faces = [TrueFace(np.array(box, float), box[3] - box[1]) for box in boxes]
    return TrueScene(np.full((90, 140, 3), 7, np.uint8), faces, np.zeros((0, 4)), f"set/part/{name}", name)


def add(tiles, one, *pairs):
    found = np.array([box for box, _ in pairs], float).reshape(-1, 4)
    scores = np.array([score for _, score in pairs])
    boxes = FoundBoxes(found, scores, np.full(len(pairs), np.nan))
    tiles.add(one, judge([one.truth()], [boxes]), found, 0.5)


def test_the_largest_missed_and_the_surest_invented_are_kept(monkeypatch):
    monkeypatch.setattr(sheets, "SHOWN", 2)
    tiles = Tiles()
    low, middle, tall, tiny = [0, 0, 30, 20], [40, 0, 70, 35], [80, 0, 120, 80], [0, 50, 8, 58]
    add(tiles, scene("one", low, middle, tall, tiny), (middle, 0.9), (low, 0.4), ([0, 70, 20, 88], 0.45))
    add(tiles, scene("two", middle), ([0, 0, 20, 20], 0.7), ([0, 30, 20, 50], 0.6), ([0, 60, 20, 80], 0.95))
    add(tiles, scene("three", low))
    assert sorted(tile.caption for tile in tiles.missed) == ["35 px two", "80 px one"]
    assert sorted(tile.caption for tile in tiles.invented) == ["0.70 two", "0.95 two"]


def test_a_tile_shows_the_box_with_half_of_it_around():
    image = np.full((100, 120, 3), 50, np.uint8)
    tile = tile_of(image, np.array([40.0, 20, 80, 60]), GREEN)
    assert tile.shape == (TILE, TILE, 3)
    drawn = np.argwhere((tile == GREEN).all(axis=2))
    np.testing.assert_allclose(
        [*drawn.min(axis=0), *drawn.max(axis=0)], [TILE / 4, TILE / 4, TILE * 3 / 4, TILE * 3 / 4], atol=1.5
    )


def test_a_sheet_has_the_first_in_front():
    tiles = [
        sheets.SceneTile(rank, "x", np.full((TILE, TILE, 3), level, np.uint8)) for rank, level in ((1, 90), (2, 200))
    ]
    sheet = sheet_of(tiles)
    assert sheet[TILE // 2, TILE // 2, 0] == 200 and sheet[TILE // 2, TILE // 2 + TILE, 0] == 90
    assert COLUMNS == 8 and RED != GREEN
