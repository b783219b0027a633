"""tools/measure/limit_pictures.py: a portrait made harder, with the points found."""

import cv2
import numpy as np
import pytest

from infer.faces.face import face_of
from infer.geometry.boxes import box_of
from tests.helpers.drawn import symmetric_face
from tools.measure import limit_pictures
from tools.measure.corruptions import CHANGES, Picture
from tools.measure.limit_pictures import portrait, tile, variants


def plain() -> Picture:
    points = symmetric_face()
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0).max() * 80 + (60, 50)
    return Picture(np.full((200, 220, 3), 90, np.uint8), points, box_of(points))


class Still:
    """A landmarker that finds one face where it is in `plain`, whatever the picture, off by a few pixels."""

    def __init__(self, *_, off=0.0, finds=True):
        self.off, self.finds = off, finds

    def detect(self, image):
        return [face_of(plain().points, 0.9)] if self.finds else []

    def fit(self, image, boxes):
        return (plain().points + (self.off, 0))[None].astype(np.float32)


def test_every_change_and_rolls_that_keep_the_points_in_the_box():
    pictures = dict(variants(plain()))
    assert list(pictures) == ["as it is", *CHANGES, "rolled by 30 degrees", "rolled by 60 degrees", "all covered"]
    for picture in pictures.values():
        assert (picture.box[:2] <= picture.points.min(axis=0) + 1).all()
        assert (picture.box[2:] >= picture.points.max(axis=0) - 1).all()
    eyes = {name: picture.points[45] - picture.points[36] for name, picture in pictures.items()}
    angle = {name: np.degrees(np.arctan2(y, x)) for name, (x, y) in eyes.items()}
    assert angle["as it is"] == pytest.approx(0, abs=1)
    assert angle["rolled by 60 degrees"] == pytest.approx(60, abs=1)


def test_the_caption_says_how_far_the_points_moved():
    picture = plain()
    size = np.sqrt(np.ptp(picture.points, axis=0).prod())
    image, caption = tile(Still(off=0.05 * size), "reduced: longer edge 32 pixels", picture)
    assert caption == "edge 32 pixels, 5.0 %"
    assert max(image.shape) == limit_pictures.TILE and image.std() > 0  # drawn on


def test_from_a_picture_to_the_sheet(tmp_path, monkeypatch, capsys):
    cv2.imwrite(str(tmp_path / "p.png"), plain().image)
    monkeypatch.setattr(limit_pictures, "Landmarker", Still)
    out = tmp_path / "deep" / "sheet.jpg"
    assert limit_pictures.main([str(tmp_path / "p.png"), "--out", str(out)]) == 0
    sheet = cv2.imread(str(out))
    rows = -(-len(variants(plain())) // 5)
    assert sheet.shape[0] > rows * limit_pictures.TILE and sheet.shape[1] > 5 * limit_pictures.TILE
    assert str(out) in capsys.readouterr().out


def test_a_picture_without_a_face_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "p.png"), plain().image)
    with pytest.raises(ValueError, match=r"p\.png: found no face"):
        portrait(Still(finds=False), tmp_path / "p.png")
