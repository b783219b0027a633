"""Targets: which cells look at which face, and what they are to say."""

import numpy as np
import pytest

from infer.geometry.cells import decoded
from net.detector.shape import LEVELS
from net.detector.targets import FACE, IGNORED, NOTHING, RANGES, Scene, targets_of

SIDE = 192
FIVE = np.array([[-0.25, -0.2], [0.25, -0.2], [0, 0.05], [-0.2, 0.3], [0.2, 0.3]])


def scene_of(*faces, ignore=()) -> Scene:
    """A scene of upright faces (x, y, size) and boxes to be ignored."""
    faces = np.array(faces, float).reshape(-1, 3)
    oriented = np.concatenate([faces[:, :2], faces[:, 2:], faces[:, 2:], np.zeros((len(faces), 1))], axis=1)
    five = faces[:, None, :2] + FIVE * faces[:, 2, None, None]
    return Scene(oriented, five, np.array(ignore, float).reshape(-1, 4))


def states(scene: Scene) -> list[np.ndarray]:
    return [target[..., 0] for target in targets_of(scene, SIDE)]


@pytest.mark.parametrize(("size", "levels"), [(12, [0]), (35, [0, 1]), (60, [1]), (80, [1, 2]), (150, [2])])
def test_a_face_is_for_the_levels_of_its_size(size, levels):
    found = states(scene_of((100, 70, size)))
    assert [index for index, state in enumerate(found) if (state == FACE).any()] == levels


@pytest.mark.parametrize("size", [12, 35, 60, 150])
def test_cells_that_see_a_face_decode_to_it(size):
    scene = scene_of((100, 70, size))
    cells = 0
    for level, target in zip(LEVELS, targets_of(scene, SIDE), strict=True):
        found = decoded([target[..., :15]], [level], FACE)
        cells += len(found.scores)
        assert found.oriented == pytest.approx(np.repeat(scene.oriented, len(found.scores), axis=0), abs=1e-3)
        assert found.five == pytest.approx(np.repeat(scene.five, len(found.scores), axis=0), abs=1e-3)
    assert cells


def test_reach_of_a_face_in_cells():
    # on the centre of cell (5, 9) of the finest level; 40 pixels reach 0.22 * 5 + 0.5 = 1.6, at most 1.5
    state = states(scene_of((75.5, 43.5, 40)))[0]
    rows, columns = np.nonzero(state == FACE)
    assert sorted(zip(rows - 5, columns - 9, strict=True)) == [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]


def test_the_smaller_of_two_faces_takes_the_cell_that_both_want():
    target = targets_of(scene_of((75.5, 43.5, 16), (75.5, 43.5, 40)), SIDE)[0]
    assert np.exp(target[5, 9, 3]) * LEVELS[0].unit == pytest.approx(16)
    assert np.exp(target[4, 8, 3]) * LEVELS[0].unit == pytest.approx(40)


def test_just_beyond_a_range_a_face_is_ignored_and_far_beyond_it_is_background():
    most = RANGES[0][1]
    assert IGNORED in states(scene_of((100, 70, most * 1.1)))[0]
    assert (states(scene_of((100, 70, most * 1.3)))[0] == NOTHING).all()
    assert IGNORED in states(scene_of((100, 70, 3)))[0]


def test_ignored_boxes_cover_cells_but_not_those_of_a_face():
    # from pixel 32 to 63: cells 4 to 7 have their centres inside, 3 and 8 within half a stride
    state = states(scene_of((52, 60, 10), ignore=[(32.5, 48.5, 62.5, 78.5)]))[0]
    rows, columns = np.nonzero(state == IGNORED)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 9, 4, 7)
    assert state[7, 6] == FACE
    assert (state != NOTHING).sum() == 16


def test_faces_at_and_beyond_the_border():
    assert (states(scene_of((-60, 20, 30), (300, 20, 30)))[0] == NOTHING).all()
    assert FACE in states(scene_of((190, 2, 30)))[0]


def test_no_face():
    assert all((state == NOTHING).all() for state in states(scene_of()))
