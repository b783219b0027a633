"""tools/measure/crossings.py: clips of two who meet, and what became of their ids, by hand."""

import numpy as np
import pytest

from infer.faces.face import TrackedFace
from infer.geometry.boxes import box_of
from tests.helpers.drawn import symmetric_face
from tools.measure import crossings
from tools.measure.crossings import EDGE, HEIGHT, RATE, REST, WAY, WIDTH, Crossing
from tools.read.face import AnnotatedFace


def face(value: int) -> AnnotatedFace:
    """A face of one brightness in a picture of its own."""
    points = symmetric_face() * 60 + (110, 90)
    return AnnotatedFace(np.full((180, 220, 3), value, np.uint8), points.astype(np.float32), box_of(points))


@pytest.mark.parametrize("back", [False, True])
def test_the_second_one_is_in_front_where_they_meet(back):
    clip = crossings.make_clip([face(30), face(220)], 2.0, back, np.random.default_rng(1))
    count = len(clip.frames)
    assert count == pytest.approx(2 * REST + 2 * WAY * RATE / (2 * EDGE), abs=1)
    first, last = clip.middles[0], clip.middles[-1]
    assert first[:, 0].tolist() == [WIDTH / 2 - WAY, WIDTH / 2 + WAY]
    assert last[:, 0].tolist() == (first[:, 0] if back else first[::-1, 0]).tolist()
    assert np.abs(clip.middles[:, :, 1] - HEIGHT / 2).max() <= 0.15 * EDGE
    for frame, middles in ((clip.frames[0], first), (clip.frames[-1], last)):
        bright = [frame[round(y), round(x) - 9 : round(x) + 9].mean() for x, y in middles]
        assert bright == pytest.approx([30, 220], abs=4)
    x, y = clip.middles[count // 2, 1].round().astype(int)
    assert clip.frames[count // 2][y, x - 9 : x + 9].mean() == pytest.approx(220, abs=4)


@pytest.mark.parametrize(
    ("later", "outcome"), [((1, 2), "kept"), ((2, 1), "exchanged"), ((1, 3), "new"), ((1, 1), "lost"), ((1,), "lost")]
)
def test_outcomes_by_hand(later, outcome):
    middles = np.array([[[100.0, 200], [400, 210]]] * (REST + 3))
    clip = Crossing([np.zeros((4, 4, 3), np.uint8)] * len(middles), middles)

    def tracker(frame, time):
        numbers = (1, 2) if round(time * RATE) < REST else later
        points = [symmetric_face() * EDGE + middle + 9 for middle in middles[0]]
        return [TrackedFace(box_of(some), some, 0.9, number) for some, number in zip(points, numbers, strict=False)]

    assert crossings.judge(tracker, clip) == outcome
    assert crossings.judge(lambda frame, time: [], clip) is None


def test_a_row_counts_clips_with_both_faces():
    row = crossings.row("on", 2.0, ["kept", "kept", None, "new", "lost"])
    assert row == "| on | 2 | 4 | 50 | 0 | 25 | 25 |"
