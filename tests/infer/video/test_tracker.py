"""infer/video/tracker.py: ids that stay, faces that come and go; against a landmarker that knows the truth."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from infer.video.smoothing import OneEuro
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


def test_a_fast_face_gets_a_second_pass_and_a_slow_one_does_not():
    slow = Truth(lambda index: np.array([50 + 1.0 * index, 100]))
    film(Tracker(slow, RAW), 8)
    fast = Truth(lambda index: np.array([50 + 6.0 * index, 100]))
    film(Tracker(fast, RAW), 8)
    assert len(slow.refined) == 7 and len(fast.refined) == 14


def test_a_new_face_comes_in_by_a_look_on_the_second_thread():
    truth = Truth(still(80, 100), between(10, 999, still(300, 100)))
    answers, again = (film(Tracker(truth, TrackerSettings(smooth=None, look=0.2, delay=4)), 30) for _ in range(2))
    assert [[face.id for face in faces] for faces in again] == [[face.id for face in faces] for faces in answers]
    counts = [len(faces) for faces in answers]
    assert counts[:10] == [1] * 10 and counts[-1] == 2
    first = counts.index(2)
    assert 10 + 4 <= first <= 10 + 0.2 * RATE + 4 + 1
    assert [face.id for face in answers[-1]] == [1, 2]
    assert truth.looked and not any(main for _, _, main in truth.looked)
    turns = [turn for _, turn, _ in truth.looked]
    assert turns == 2 * list(range(1, len(turns) // 2 + 1))  # the detector's looks in turns


def test_a_lost_face_ends_soon_and_is_known_again_for_a_while():
    gone = between(0, 20, still(80, 100))
    back = between(40, 80, still(82, 103))
    late = between(180, 999, still(82, 103))
    truth = Truth(lambda index: gone(index) if index < 20 else back(index) if index < 80 else late(index))
    answers = film(Tracker(truth, TrackerSettings(smooth=None, check=5, strikes=2, idle=0.1, remember=2.0)), 200)
    counts = [len(faces) for faces in answers]
    assert counts[19] == 1 and 0 in counts[20 : 20 + 5 + 2 + 1]
    assert [face.id for face in answers[60]] == [1]  # after 0.7 s
    assert [face.id for face in answers[-1]] == [2]  # after more than 2 s


def test_one_bad_check_is_no_end():
    truth = Truth(still(80, 100))
    tracker, scores = Tracker(truth, TrackerSettings(smooth=None, check=3, strikes=2)), truth.scores
    asked = []

    def blink(frame, points):
        asked.append(1)
        return np.array([0.1]) if len(asked) == 2 else scores(frame, points)

    truth.scores = blink
    assert [len(faces) for faces in film(tracker, 20)] == [1] * 20
    assert len(asked) >= 4


def test_two_that_come_to_the_same_face_become_one():
    truth = Truth(lambda index: np.array([100 + 2.0 * index, 100]), between(0, 15, still(200.0, 100)))
    answers = film(Tracker(truth, RAW), 60)
    assert [face.id for face in answers[0]] == [1, 2]
    assert [face.id for face in answers[-1]] == [1]


def test_without_faces_it_looks_now_and_then():
    truth = Truth(between(31, 99, still(80, 100)))
    answers = film(Tracker(truth, TrackerSettings(smooth=None, idle=0.1)), 40)
    assert len(truth.detected) >= 8 and set(np.diff(truth.detected[:8])) <= {3, 4}  # a tenth of a second at 30 a second
    assert [len(faces) for faces in answers][-1] == 1


def test_points_are_smoothed_as_the_filter_does():
    noise = np.random.default_rng(0).normal(0, 1, (40, 2))
    truth = Truth(lambda index: np.array([80, 100]) + noise[index])
    answers, smooth = film(Tracker(truth), 40), OneEuro()
    for index, faces in enumerate(answers):
        wanted = smooth((SHAPE + np.array([80, 100]) + noise[index]).astype(np.float32), index / RATE)
        np.testing.assert_allclose(faces[0].points, wanted, atol=1e-4)


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
