"""tools/measure/cuts.py: clips in which something happens, and what a tracker made of them, by hand."""

import numpy as np
import pytest

from infer.faces.face import TrackedFace
from infer.geometry.boxes import box_of
from tests.helpers.drawn import symmetric_face
from tools.measure import cuts
from tools.measure.cuts import COUNT, EDGE, EVENT, EVENTS, Event
from tools.read.face import AnnotatedFace


def face(value: int) -> AnnotatedFace:
    """A face of one brightness in a picture of its own."""
    points = symmetric_face() * 60 + (110, 90)
    return AnnotatedFace(np.full((180, 220, 3), value, np.uint8), points.astype(np.float32), box_of(points))


def test_a_clip_has_its_event_in_the_middle():
    one, other = face(60), face(200)
    frames, points = cuts.make_clip(one, other, Event(), np.random.default_rng(0))
    bright = [frame[200:280, 280:360].mean() for frame in frames]
    np.testing.assert_allclose(bright, [60] * EVENT + [200] * (COUNT - EVENT), atol=1)
    assert 1 < np.abs(points[EVENT] - points[EVENT - 1]).max() < 40
    flash, still = (
        cuts.make_clip(one, one, EVENTS[name], np.random.default_rng(0), True)[0]
        for name in ("flash of one frame", "nothing")
    )
    changed = [int(np.abs(a.astype(int) - b).max() > 40) for a, b in zip(flash, still, strict=True)]
    assert changed == [0] * EVENT + [1] + [0] * (COUNT - EVENT - 1) and (np.ptp(flash[EVENT], axis=2) == 0).all()
    assert all(event.stays or event.change for event in EVENTS.values())


def test_a_placed_face_is_where_it_says():
    image, points = cuts.placed(face(60), np.array([300.0, 200]), np.radians(90), 1.5)
    centred = face(60).points - (face(60).box[:2] + face(60).box[2:]) / 2
    factor = 1.5 * EDGE / np.ptp(face(60).points, axis=0).max()
    np.testing.assert_allclose(points, centred[:, ::-1] * (-factor, factor) + (300, 200), atol=1e-3)
    assert image.shape == (480, 640, 3)


@pytest.mark.parametrize("number, changed", [(lambda index: 1, 0.0), (lambda index: 1 + (index >= EVENT), 1.0)])
def test_ids_and_errors_by_hand(number, changed):
    true = np.tile(symmetric_face() * EDGE + (320, 240), (COUNT, 1, 1))
    size = np.ptp(true[0], axis=0).max()

    def tracker(frame, time):
        index = round(time * cuts.RATE)
        points = true[index] + (0.02 * size * (index == EVENT) + 0.01 * size * (index == COUNT - 1), 0)
        return [
            TrackedFace(box_of(points), points, 0.9, number(index)),
            TrackedFace(box_of(points), points + 400, 0.9, 9),
        ]

    found = cuts.judge(tracker, [np.zeros((4, 4, 3), np.uint8)] * COUNT, true)
    np.testing.assert_allclose(found, (changed, 2.0, 1.0), atol=1e-6)
    assert cuts.row("x", np.array([found, (1 - changed, 4.0, 1.0), (np.nan,) * 3])) == "| x | 2 | 50 | 3.00 | 1.00 |"
    assert np.isnan(cuts.judge(lambda frame, time: [], [np.zeros((4, 4, 3), np.uint8)] * COUNT, true)).all()
