"""tools/measure/video.py: clips of known motion, jitter and lag by hand."""

import numpy as np
import pytest

from infer.faces.face import TrackedFace
from infer.geometry.boxes import box_of
from infer.video.smoothing import FaceSmoother, SmoothingSettings
from tests.helpers.drawn import symmetric_face
from tools.measure import video
from tools.measure.video import EDGE, RATE, Clip, Motion
from tools.read.face import AnnotatedFace


def face(value: int) -> AnnotatedFace:
    """A face of one brightness in a picture of its own."""
    points = symmetric_face() * 60 + (110, 90)
    return AnnotatedFace(np.full((180, 220, 3), value, np.uint8), points.astype(np.float32), box_of(points))


def test_a_clip_moves_as_it_says():
    clip = video.make_clip((face(60), face(200)), Motion(0.5), 0.4, np.random.default_rng(0))
    assert clip.frames.shape == (12, 480, 640, 3) and clip.points.shape == (12, 2, 68, 2)
    steps = np.diff(clip.points[..., 0].mean(axis=2), axis=0) * RATE
    np.testing.assert_allclose(np.abs(steps[:10]), 0.5 * EDGE, rtol=1e-3)
    np.testing.assert_allclose(steps[:10, 0], -steps[:10, 1], rtol=1e-3)
    np.testing.assert_allclose(steps[:10], clip.velocity[:10], rtol=1e-3)
    assert np.ptp(clip.points[0, 0], axis=0).max() == pytest.approx(EDGE, rel=1e-3)
    still = video.make_clip((face(60), face(200)), Motion(), 0.2, np.random.default_rng(0))
    assert (still.points == still.points[0]).all() and (still.frames[0] != still.frames[1]).any()


def test_faces_roll_against_each_other():
    clip = video.make_clip((face(60), face(200)), Motion(roll=20), 1.0, np.random.default_rng(0))
    for index, angle in ((0, 0.0), (15, np.radians(20)), (10, np.radians(20) * np.sin(np.pi / 3))):
        for side, sign in enumerate((1, -1)):
            (x, y) = (
                clip.points[index, side, 45] - clip.points[index, side, 36]
            ) * sign  # the outer corners of the eyes
            assert np.arctan2(y * sign, x * sign) == pytest.approx(sign * angle, abs=1e-4)
        np.testing.assert_allclose(np.ptp(clip.points[0], axis=1).max(axis=1), EDGE, rtol=1e-3)
    # the picture rolls with the points: the face's own picture is a rectangle that stands as they do
    bright = (clip.frames[15].astype(int) > 150).all(axis=2)
    y, x = np.nonzero(bright)
    spread = np.cov(np.stack([x, y]))
    assert spread[0, 1] < -0.05 * spread[0, 0]


def test_a_hand_passes_before_both_faces():
    covered = video.make_clip((face(60), face(200)), Motion(covered=True), 2.0, np.random.default_rng(0))
    for index, offset in ((10, -60), (15, 0), (45, 0), (50, 60)):  # of 60 frames
        hidden = (covered.frames[index] == video.HAND_COLOUR).all(axis=2)
        for side, middle in enumerate(covered.points[index].mean(axis=1)):
            y, x = np.nonzero(hidden[:, 320 * side : 320 * (side + 1)])
            wanted = middle + (offset - 320 * side, 0.2 * EDGE)
            np.testing.assert_allclose((x.mean(), y.mean()), wanted, atol=1)
            assert len(x) == pytest.approx(np.pi * 45 * 60, rel=0.05)


def test_errors_are_taken_from_the_nearest_face_and_weigh_its_points():
    true = np.random.default_rng(0).uniform(0, 90, (2, 68, 2)) + [[[100, 100]], [[400, 100]]]
    errors = np.linspace(0, 9, 68)
    faces = [
        TrackedFace(box_of(one), one, 0.9, number, errors=errors * number) for number, one in enumerate(true[::-1])
    ]
    passer_by = TrackedFace(box_of(true[0]), true[0] + (0, 300), 0.9, 7, errors=errors)
    points, found, ids = video.assign([*faces, passer_by], true + 1)
    assert ids == {0, 1}
    np.testing.assert_array_equal(points, true)
    np.testing.assert_array_equal(found, [errors, 0 * errors])
    faces = [TrackedFace(face.box, face.points, 0.9, face.id) for face in faces[:1]]
    points, found, ids = video.assign(faces, true)
    assert ids == {0}
    assert np.isnan(points[0]).all() and not np.isnan(points[1]).any() and np.isnan(found).all()


def test_a_run_is_smoothed_by_errors_where_they_are_told():
    rng, errors = np.random.default_rng(0), np.full((9, 2, 68), np.nan)
    answers = rng.uniform(0, 90, (2, 68, 2)) + rng.normal(0, 1, (9, 2, 68, 2))
    answers[4, 1] = np.nan  # lost for a moment
    settings = SmoothingSettings(usual=0.05)
    ways = video.in_every_way({"answers": answers, "errors": errors}, settings)
    assert list(ways) == ["no", "yes"] and ways["no"] is answers and np.isnan(ways["yes"][4, 1]).all()
    errors[:] = 4.0
    errors[:, :, 7] = 20
    ways = video.in_every_way({"answers": answers, "errors": errors}, settings)
    smooth = FaceSmoother(settings)
    wanted = [smooth(some, index / RATE, errors[0, 0]) for index, some in enumerate(answers[:, 0])]
    np.testing.assert_allclose(ways["by errors"][:, 0], wanted)
    apart = np.abs(ways["by errors"] - ways["yes"])[5:, 0].max(axis=(0, 2))
    assert apart[7] > 0.1 and np.delete(apart, 7).max() == 0


def test_a_row_for_every_kind_of_clip_and_way_of_smoothing():
    def ran(jitter):
        return {"jitter": jitter, "lag": np.nan, "error": 2.0, "rate": 30.0, "cpu": 5.0, "lost": 0.25, "ids": 2}

    rows = {Motion(): [{"no": ran(3), "yes": ran(1)}, {"no": ran(4), "yes": ran(2)}]}
    rows |= {Motion(0.25, covered=True): [{"no": ran(9)}], Motion(roll=9): [{"no": ran(8)}]}
    assert video.table(rows).splitlines()[2:] == [
        "| 0.0 | no | 3.5 |  | 2.00 | 30 | 5.0 | 25.0 | 2 |",
        "| 0.0 | yes | 1.5 |  | 2.00 | 30 | 5.0 | 25.0 | 2 |",
        "| 0.25, covered | no | 9.0 |  | 2.00 | 30 | 5.0 | 25.0 | 2 |",
        "| 0.0, rolling | no | 8.0 |  | 2.00 | 30 | 5.0 | 25.0 | 2 |",
    ]


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
