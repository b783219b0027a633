import numpy as np
import pytest

from records import metrics
from records.landmarks import KAGGLE_15

RNG = np.random.default_rng(3)
TRUE = RNG.normal(size=(5, 68, 2))
PREDICTED = TRUE + RNG.normal(scale=0.1, size=TRUE.shape)


def by_hand(predicted, true, length):
    """The mean error of one face over `length`, point by point."""
    errors = []
    for (x, y), (u, v) in zip(predicted, true, strict=True):
        if not (np.isnan(u) or np.isnan(v)):
            errors.append(((x - u) ** 2 + (y - v) ** 2) ** 0.5)
    return sum(errors) / len(errors) / length


def lengths_by_hand(true, norm):
    """What each face's errors are divided by."""
    if norm == "inter_ocular":
        return [np.hypot(*(t[36] - t[45])) for t in true]
    if norm == "inter_pupil":
        return [np.hypot(*(t[42:48].mean(axis=0) - t[36:42].mean(axis=0))) for t in true]
    return [np.sqrt(np.prod(np.ptp(t, axis=0))) for t in true]


@pytest.mark.parametrize("norm", metrics.NORMS)
@pytest.mark.parametrize("points", [None, range(17), [30], metrics.without_jaw()])
def test_nme_restated(norm, points):
    chosen = list(range(68) if points is None else points)  # the norm is always that of all
    lengths = lengths_by_hand(TRUE, norm)
    expected = [by_hand(p[chosen], t[chosen], one) for p, t, one in zip(PREDICTED, TRUE, lengths, strict=True)]
    np.testing.assert_allclose(metrics.nme_per_face(PREDICTED, TRUE, norm, points=points), expected)


def test_unknown_points_take_no_part():
    true = TRUE.copy()
    true[1, :17] = np.nan
    wild = PREDICTED.copy()
    wild[1, :17] = 1e6
    expected = by_hand(PREDICTED[1, 17:], TRUE[1, 17:], np.hypot(*(TRUE[1, 36] - TRUE[1, 45])))
    np.testing.assert_allclose(metrics.nme_per_face(wild, true)[1], expected)
    np.testing.assert_allclose(metrics.nme_per_face(wild, true)[2:], metrics.nme_per_face(PREDICTED, TRUE)[2:])


@pytest.mark.parametrize("norm", metrics.NORMS)
def test_a_face_without_known_points_has_no_error(norm):
    true = TRUE.copy()
    true[2], true[3] = np.nan, 5.0  # or without a size
    per_face = metrics.nme_per_face(PREDICTED, true, norm)
    assert np.isnan(per_face).tolist() == [False, False, True, True, False]
    assert metrics.mean_nme(PREDICTED, true, norm) == pytest.approx(per_face[[0, 1, 4]].mean())
    assert np.isnan(metrics.mean_nme(np.zeros((0, 68, 2)), np.zeros((0, 68, 2)), norm))


def test_other_shapes_norms_and_numbers_are_refused():
    with pytest.raises(ValueError, match=r"predicted are \(5, 68, 2\), true \(4, 68, 2\)"):
        metrics.nme_per_face(PREDICTED, TRUE[:4])
    with pytest.raises(ValueError, match="expected both"):
        metrics.point_errors(np.zeros((2, 136)), np.zeros((2, 136)))
    with pytest.raises(ValueError, match="norm: found 'pupil'"):
        metrics.nme_per_face(PREDICTED, TRUE, "pupil")
    broken = PREDICTED.copy()
    broken[0, 3, 1] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        metrics.mean_nme(broken, TRUE)


def test_yaw_bins():
    degrees = [0, 29.99, -29.99, 30.01, -45, 59.99, 60.01, -90, np.nan]
    assert metrics.yaw_bin(np.radians(degrees)).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, -1]


def test_norms_of_fifteen_points_and_of_unknown_ones():
    fifteen = np.zeros((1, 15, 2))
    fifteen[0, 1] = 6, 8  # a scheme that has the centres themselves
    np.testing.assert_allclose(metrics.inter_pupil(fifteen, KAGGLE_15), [10])
    assert metrics.without_jaw() == tuple(range(17, 68)) and sorted(metrics.without_jaw(KAGGLE_15)) == list(range(15))
    true = TRUE.copy()
    true[0, 45, 1] = true[1, 40, 0] = np.nan
    assert np.isnan(metrics.inter_ocular(true)).tolist() == [True, False, False, False, False]
    assert np.isnan(metrics.inter_pupil(true)).tolist() == [True, True, False, False, False]


