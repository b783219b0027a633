"""infer/video/tracker.py: ids that stay, faces that come and go; against a landmarker that knows the truth."""

import numpy as np
import pytest

from infer.detect.own import FIRST
from infer.faces.located import Located
from infer.geometry.boxes import box_of
from infer.geometry.candidates import candidates_of
from infer.video.smoothing import FaceSmoother
from infer.video.tracker import Tracker, TrackerSettings
from tests.helpers.film import RATE, SHAPE, Truth, between, film, still

RAW = TrackerSettings(smooth=None)


def test_a_face_keeps_its_id_wherever_it_goes():
    truth = Truth(lambda index: np.array([50 + 3.0 * index, 100]), still(350, 60))
    answers = film(Tracker(truth, RAW), 60)
    for index, faces in enumerate(answers):
        assert [face.id for face in faces] == [1, 2]
        np.testing.assert_allclose(faces[0].points, SHAPE + (50 + 3 * index, 100), atol=1e-3)
        np.testing.assert_allclose(faces[0].box, box_of(faces[0].points))
    assert truth.detected == [0]  # after the first frame nothing waits for a detector


def test_a_fast_face_gets_second_passes_until_its_way_is_known():
    slow = Truth(lambda index: np.array([50 + 1.0 * index, 100]))
    film(Tracker(slow, RAW), 8)
    fast = Truth(lambda index: np.array([50 + 6.0 * index, 100]))
    answers = film(Tracker(fast, RAW), 8)
    assert len(slow.refined) == 7 and len(fast.refined) == 10  # sought 6, 4.2, 2.9 and 2.1 pixels off
    np.testing.assert_allclose(answers[7][0].points, SHAPE + (92, 100), atol=1e-3)


def test_a_new_face_comes_in_by_a_glance():
    truth = Truth(still(80, 100), between(10, 999, still(300, 100)))
    answers = film(Tracker(truth, TrackerSettings(smooth=None, look=0.2)), 30)
    counts = [len(faces) for faces in answers]
    assert counts[:10] == [1] * 10 and counts[10 + 6 :] == [2] * 14
    assert [face.id for face in answers[-1]] == [1, 2]
    assert truth.detected == [0] and set(np.diff([index for index, _ in truth.glanced])) <= {6, 7}


def test_a_glance_shows_the_lowest_face_and_is_rarer_where_it_costs_more():
    """The faces are 40 pixels high."""
    sides = []
    for width in (400, 800):
        truth = Truth(still(80, 100))
        film(Tracker(truth, TrackerSettings(smooth=None, look=0.1)), 40, paint=lambda _, w=width: blank(w))
        sides.append({side for _, side in truth.glanced})
        step = 4 if width == 400 else 5  # frames; 0.1 and 0.1 * (400 / 320) ** 2 seconds
        assert set(np.diff([index for index, _ in truth.glanced])) <= {step - 1, step}
    assert sides == [{320}, {400}]


def blank(width: int) -> np.ndarray:
    return np.zeros((200, width, 3), np.uint8)


def test_a_lost_face_ends_soon_and_is_known_again_for_a_while():
    gone = between(0, 20, still(80, 100))
    back = between(40, 80, still(82, 103))
    late = between(180, 999, still(82, 103))
    truth = Truth(lambda index: gone(index) if index < 20 else back(index) if index < 80 else late(index))
    answers = film(Tracker(truth, TrackerSettings(smooth=None, strikes=2, idle=0.1, remember=2.0)), 200)
    counts = [len(faces) for faces in answers]
    assert counts[19] == 1 and 0 in counts[20 : 20 + 8 + 2]
    assert counts[40] == 1  # the frame in which it is back
    assert [face.id for face in answers[60]] == [1]  # after 0.7 s
    assert [face.id for face in answers[-1]] == [2]  # after more than 2 s


def test_a_face_that_leaps_is_found_in_the_next_frame_with_its_id():
    """Nobody is where it was, so that the network's points would not come to rest there."""
    truth = Truth(lambda index: np.array([80, 100]) if index < 5 else np.array([105, 125]))
    refine = truth.refine

    def astray(frame, points):
        lost = [truth.nearest(frame, some) is None for some in points]
        return Located(refine(frame, points).points - 9 * np.array(lost, np.float32)[:, None, None])

    truth.refine = astray
    there = np.roll(painted(3), (25, 25), (0, 1))
    answers = film(Tracker(truth, RAW), 9, paint=lambda index: painted(3) if index < 5 else there)
    assert [[face.id for face in faces] for faces in answers[5:]] == [[1]] * 4
    np.testing.assert_allclose(answers[5][0].points, SHAPE + (105, 125))


