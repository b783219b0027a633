"""infer/video/smoothing.py: the One Euro filter restated, and what it is for."""

import numpy as np
import pytest

from infer.video.smoothing import OneEuro, SmoothingSettings


def restated(points, times, cutoff, beta, speed_cutoff):
    """The filter of the paper, written down once more, value by value."""
    alpha = lambda frequency, dt: 1 / (1 + 1 / (2 * np.pi * frequency * dt))  # noqa: E731
    answers = [points[0].copy()]
    speed = np.zeros_like(points[0])
    for index in range(1, len(points)):
        dt = times[index] - times[index - 1]
        size = max(np.ptp(points[index][:, 0]), np.ptp(points[index][:, 1]))
        answer = np.empty_like(points[0])
        for k in range(points.shape[1]):
            raw = (points[index][k] - points[index - 1][k]) / dt / size
            a = alpha(speed_cutoff, dt)
            speed[k] = a * raw + (1 - a) * speed[k]
            a = alpha(cutoff + beta * np.hypot(*speed[k]), dt)
            answer[k] = a * points[index][k] + (1 - a) * answers[-1][k]
        answers.append(answer)
    return np.array(answers)


def test_as_the_paper_has_it():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (5, 2)) + rng.normal(0, 2, (20, 5, 2)).cumsum(axis=0)
    times = np.cumsum(rng.uniform(0.01, 0.1, 20))
    smooth = OneEuro(SmoothingSettings(1.3, 7.0, 0.8))
    found = [smooth(some, time) for some, time in zip(points, times, strict=True)]
    assert found[0].dtype == np.float32
    np.testing.assert_allclose(found, restated(points, times, 1.3, 7.0, 0.8), rtol=1e-5)


def clip(rate: float, speed: float, noise: float, seconds: float = 4.0, size: float = 100.0):
    """Points of a face going at `speed` sizes a second, with noise in sizes: seen [N, 4, 2], true [N, 4, 2], times."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * size
    times = np.arange(round(seconds * rate)) / rate
    true = corners + np.stack([times * speed * size, 0 * times], axis=1)[:, None]
    return true + np.random.default_rng(1).normal(0, noise * size, true.shape), true, times


def run(seen, times):
    smooth = OneEuro()
    return np.array([smooth(points, time) for points, time in zip(seen, times, strict=True)])


@pytest.mark.parametrize("rate", [15.0, 60.0])
def test_a_still_face_trembles_less_and_a_moving_one_is_not_left_behind(rate):
    seen, true, times = clip(rate, 0.0, 0.005)
    answer, late = run(seen, times), len(times) // 2
    assert np.abs(np.diff(answer[late:], axis=0)).mean() < 0.45 * np.abs(np.diff(seen[late:], axis=0)).mean()
    seen, true, times = clip(rate, 1.0, 0.0)
    behind = (true - run(seen, times))[late:, :, 0].mean()
    assert 0 < behind < 0.02 * 100  # under 20 ms at a face size a second


def test_size_and_time_set_the_scale():
    """Ten times the pixels in the same time is the same face nearer by: the answer is ten times as large."""
    seen, _, times = clip(30.0, 0.5, 0.01)
    np.testing.assert_allclose(run(seen * 10, times), run(seen, times) * 10, rtol=1e-4, atol=1e-2)


def test_time_that_stands_still_begins_anew():
    smooth = OneEuro()
    first, second = np.zeros((3, 2)), np.array([[9.0, 0], [0, 9], [5, 5]])
    smooth(first, 1.0)
    np.testing.assert_array_equal(smooth(second, 1.0), second)


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_wrong_settings(wrong):
    with pytest.raises(ValueError, match="smoothing: found cutoff .* expected cutoffs > 0 and beta >= 0"):
        SmoothingSettings(*wrong)
