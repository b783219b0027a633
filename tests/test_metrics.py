import numpy as np
import pytest

from records import metrics

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


def test_point_errors_are_distances():
    predicted, true = np.zeros((1, 3, 2)), np.array([[[3.0, 4.0], [0.0, -2.0], [np.nan, 1.0]]])
    np.testing.assert_array_equal(metrics.point_errors(predicted, true), [[5, 2, np.nan]])


def test_inter_ocular_is_the_distance_of_the_outer_corners():
    true = np.full((1, 68, 2), 9.0)
    true[0, 36], true[0, 45] = (1, 2), (7, 10)
    np.testing.assert_allclose(metrics.inter_ocular(true), [10])
    true[0, 45, 1] = np.nan
    assert np.isnan(metrics.inter_ocular(true)).all()


def test_box_size_is_the_root_of_the_area():
    true = np.full((2, 4, 2), np.nan)
    true[0] = (0, 0), (9, 1), (5, 4), (np.nan, np.nan)
    np.testing.assert_allclose(metrics.box_size(true), [6, np.nan])


def test_nme_by_inter_ocular_restated():
    expected = [by_hand(p, t, np.hypot(*(t[36] - t[45]))) for p, t in zip(PREDICTED, TRUE, strict=True)]
    np.testing.assert_allclose(metrics.nme_per_face(PREDICTED, TRUE), expected)


def test_nme_by_box_restated():
    expected = [by_hand(p, t, np.sqrt(np.prod(np.ptp(t, axis=0)))) for p, t in zip(PREDICTED, TRUE, strict=True)]
    np.testing.assert_allclose(metrics.nme_per_face(PREDICTED, TRUE, "box"), expected)


def test_a_whole_shift_has_the_error_one_expects():
    true = TRUE[:1]
    shifted = true + (0.03, -0.04)
    np.testing.assert_allclose(metrics.nme_per_face(shifted, true), 0.05 / metrics.inter_ocular(true))


def test_unknown_points_take_no_part():
    true = TRUE.copy()
    true[1, :17] = np.nan
    wild = PREDICTED.copy()
    wild[1, :17] = 1e6
    expected = by_hand(PREDICTED[1, 17:], TRUE[1, 17:], np.hypot(*(TRUE[1, 36] - TRUE[1, 45])))
    np.testing.assert_allclose(metrics.nme_per_face(wild, true)[1], expected)
    np.testing.assert_allclose(metrics.nme_per_face(wild, true)[2:], metrics.nme_per_face(PREDICTED, TRUE)[2:])


@pytest.mark.parametrize("norm", ["inter_ocular", "box"])
def test_a_face_without_known_points_has_no_error(norm):
    true = TRUE.copy()
    true[2] = np.nan
    per_face = metrics.nme_per_face(PREDICTED, true, norm)
    assert np.isnan(per_face).tolist() == [False, False, True, False, False]
    assert metrics.mean_nme(PREDICTED, true, norm) == pytest.approx(per_face[[0, 1, 3, 4]].mean())


def test_a_norm_of_zero_gives_no_error():
    true = TRUE[:2].copy()
    true[0, 45] = true[0, 36]
    assert np.isnan(metrics.nme_per_face(PREDICTED[:2], true)).tolist() == [True, False]


def test_no_faces_have_no_mean():
    assert np.isnan(metrics.mean_nme(np.zeros((0, 68, 2)), np.zeros((0, 68, 2))))
    assert metrics.nme_per_face(np.zeros((0, 68, 2)), np.zeros((0, 68, 2))).shape == (0,)


def test_other_shapes_norms_and_numbers_are_refused():
    with pytest.raises(ValueError, match=r"predicted are \(5, 68, 2\), true \(4, 68, 2\), expected both \[N, K, 2\]"):
        metrics.nme_per_face(PREDICTED, TRUE[:4])
    with pytest.raises(ValueError, match="expected both"):
        metrics.point_errors(np.zeros((2, 136)), np.zeros((2, 136)))
    with pytest.raises(ValueError, match="norm: found 'pupil', expected inter_ocular or box"):
        metrics.nme_per_face(PREDICTED, TRUE, "pupil")
    broken = PREDICTED.copy()
    broken[0, 3, 1] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        metrics.mean_nme(broken, TRUE)


@pytest.mark.parametrize(
    "degrees, expected",
    [(0, 0), (29.99, 0), (-29.99, 0), (30.01, 1), (-45, 1), (59.99, 1), (60.01, 2), (-90, 2), (np.nan, -1)],
)
def test_yaw_bins(degrees, expected):
    assert metrics.yaw_bin(np.radians([degrees])).tolist() == [expected]
    assert metrics.yaw_bin(np.radians(np.array([5, degrees], np.float32))).tolist() == [0, expected]
