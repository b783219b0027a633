"""Scenes: faces stay on their pixels whatever is done to a picture, and what is cut off does not count."""

import cv2
import numpy as np
import pytest

from infer.geometry.oriented import roll_of
from net.detector.mosaic import (
    AnnotatedPicture,
    Placings,
    drawn,
    inside,
    make_scene,
    moved,
    placed,
    random_placings,
    random_turns,
    standing,
    tiles_of,
)
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene

EMPTY = np.zeros((0, 4))
FIVE = np.array([[40, 30], [70, 32], [54, 46], [44, 62], [66, 63]], float)


def picture_of(height: int = 100, width: int = 120) -> AnnotatedPicture:
    """A black picture with one face whose five points are bright spots of their own colours."""
    image = np.zeros((height, width, 3), np.uint8)
    for index, (x, y) in enumerate(FIVE.astype(int)):
        cv2.circle(image, (int(x), int(y)), 3, COLOURS[index], -1)
    oriented = np.array([[55, 46, 40, 44, roll_of(FIVE)]])
    return AnnotatedPicture.of(image, Scene(oriented, FIVE[None], np.array([[5.0, 5, 20, 25]])))


COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))
PARTNERS = (1, 0, 2, 4, 3)


ONE = np.zeros(1, int)  # the number of the only picture


def placing_of(scale: float, angle: float, mirrored: bool, offset: tuple[float, float]) -> Placings:
    return Placings(np.array([scale]), np.array([angle]), np.array([mirrored]), np.array([offset]))


def shown_in(scene: Scene, tile: tuple[int, int, int, int]) -> Scene:
    """What one tile shows of all faces and boxes."""
    return inside(scene, np.array([tile] * len(scene.oriented)), np.array([tile] * len(scene.ignore)).reshape(-1, 4))


@pytest.mark.parametrize("seed", range(6))
def test_points_stay_on_their_pixels(seed):
    tiles, pictures, rng = np.array([[0, 0, 200, 200]]), [picture_of()], np.random.default_rng(seed)
    placings = random_placings(tiles, pictures, SceneRanges(shrink=1.0, zoom=1.0, enlarge=3.0), rng)
    image, scene = drawn(200, tiles, pictures, placings, rng), placed(tiles, pictures, placings)
    x, y = scene.five[0].round().astype(int).T
    found = image[y, x].astype(int)
    mirrored = np.abs(found[0] - COLOURS[0]).max() > 100
    assert found == pytest.approx(np.array(COLOURS)[list(PARTNERS) if mirrored else range(5)], abs=60)
    assert np.cos(scene.oriented[0, 4] - roll_of(scene.five[0])) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("mirrored", [False, True])
def test_moved_boxes_and_points(mirrored):
    scene = moved(picture_of().scene, placing_of(2.0, np.pi / 2, mirrored, (300.0, 10.0)), ONE, ONE)
    x, y = (-55 if mirrored else 55), 46
    assert scene.oriented[0, :4] == pytest.approx([300 - 2 * y, 10 + 2 * x, 80, 88])
    lean = roll_of(FIVE) * (-1 if mirrored else 1)
    assert scene.oriented[0, 4] == pytest.approx(lean + np.pi / 2)
    first = FIVE[1 if mirrored else 0] * (-1 if mirrored else 1, 1)
    assert scene.five[0, 0] == pytest.approx([300 - 2 * first[1], 10 + 2 * first[0]])
    left, right = sorted((-40, -10) if mirrored else (10, 40))
    assert scene.ignore[0] == pytest.approx([250, 10 + left, 290, 10 + right])


def test_unknown_rolls_are_upright_and_unknown_points_stay_unknown():
    scene = Scene(np.array([[10, 20, 8, 9, np.nan]]), np.full((1, 5, 2), np.nan), EMPTY)
    found = moved(scene, placing_of(1.0, -1.0, True, (0.0, 0.0)), ONE, ONE[:0])
    assert found.oriented[0, 4] == pytest.approx(-1.0)
    assert np.isnan(found.five).all()


def test_what_a_tile_shows():
    # of size 20 around x = 2, 5, 30 and 60 in a tile of 50: 62 % shown, 75 %, all, nothing; and 12 % of one at -7.5
    middles = np.array([2, 5, 30, 60, -7.5])
    oriented = np.stack([middles, np.full(5, 25.0), np.full(5, 20.0), np.full(5, 20.0), np.zeros(5)], axis=1)
    ignore = np.array([[40.0, 40, 70, 45], [60, 0, 70, 5]])
    shown = shown_in(Scene(oriented, np.zeros((5, 5, 2)), ignore), (0, 0, 50, 50))
    assert shown.oriented[:, 0] == pytest.approx([2, 5, 30])
    assert shown.ignore == pytest.approx(np.array([[40, 40, 49.5, 45]]))


