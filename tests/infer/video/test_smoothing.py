"""infer/video/smoothing.py: the One Euro filter restated, of a face and of its points, and what it is for."""

import numpy as np
import pytest

from infer.video.smoothing import FaceSmoother, OneEuro, SmoothingSettings


def restated(points, times, sizes, cutoff, beta, speed_cutoff, weights):
    """The filter of the paper, written down once more, value by value; weights: of the cutoffs, by frame and point."""
    alpha = lambda frequency, dt: 1 / (1 + 1 / (2 * np.pi * frequency * dt))  # noqa: E731
    answers = [points[0].copy()]
    speed = np.zeros_like(points[0])
    for index in range(1, len(points)):
        dt = times[index] - times[index - 1]
        answer = np.empty_like(points[0])
        for k in range(points.shape[1]):
            raw = (points[index][k] - points[index - 1][k]) / dt / sizes[index]
            a = alpha(speed_cutoff, dt)
            speed[k] = a * raw + (1 - a) * speed[k]
            a = alpha(weights[index][k] * (cutoff + beta * np.hypot(*speed[k])), dt)
            answer[k] = a * points[index][k] + (1 - a) * answers[-1][k]
        answers.append(answer)
    return np.array(answers)


def sizes_of(points) -> np.ndarray:
    """The longer edge of the box around each frame's points [N, K, 2]."""
    return (points.max(axis=1) - points.min(axis=1)).max(axis=1)


def wandering(frames: int = 20, count: int = 5):
    """Points [N, K, 2] that wander, and uneven times [N]."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (count, 2)) + rng.normal(0, 2, (frames, count, 2)).cumsum(axis=0)
    return points, np.cumsum(rng.uniform(0.01, 0.1, frames))


def test_as_the_paper_has_it():
    points, times = wandering()
    smooth, weights = OneEuro(points[0], 1.3, 7.0, 0.8), np.array([1, 0.5, 0.2, 1, 3.0])
    found = [
        smooth(some, elapsed, size, weights[:, None])
        for some, elapsed, size in zip(points[1:], np.diff(times), sizes_of(points)[1:], strict=True)
    ]
    wanted = restated(points, times, sizes_of(points), 1.3, 7.0, 0.8, [weights] * 20)
    np.testing.assert_allclose(found, wanted[1:], rtol=1e-9)


def test_the_way_of_the_face_and_what_its_points_do_besides():
    points, times = wandering()
    sizes = sizes_of(points)
    errors = np.random.default_rng(1).uniform(0.2, 8, (20, 5))
    smooth = FaceSmoother(SmoothingSettings(1.3, 7.0, 0.8, 11.0, 0.03))
    found = [smooth(*some) for some in zip(points, times, errors, strict=True)]
    assert found[0].dtype == np.float32
    steps = [np.sort(points[index] - points[index - 1], axis=0)[2] for index in range(1, 20)]  # the middle one of five
    way = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    weights = np.minimum(1, 0.03 * sizes[:, None] / errors) ** 2
    assert (weights == 1).any() and weights.min() < 0.2
    whole = restated(way[:, None], times, sizes, 1.3, 11.0, 0.8, np.ones((20, 1)))
    own = restated(points - way[:, None], times, sizes, 1.3, 7.0, 0.8, weights)
    np.testing.assert_allclose(found, whole + own, rtol=1e-5)


def clip(rate: float, speed: float, noise: float, seconds: float = 4.0, size: float = 100.0, side: int = 2):
    """Points of a face going at `speed` sizes a second, with noise in sizes: seen [N, K, 2], true [N, K, 2], times; the
    points are a grid of side x side."""
    corners = np.stack(np.meshgrid(*[np.linspace(0, size, side)] * 2), axis=2).reshape(-1, 2)
    times = np.arange(round(seconds * rate)) / rate
    true = corners + np.stack([times * speed * size, 0 * times], axis=1)[:, None]
    return true + np.random.default_rng(1).normal(0, noise * size, true.shape), true, times


def run(seen, times, errors=None):
    smooth = FaceSmoother()
    return np.array([smooth(points, time, errors) for points, time in zip(seen, times, strict=True)])


@pytest.mark.parametrize("rate", [15.0, 60.0])
def test_a_still_face_trembles_less_and_a_moving_one_is_not_left_behind(rate):
    seen, true, times = clip(rate, 0.0, 0.005)
    answer, late = run(seen, times), len(times) // 2
    assert np.abs(np.diff(answer[late:], axis=0)).mean() < 0.45 * np.abs(np.diff(seen[late:], axis=0)).mean()
    seen, true, times = clip(rate, 1.0, 0.0)
    behind = (true - run(seen, times))[late:, :, 0].mean()
    assert 0 < behind < 0.02 * 100  # under 20 ms at a face size a second


def trembling(answer, true) -> np.ndarray:
    """How far each point jumps from frame to frame against its true way, in the second half: [K]."""
    off = (answer - true)[len(true) // 2 :]
    return np.linalg.norm(np.diff(off, axis=0), axis=2).mean(axis=0)


@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_an_uncertain_point_trembles_less_and_goes_with_its_face(speed):
    seen, true, times = clip(30.0, speed, 0.01, side=6)
    errors = np.where(np.arange(36) == 8, 6.0, 1.0)  # 2 pixels are usual
    alike, weighed = run(seen, times), run(seen, times, errors)
    before, after = trembling(alike, true), trembling(weighed, true)
    np.testing.assert_allclose(np.delete(after, 8), np.delete(before, 8))
    assert after[8] < 0.6 * before[8]
    behind = (true - weighed)[60:, :, 0].mean(axis=0)
    assert abs(behind[8] - np.delete(behind, 8).mean()) < 0.5


def test_a_moving_face_trembles_hardly_more_than_one_at_rest():
    clips = (clip(30.0, speed, 0.005, side=6) for speed in (0.0, 0.5))
    still, moving = (trembling(run(seen, times), true).mean() for seen, true, times in clips)
    assert moving < 1.6 * still


def test_what_one_point_does_is_not_the_faces_way():
    seen, true, times = clip(30.0, 0.0, 0.0)
    seen[60:, 3] += 20
    np.testing.assert_allclose(run(seen, times)[:, :3], true[:, :3])


def test_size_and_time_set_the_scale():
    """Ten times the pixels in the same time is the same face nearer by: the answer is ten times as large."""
    seen, _, times = clip(30.0, 0.5, 0.01)
    np.testing.assert_allclose(run(seen * 10, times), run(seen, times) * 10, rtol=1e-4, atol=1e-2)


def test_time_that_stands_still_begins_anew():
    smooth = FaceSmoother()
    first, second = np.zeros((3, 2)), np.array([[9.0, 0], [0, 9], [5, 5]])
    smooth(first, 1.0)
    np.testing.assert_array_equal(smooth(second, 1.0), second)


@pytest.mark.parametrize("wrong", [(0,), (1, -1), (1, 1, 0), (1, 1, 1, -1), (1, 1, 1, 1, 0)])
def test_wrong_settings(wrong):
    with pytest.raises(ValueError, match="smoothing: found cutoff .* expected betas >= 0 and all else > 0"):
        SmoothingSettings(*wrong)
