import dataclasses

import numpy as np
import pytest

from infer.geometry.boxes import box_of
from records.landmarks import IBUG_68, KAGGLE_15, SCHEMES, convert
from records.scheme import without_scheme
from tests.helpers.annotated import unknown
from tests.helpers.drawn import points_98, symmetric_face
from tools.read.face import BadSample
from tools.read.marks import checked_points, landmark_box
from tools.read.mean_shape import fit_mean_shape, fitted_box, mean_shape

ANGLE = 0.4
TURN = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])


def placed(shape, scale=83.0):
    """A face turned, scaled and moved."""
    return scale * shape @ TURN.T + (131, 57)


def test_the_mean_of_one_shape_in_many_places_is_that_shape():
    face = symmetric_face()
    shapes = np.stack([placed(face, scale) for scale in (20, 50, 90)])
    expected = (face - face.mean(axis=0)) / (face[45] - face[36])[0]
    np.testing.assert_allclose(fit_mean_shape(shapes, rounds=2), expected, atol=1e-9)


@pytest.mark.parametrize("annotated", [None, [10, 20, 10, 40], [1, 2, np.nan, 9], [30, 2, 3, 40]])
@pytest.mark.parametrize("missing", [range(17), range(17, 36), [8]])
def test_without_a_usable_box_the_mean_shape_gives_it(annotated, missing):
    face = placed(mean_shape())
    annotated = None if annotated is None else np.array(annotated, np.float64)
    np.testing.assert_allclose(landmark_box(unknown(face, *missing), annotated, IBUG_68, "a"), box_of(face), atol=1e-3)


def test_known_points_stand_where_they_are():
    face = placed(mean_shape())
    face[8] += (0, 40)  # a long chin
    assert fitted_box(unknown(face, 3), IBUG_68, "a")[3] == face[8, 1]


def test_fifteen_points_have_the_box_of_the_face_they_belong_to():
    face = placed(mean_shape())
    points = convert(face, IBUG_68, KAGGLE_15)
    np.testing.assert_allclose(landmark_box(points, None, KAGGLE_15, "a"), box_of(face), atol=1e-3)
    np.testing.assert_allclose(fitted_box(unknown(points, *range(2, 10)), KAGGLE_15, "a"), box_of(face), atol=1e-3)


@pytest.mark.parametrize("name", ["wflw98", "ibug51", "cofw29", "aflw19", "mtfl5"])
def test_points_of_every_scheme_have_the_box_of_the_face_they_belong_to(name):
    face = placed(mean_shape())
    points = convert(points_98(face), SCHEMES["wflw98"], SCHEMES[name])
    np.testing.assert_allclose(landmark_box(points, None, SCHEMES[name], "a"), box_of(face), atol=2)


def test_points_that_hold_the_68_have_their_box():
    face, places = placed(mean_shape()), tuple((index,) for index in range(68))
    mappings = {"makes": {"ibug68": places}, "made_of": {"ibug68": (*places, (27,))}}
    with_hair = dataclasses.replace(without_scheme(69), name="mine", **mappings)
    points = np.append(face, [[face[27, 0], -500]], axis=0)
    np.testing.assert_allclose(landmark_box(points, None, with_hair, "a"), box_of(face))


def test_points_without_a_scheme_have_their_own_box_or_the_annotated_one():
    five = np.array([[10.0, 12], [60, 14], [35, 90], [20, 60], [50, 61]])  # in no order of a scheme's
    assert landmark_box(five, None, without_scheme(5), "a").tolist() == [10, 12, 60, 90]
    partly, annotated = unknown(five, 2), np.array([5.0, 6, 70, 95])
    assert landmark_box(partly, annotated, without_scheme(5), "a").tolist() == [5, 6, 70, 95]
    with pytest.raises(BadSample, match="^a: found 4 of 5 points of points5 and no usable box"):
        landmark_box(partly, None, without_scheme(5), "a")


@pytest.mark.parametrize("known", [[36, 45, 57], range(48, 68), range(36, 42), range(17, 22)])
def test_too_little_to_tell_a_box(known):
    points = unknown(placed(mean_shape()), *(set(range(68)) - set(known)))
    with pytest.raises(BadSample, match=f"^a.pts: found {len(known)} known points with a spread of 0.") as caught:
        fitted_box(points, IBUG_68, "a.pts")
    assert caught.value.reason == "unknown box"


def test_half_a_point_is_no_point():
    points = checked_points(np.array([[1, 2], [np.inf, 3], [4, np.nan], [1e300, 7], [5, 6]]), "a")
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points, [[1, 2], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2, [5, 6]])
