"""infer/video/tracks.py: where a face should be, and which of those lost a found one is."""

from dataclasses import replace

import numpy as np
import pytest

from infer.faces.face import face_of
from infer.video.looks import BINS, SIZE, FaceLook
from infer.video.tracks import FARTHEST, HIDDEN, REACH, SPREAD, Memory, Sighting, Track, fit_of, is_apart, pairs

SHAPE = np.array([[-20.0, -24], [20, -24], [0, 0], [0, 24]], np.float32)  # a box of 40 by 48


def look_like(seed: int) -> FaceLook:
    """Somebody's look: detail and colours that nobody else has."""
    detail = np.random.default_rng(seed).standard_normal(SIZE * SIZE).astype(np.float32)
    colours = np.zeros(3 * BINS)
    colours[seed] = 1
    return FaceLook(detail / np.linalg.norm(detail), colours)


ANNE, BERT = look_like(1), look_like(2)


def memory(look=ANNE, x=100.0, velocity=(60.0, -30.0), time=2.0) -> Memory:
    return Memory(look, np.array([x - 20, 76, x + 20, 124]), np.array(velocity), time)


def track(number: int, remembered: Memory) -> Track:
    points = SHAPE + (100, 100)
    return Track(number, points.astype(np.float32), 0.9, remembered.look, None, remembered, remembered.time)


def found(look, x, y, whole=True) -> Sighting:
    return Sighting(face_of((SHAPE + (x, y)).astype(np.float32), 0.8), look, whole)


def test_it_goes_on_as_it_went_for_a_while():
    np.testing.assert_allclose(memory().box_at(2.5), [110, 61, 150, 109])
    np.testing.assert_allclose(memory().box_at(2 + 9 * FARTHEST), memory().box_at(2 + FARTHEST))
    one = track(1, memory())
    np.testing.assert_allclose(one.expected(2.1), SHAPE + (106, 97), atol=1e-4)
    np.testing.assert_array_equal(one.expected(2.01), SHAPE + (100, 100))  # 0.7 pixels may be a tremble


def test_what_is_remembered_of_a_face_alone_and_of_one_near_others():
    one = track(1, memory(velocity=(0, 0)))
    one.points, one.look = one.points + np.float32(10), BERT
    for _ in range(40):
        one.remember(2.1, SHAPE + (100, 100), 2.0, alone=True)
    np.testing.assert_allclose(one.memory.velocity, [100, 100], rtol=1e-4)
    assert one.memory.look is BERT and one.memory.time == 2.1
    np.testing.assert_allclose(one.memory.box, one.box)
    one.memory = replace(one.memory, look=ANNE)
    one.remember(2.2, SHAPE + (110, 110), 2.1, alone=False)  # it stands still
    np.testing.assert_allclose(one.memory.velocity, [95, 95], rtol=1e-4)
    assert one.memory.look is ANNE


def test_fits_by_hand():
    there = memory().box_at(2.5)
    middle = (there[:2] + there[2:]) / 2

    def fit(look, off, whole=True):
        return fit_of(memory(), there + np.tile([off, 0], 2), look, 2.5, whole)

    alike = ANNE.likeness(ANNE)
    assert alike == pytest.approx(1 + 5 * (1 - 0.94)) and BERT.likeness(ANNE) < -4
    assert fit(ANNE, 0) == pytest.approx(alike) and fit(ANNE, 24) == pytest.approx(alike - 24 / 48)
    farthest = (REACH + SPREAD * 0.5) * 48
    assert fit(ANNE, farthest - 1) > -np.inf == fit(ANNE, farthest + 1)
    assert fit(BERT, 0) == -np.inf
    assert fit(BERT, 0, whole=False) > -np.inf == fit(BERT, HIDDEN * 48 + 1, whole=False)
    assert middle.tolist() == [130, 85]


def test_the_best_pair_comes_first_and_each_track_once():
    tracks = [track(1, memory(ANNE, 100, (0, 0))), track(2, memory(BERT, 130, (0, 0)))]
    chosen = pairs([found(BERT, 104, 100), found(ANNE, 126, 100), found(ANNE, 99, 100)], tracks, 2.1)
    assert {index: one.id for index, one in chosen.items()} == {0: 2, 2: 1}  # by looks, against their places
    assert pairs([], tracks, 2.1) == pairs([found(ANNE, 99, 100)], [], 2.1) == {}


def test_a_face_taken_up_again_keeps_its_way_while_it_is_half_hidden():
    one = track(3, memory())
    one.strikes, one.restless = 1, True
    one.take(found(BERT, 120, 90, whole=False), None, 2.4)
    assert one.memory.velocity.tolist() == [60, -30] and one.memory.look is ANNE
    assert (one.strikes, one.restless, one.score, one.seen) == (0, False, 0.8, 2.4)
    one.take(found(BERT, 120, 90), None, 2.5)
    assert one.memory.velocity.tolist() == [0, 0] and one.memory.look is BERT
    np.testing.assert_allclose(one.memory.box, [100, 66, 140, 114])


def test_apart_is_with_the_surroundings():
    box = np.array([100.0, 100, 140, 150])  # 0.4 of 50 pixels are 20
    assert is_apart(box, []) and is_apart(box, [np.array([161.0, 100, 200, 150])])
    assert not is_apart(box, [np.array([300.0, 0, 310, 9]), np.array([159.0, 100, 200, 150])])