def test_one_glance_without_it_is_no_end():
    truth = Truth(still(80, 100))
    glance, asked = truth.glance, []

    def blink(frame, side):
        asked.append(int(frame[0, 0, 0]))
        seen = glance(frame, side)
        return candidates_of(seen.boxes + (200 if len(asked) == 2 else 0), [0.7])

    truth.glance = blink
    answers = film(Tracker(truth, TrackerSettings(smooth=None, look=0.2)), 30)
    assert [len(faces) for faces in answers] == [1] * 30 and answers[-1][0].score == 0.7
    assert len(asked) >= 4 and asked[2] == asked[1] + 1


def in_colours(*faces) -> np.ndarray:
    """Grey, with a patch of each face's (x, y, seed) colours and pattern; the last one lies in front."""
    image = np.full((200, 400, 3), 90, np.uint8)
    for x, y, seed in faces:
        patch = np.random.default_rng(seed).uniform(0, 255, (8, 8, 3)) * np.random.default_rng(seed).uniform(0.3, 1, 3)
        x, y = round(x), round(y)
        image[y - 40 : y + 40, x - 40 : x + 40] = np.kron(patch, np.ones((10, 10, 1))).astype(np.uint8)
    return image


@pytest.mark.parametrize("in_front", [0, 1])
def test_two_that_cross_keep_their_ids(in_front):
    """Each goes through the other's place; the one behind is not seen while they are less than 30 pixels apart."""
    ways = [lambda index: np.array([60 + 5.0 * index, 100]), lambda index: np.array([340 - 4.0 * index, 104])]

    def seen(which):
        def way(index):
            apart = abs(ways[0](index)[0] - ways[1](index)[0])
            return ways[which](index) if which == in_front or apart >= 30 else None

        return way

    def paint(index):
        places = [(*way(index), seed) for way, seed in zip(ways, (5, 6), strict=True)]
        return in_colours(places[1 - in_front], places[in_front])

    answers = film(Tracker(Truth(seen(0), seen(1)), RAW), 56, paint=paint)
    for index in (10, 44, 55):
        assert [face.id for face in answers[index]] == [1, 2]
        for face, way in zip(answers[index], ways, strict=True):
            np.testing.assert_allclose(face.points, SHAPE + way(index), atol=1e-3)


def test_two_that_come_to_the_same_face_become_one():
    truth = Truth(lambda index: np.array([100 + 2.0 * index, 100]), between(0, 15, still(200.0, 100)))
    answers = film(Tracker(truth, RAW), 60)
    assert [face.id for face in answers[0]] == [1, 2]
    assert [face.id for face in answers[-1]] == [1]


def test_without_faces_it_looks_now_and_then():
    truth = Truth(between(31, 99, still(80, 100)))
    answers = film(Tracker(truth, TrackerSettings(smooth=None, idle=0.1)), 40)
    assert len(truth.detected) >= 8 and set(np.diff(truth.detected[:8])) <= {3, 4}  # a tenth of a second at 30 a second
    assert [len(faces) for faces in answers] == [0] * 31 + [1] * 9  # by a glance in between


def test_points_are_smoothed_as_the_filter_does():
    noise = np.random.default_rng(0).normal(0, 1, (40, 2))
    truth = Truth(lambda index: np.array([80, 100]) + noise[index])
    answers, smooth = film(Tracker(truth), 40), FaceSmoother()
    for index, faces in enumerate(answers):
        wanted = smooth((SHAPE + np.array([80, 100]) + noise[index]).astype(np.float32), index / RATE)
        np.testing.assert_allclose(faces[0].points, wanted, atol=1e-4)


def test_errors_are_those_of_the_frame_and_weigh_the_points():
    """Of a face that goes on, of one that leaps, found by a second pass, and of one found anew."""
    noise = np.random.default_rng(0).normal(0, 1, (40, 5, 2))

    def way(index):
        return np.array([80, 100]) + noise[index] + (12 if index >= 20 else 0)

    def errors(index):
        return np.arange(5) + index / 4

    raw = film(
        Tracker(Truth(way, between(25, 99, still(300, 100)), errors=errors), TrackerSettings(smooth=None, look=0.1)), 40
    )
    for index, faces in enumerate(raw):
        for face in faces:
            np.testing.assert_allclose(face.errors, errors(index))
    assert [len(raw[index]) for index in (0, 20, 39)] == [1, 1, 2] and raw[-1][0].sure < raw[0][0].sure
    truth, smooth = Truth(way, errors=errors), FaceSmoother()
    shown = film(Tracker(truth), 40)
    assert max(truth.refined) == 1 and len(truth.refined) > 39
    alike = film(Tracker(Truth(way)), 40)
    for index, ((face,), (other,)) in enumerate(zip(shown, alike, strict=True)):
        wanted = smooth((SHAPE + way(index)).astype(np.float32), index / RATE, errors(index))
        np.testing.assert_allclose(face.points, wanted, atol=1e-4)
        assert face.box.tolist() == box_of(face.points).astype(np.float32).tolist() and other.errors is None
    assert np.abs(shown[-1][0].points - alike[-1][0].points).max() > 0.1