def test_cut_faces_are_ignored():
    scene = Scene(np.array([[-2.0, 25, 20, 20, 0]]), np.zeros((1, 5, 2)), EMPTY)
    shown = shown_in(scene, (0, 0, 50, 50))
    assert len(shown.oriented) == 0
    assert shown.ignore == pytest.approx(np.array([[-0.5, 15, 8, 35]]))


@pytest.mark.parametrize("seed", range(4))
def test_tiles_cover_the_scene_once(seed):
    covered = np.zeros((96, 96), int)
    for x0, y0, x1, y1 in tiles_of(96, SceneRanges(whole=0.0, grid=5), np.random.default_rng(seed)):
        covered[y0:y1, x0:x1] += 1
    assert (covered == 1).all()


def test_no_picture_is_zoomed_until_its_face_is_larger_than_its_tile():
    tiles, pictures = np.array([[0, 0, 200, 180]] * 300), [picture_of()] * 300  # whose face is 44 pixels high
    ranges = SceneRanges(shrink=0.5, zoom=9.0, enlarge=9.0)
    scales = random_placings(tiles, pictures, ranges, np.random.default_rng(0)).scale
    fill = 200 / 120
    assert fill * 0.5 <= scales.min() < fill * 0.55
    assert 0.95 * 180 / 44 < scales.max() <= 180 / 44
    middle = np.exp(np.log([fill * 0.5, 180 / 44]).mean())
    assert np.mean(scales < middle) == pytest.approx(0.5, abs=0.08)  # evenly in their logarithms


def test_pictures_without_faces_are_zoomed_as_far_as_asked_for():
    image = np.zeros((100, 120, 3), np.uint8)
    blank = AnnotatedPicture.of(image, Scene(np.zeros((0, 5)), np.zeros((0, 5, 2)), EMPTY))
    ranges = SceneRanges(shrink=0.5, zoom=2.0, enlarge=9.0)
    scales = random_placings(np.array([[0, 0, 240, 180]] * 300), [blank] * 300, ranges, np.random.default_rng(0)).scale
    assert 3.8 < scales.max() <= 4.0


def test_turns_are_as_asked_for():
    rng = np.random.default_rng(1)
    turns = np.degrees(random_turns(4000, SceneRanges(lean=2, wide=0.3, widest=50, quarters=0), rng))
    assert 49 < np.abs(turns).max() <= 50
    assert np.mean(np.abs(turns) > 10) == pytest.approx(0.3 * 40 / 50, abs=0.03)
    assert turns[np.abs(turns) < 5].std() == pytest.approx(2, abs=0.3)
    assert not random_turns(5, SceneRanges(lean=0, wide=0, quarters=0), rng).any()


def test_quarter_turns_are_as_asked_for():
    turns = np.degrees(random_turns(6000, SceneRanges(lean=0, wide=0, quarters=0.3), np.random.default_rng(2)))
    found, counts = np.unique(turns.round(6), return_counts=True)
    assert found == pytest.approx([0, 90, 180, 270])
    assert counts / 6000 == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=0.02)


def test_heads_that_lie_are_background_and_those_between_are_ignored():
    rolls = np.radians([0, 64, -64, 70, -79, 81, 180, -100])
    oriented = np.column_stack([np.arange(8) * 50.0 + 30, np.full(8, 40.0), np.full(8, 16.0), np.full(8, 25.0), rolls])
    found = standing(Scene(oriented, np.arange(80.0).reshape(8, 5, 2), np.array([[1.0, 2, 3, 4]])))
    assert found.oriented == pytest.approx(oriented[:3])
    assert found.five == pytest.approx(np.arange(30.0).reshape(3, 5, 2))
    assert found.ignore == pytest.approx(np.array([[1, 2, 3, 4], [170, 30, 190, 50], [220, 30, 240, 50]]))


def test_scenes_of_several_pictures_hold_the_faces_of_all_tiles():
    ranges = SceneRanges(grid=2, whole=0.0, shrink=1.0, zoom=1.0, lean=0, wide=0, quarters=0, occlude=0, masks=0)
    image, scene = make_scene([picture_of()], 240, ranges, np.random.default_rng(3))
    assert image.shape == (240, 240, 3)
    assert len(scene.oriented) == 4 and len(scene.ignore) == 4
    assert len({(x > 120, y > 120) for x, y in scene.oriented[:, :2]}) == 4
