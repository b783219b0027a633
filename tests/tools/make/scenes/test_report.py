"""What a person sees of a set of scenes: the sheet shows boxes where faces are, the report counts them right."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from records.scene import SceneRecord
from tests.helpers import scenes as made
from tools import make_scenes
from tools.make.scenes import preview
from tools.make.scenes.preview import EDGE, IGNORE_COLOUR, tile_of
from tools.make.scenes.report import height_classes


def scene_of(width: int, height: int, oriented, ignore) -> SceneRecord:
    image = cv2.imencode(".png", np.zeros((height, width, 3), np.uint8))[1].tobytes()
    count = len(oriented)
    faces = np.reshape(oriented, (-1, 5)), np.zeros((count, 4)), np.full((count, 5, 2), np.nan), ("me",) * count
    return SceneRecord(image, width, height, *faces, np.reshape(ignore, (-1, 4)), "a", "b", "c")


def test_a_tile_shows_boxes_as_heads_stand_and_what_is_ignored():
    tile = tile_of(scene_of(160, 80, [[60, 40, 30, 20, np.pi / 2]], [[100, 10, 140, 50]]))
    assert tile.shape == (EDGE, EDGE, 3) and np.ptp(tile[EDGE // 2 + 2 :]) == 0
    framed = np.argwhere((tile[: EDGE // 2, :, 2] > 100) & (tile[: EDGE // 2, :, 0] < 50))  # antialiased
    assert np.abs(framed.min(axis=0) - (50, 100)).max() <= 1 and np.abs(framed.max(axis=0) - (110, 140)).max() <= 1
    left_out = np.argwhere((tile == IGNORE_COLOUR).all(axis=2))
    assert left_out.min(axis=0).tolist() == [20, 200] and left_out.max(axis=0).tolist() == [100, 280]


def test_heights_fall_into_their_classes():
    heights = np.array([3, 11.99, 12, 23.9, 24, 47.9, 48, 500])
    assert list(height_classes(heights).values()) == [2, 2, 2, 2]


@pytest.fixture(scope="module")
def scene_set(tmp_path_factory) -> Path:
    """Scenes of nine pictures, and of one with three faces and two boxes to ignore, in a set of their own."""
    folder = tmp_path_factory.mktemp("scenes")
    three = [made.face(), made.face(made.OTHER, None, "box"), made.face([10, 90, 40, 110], None, "box")]
    path = made.write_labels(folder / "mixed", made.line("a.png", *three, ignore=[made.IGNORE] * 2))
    many = made.write_many(folder / "many", 9)
    argv = [str(path), str(many), "--out", str(folder / "set"), "--test-fraction", "0", "--workers", "1"]
    assert make_scenes.main(argv) == 0
    return folder / "set"


def test_the_report_counts_by_subset(scene_set):
    rows = [row for row in (scene_set / "report" / "report.md").read_text().splitlines() if "| labels.jsonl" in row]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert ["labels.jsonl/all", "0", "1", "1", "1", "2", "2", "box 2, me 1"] in cells
    assert ["labels.jsonl#2/all", "0", "9", "0", "0", "0", "0", "me 9"] in cells
    assert ["labels.jsonl#2/all", "9", "0"] in cells
    plots = Counter(path.suffix for path in (scene_set / "report").iterdir())
    assert plots == {".md": 1, ".png": 3}


def test_sheets_hold_so_many_scenes(scene_set, tmp_path, monkeypatch):
    monkeypatch.setattr(preview, "SCENES", 7)
    monkeypatch.setattr(preview, "COLUMNS", 4)
    for number, rows in ((0, 2), (1, 1)):
        preview.preview(scene_set, tmp_path / f"{number}.png", number)
        assert cv2.imread(str(tmp_path / f"{number}.png")).shape == (rows * EDGE, 4 * EDGE, 3)
    preview.preview(scene_set, tmp_path / "2.png", 2)
    assert not (tmp_path / "2.png").exists()