def test_mean_absolute_error_is_over_known_coordinates():
    predicted = np.array([[[1.0, 5.0], [2.0, 0.0]], [[9.0, 9.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    true = np.array([[[0.0, 2.0], [4.0, 0.0]], [[np.nan, 7.0], [1.0, -3.0]], np.full((2, 2), np.nan)])
    np.testing.assert_allclose(metrics.mean_absolute_error(predicted, true), [(1 + 3 + 2 + 0) / 4, (1 + 3) / 2, np.nan])


def test_nme_per_point_averages_over_the_faces():
    true = TRUE.copy()
    true[1:, 4] = np.nan
    true[:, 7] = np.nan
    found = metrics.nme_per_point(PREDICTED, true, "box")
    sizes = metrics.box_size(true)
    distances = np.linalg.norm(PREDICTED - true, axis=2) / sizes[:, None]
    assert found[4] == pytest.approx(distances[0, 4]) and np.isnan(found[7])
    assert found[20] == pytest.approx(distances[:, 20].mean())


ERRORS = np.array([0.02, 0.09, 0.05, np.nan, 0.08, np.inf])  # no norm known; not found


def test_mean_and_median_are_over_the_found():
    assert metrics.mean(ERRORS) == pytest.approx(0.06) and metrics.median(ERRORS) == pytest.approx(0.065)
    for nothing in (np.array([]), np.array([np.nan]), np.array([np.inf])):
        assert np.isnan(metrics.mean(nothing)) and np.isnan(metrics.median(nothing))


def test_ced_its_area_and_failures():
    np.testing.assert_allclose(metrics.ced(ERRORS, np.array([0.01, 0.02, 0.08, 1])), [0, 1 / 5, 3 / 5, 4 / 5])
    assert np.isnan(metrics.ced(np.array([np.nan]), np.array([0.1]))).all()
    assert metrics.auc(ERRORS, 0.08) == pytest.approx(((0.08 - 0.02) + (0.08 - 0.05)) / 0.08 / 5)
    errors = np.abs(RNG.normal(0, 0.06, 400))
    x = np.linspace(0, 0.1, 200_001)
    assert metrics.auc(errors, 0.1) == pytest.approx(np.trapezoid(metrics.ced(errors, x), x) / 0.1, abs=1e-5)
    assert metrics.auc(np.zeros(3), 0.1) == 1 and np.isnan(metrics.auc(np.array([np.nan]), 0.1))
    assert metrics.failure_rate(ERRORS, 0.08) == pytest.approx(2 / 5)  # above the threshold, or not found
    assert np.isnan(metrics.failure_rate(np.array([]), 0.1))


def test_the_mean_of_bins_weighs_them_alike():
    yaw = np.radians([0, -20, 10, 40, 80, -70, np.nan])
    errors = np.array([1, 2, 3, 10, 5, np.nan, 100])
    assert metrics.mean_of_bins(errors, yaw) == pytest.approx((2 + 10 + 5) / 3)
    assert np.isnan(metrics.mean_of_bins(errors[[0, 3]], yaw[[0, 3]]))


SCORES = np.array([0.6, 0.9, 0.8, 0.5, 0.7])  # in no order
HITS = np.array([True, True, False, False, True])


def test_detection_curve_by_falling_threshold_with_equal_scores_together():
    thresholds, found, false = metrics.detection_curve(SCORES, HITS)
    np.testing.assert_array_equal(thresholds, [0.9, 0.8, 0.7, 0.6, 0.5])
    assert found.tolist() == [1, 1, 2, 3, 3] and false.tolist() == [0, 1, 1, 1, 2]
    thresholds, found, false = metrics.detection_curve(np.array([0.7, 0.9, 0.7]), np.array([False, True, True]))
    assert thresholds.tolist() == [0.9, 0.7] and found.tolist() == [1, 2] and false.tolist() == [0, 1]


def test_average_precision_by_hand():
    # precision where a face is found: 1, 2/3, 3/4; the second one is raised to the third's; one of 4 is never found
    assert metrics.average_precision(SCORES, HITS, 4) == pytest.approx((1 + 3 / 4 + 3 / 4) / 4)
    tied = metrics.average_precision(np.array([0.7, 0.9, 0.7]), np.array([False, True, True]), 2)
    assert tied == pytest.approx((1 + 2 / 3) / 2)
    nothing = np.zeros(0)
    assert metrics.average_precision(nothing, nothing, 3) == 0 and np.isnan(metrics.average_precision(SCORES, HITS, 0))


def test_recall_at_so_many_false_alarms():
    assert metrics.recall_at(SCORES, HITS, 4, 0) == (0.25, 0.9)
    assert metrics.recall_at(SCORES, HITS, 4, 1.99) == (0.75, 0.6)
    assert metrics.recall_at(SCORES, HITS, 6, 2) == (0.5, 0.5)
    assert metrics.recall_at(np.array([0.9, 0.9]), np.array([True, False]), 3, 0.5) == (0.0, np.inf)
    assert np.isnan(metrics.recall_at(SCORES, HITS, 0, 1)).all()


def test_a_find_that_counts_several_times_is_as_several_finds():
    often = np.array([2, 1, 0, 3, 1])
    repeated = np.repeat(SCORES, often), np.repeat(HITS, often)
    for name, *more in (("average_precision", 7), ("recall_at", 7, 2), ("recall_at", 7, 0)):
        function = getattr(metrics, name)
        assert function(SCORES, HITS, *more, often=often) == pytest.approx(function(*repeated, *more))
