"""tools/measure/video.py: clips of known motion, jitter and lag by hand."""

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.drawn import symmetric_face
from tools.measure import video
from tools.measure.video import EDGE, RATE, Clip
from tools.read.face import AnnotatedFace


def face(value: int) -> AnnotatedFace:
    """A face of one brightness in a picture of its own."""
    points = symmetric_face() * 60 + (110, 90)
    return AnnotatedFace(np.full((180, 220, 3), value, np.uint8), points.astype(np.float32), box_of(points))


def test_a_clip_moves_as_it_says():
    clip = video.make_clip((face(60), face(200)), 0.5, 0.4, np.random.default_rng(0))
    assert clip.frames.shape == (12, 480, 640, 3) and clip.points.shape == (12, 2, 68, 2)
    steps = np.diff(clip.points[..., 0].mean(axis=2), axis=0) * RATE
    np.testing.assert_allclose(np.abs(steps[:10]), 0.5 * EDGE, rtol=1e-3)
    np.testing.assert_allclose(steps[:10, 0], -steps[:10, 1], rtol=1e-3)
    np.testing.assert_allclose(steps[:10], clip.velocity[:10], rtol=1e-3)
    assert np.ptp(clip.points[0, 0], axis=0).max() == pytest.approx(EDGE, rel=1e-3)
    still = video.make_clip((face(60), face(200)), 0.0, 0.2, np.random.default_rng(0))
    assert (still.points == still.points[0]).all() and (still.frames[0] != still.frames[1]).any()


def test_jitter_and_lag_by_hand():
    count, speed = 120, 0.4 * EDGE
    way = speed * np.arange(count) / RATE
    true = np.zeros((count, 1, 68, 2)) + np.stack([way, 0 * way], axis=1)[:, None, None]
    velocity = np.tile([speed], (count, 1))
    velocity[60:] = -speed
    true[60:, ..., 0] = true[59, ..., 0] - (true[60:, ..., 0] - true[59, ..., 0])
    late = true.copy()
    late[..., 0] -= np.sign(velocity)[..., None] * speed * 0.05  # 50 ms behind, both ways
    clip = Clip(np.zeros(count), true, velocity)
    found = video.judge(late, clip)
    assert found["lag"] == pytest.approx(50, rel=0.06) and found["error"] == pytest.approx(2.0, rel=0.01)
    assert found["jitter"] == pytest.approx(1000 * 2 * 0.05 * speed / 89 / EDGE, rel=0.01)  # the one turn
    assert video.judge(true, clip)["lag"] == pytest.approx(0, abs=1e-6)
    gone = late.copy()
    gone[60:75] = np.nan
    assert video.judge(gone, clip)["lost"] == pytest.approx(15 / 90)