def painted(seed: int, gain: float = 1.0) -> np.ndarray:
    """Somebody's picture: blots in colours of their own."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 90, (25, 50, 3)) + rng.uniform(0, 160, 3)
    return np.clip(np.kron(small, np.ones((8, 8, 1))) * gain, 0, 255).astype(np.uint8)


def test_a_cut_to_another_face_gives_a_new_id_at_once_and_starts_unsmoothed():
    truth = Truth(lambda index: np.array([120, 100]) if index < 10 or index >= 20 else np.array([126, 104]))
    shots = [painted(1), painted(2)]
    answers = film(Tracker(truth), 30, paint=lambda index: shots[10 <= index < 20])
    assert [[face.id for face in faces] for faces in answers] == [[1]] * 10 + [[2]] * 10 + [[1]] * 10
    np.testing.assert_array_equal(answers[10][0].points, (SHAPE + (126, 104)).astype(np.float32))
    assert truth.detected == [0, 10, 20]


def test_a_change_of_light_is_no_cut():
    truth = Truth(lambda index: np.array([100 + 4.0 * index, 100]))
    answers = film(
        Tracker(truth, RAW), 16, paint=lambda index: np.roll(painted(1, 1.6 if index == 8 else 1), 4 * index, 1)
    )
    assert [[face.id for face in faces] for faces in answers] == [[1]] * 16 and truth.detected == [0]


def test_a_cut_to_nobody_ends_the_face_and_a_bystander_stays():
    truth = Truth(between(0, 10, still(80, 100)), still(300, 100))

    def paint(index):
        return np.hstack([painted(1 if index < 10 else 2)[:, :200], painted(1)[:, 200:]])

    answers = film(Tracker(truth, RAW), 20, paint=paint)
    assert [[face.id for face in faces] for faces in answers] == [[1, 2]] * 10 + [[2]] * 10


@pytest.mark.parametrize(("away", "width"), [(1, 400), (2, 400), (5, 400), (5, 1400)])
def test_a_lost_face_is_glanced_for_in_the_very_next_frames_where_that_costs_little(away, width):
    """The faces are 40 pixels high, so that a glance at 1400 pixels has a longest side of 700."""
    back = between(10 + away, 999, still(80, 100))
    truth = Truth(lambda index: np.array([80, 100]) if index < 10 else back(index), still(300, 100))

    def paint(index):
        seed = 2 if 10 <= index < 10 + away else 1
        return np.hstack([painted(seed)[:, :200], painted(1)[:, 200:], np.zeros((200, width - 400, 3), np.uint8)])

    settings = TrackerSettings(smooth=None, look=0.5, search=5.5 / RATE)
    answers = film(Tracker(truth, settings), 24, paint=paint)
    assert [[face.id for face in faces] for faces in answers[:11]] == [[1, 2]] * 10 + [[2]]
    assert truth.detected == [0, 10]  # a whole search where the cut is, and glances after it
    glanced = [index for index, side in truth.glanced if index >= 10]
    if width > 400:  # a glance costs too much to be had in every frame
        assert not {11, 12, 13, 14, 15} & set(glanced)
        return
    assert glanced[:away] == list(range(11, 11 + away)) and {side for _, side in truth.glanced} == {FIRST}
    assert [[face.id for face in faces] for faces in answers[10 + away :]] == [[1, 2]] * (14 - away)


def test_wrong_frames_and_times():
    tracker = Tracker(Truth(still(80, 100)))
    frame = np.zeros((200, 400, 3), np.uint8)
    tracker(frame, 1.0)
    with pytest.raises(ValueError, match="track: found a frame of 1.0 s, expected one later than 1.0 s"):
        tracker(frame, 1.0)
    with pytest.raises(ValueError, match="picture: found float64"):
        tracker(np.zeros((5, 6)), 2.0)
    assert len(tracker(frame[:, :, 0], 2.0)) == 1  # grey
    assert len(tracker(frame)) == 1  # now, which is later
