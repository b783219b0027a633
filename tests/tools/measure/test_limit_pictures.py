"""tools/measure/limit_pictures.py: a portrait made harder, with the points found."""

import cv2
import numpy as np
import pytest

from infer.faces.face import face_of
from tests.helpers.drawn import symmetric_face
from tools.evaluation.corruptions import CHANGES
from tools.measure import limit_pictures

POINTS = symmetric_face() * 40 + (110, 100)


class Still:
    """A landmarker that finds one face where it is, whatever the picture, unless that is black."""

    def __init__(self, *_):
        pass

    def detect(self, image):
        return [face_of(POINTS, 0.9)] if image.any() else []

    def fit(self, image, boxes):
        return POINTS[None].astype(np.float32)


def test_from_a_picture_to_the_sheet(tmp_path, monkeypatch, capsys):
    cv2.imwrite(str(tmp_path / "p.png"), np.full((200, 220, 3), 90, np.uint8))
    monkeypatch.setattr(limit_pictures, "Landmarker", Still)
    out = tmp_path / "deep" / "sheet.jpg"
    assert limit_pictures.main([str(tmp_path / "p.png"), "--out", str(out)]) == 0
    rows = -(-(len(CHANGES) + 4) // 5)  # as it is, two rolls and all covered
    height, width, _ = cv2.imread(str(out)).shape
    assert height > rows * limit_pictures.TILE and width > 5 * limit_pictures.TILE
    assert str(out) in capsys.readouterr().out
    cv2.imwrite(str(tmp_path / "p.png"), np.zeros((200, 220, 3), np.uint8))
    with pytest.raises(ValueError, match=r"p\.png: found no face"):
        limit_pictures.portrait(Still(), tmp_path / "p.png")
