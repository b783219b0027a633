"""infer/faces/align.py: the five places come to lie where recognisers want them."""

import numpy as np
import pytest

from infer.faces.align import TEMPLATE, align, alignment, five_points, places_of
from infer.faces.schemes import FIVE
from infer.geometry.rotations import rotation
from records.landmarks import SCHEMES, convert


def test_the_five_of_68_points():
    points = np.random.default_rng(0).uniform(0, 99, (68, 2))
    five = five_points(points)
    np.testing.assert_allclose(five[0], points[36:42].mean(axis=0))
    np.testing.assert_allclose(five[[2, 3, 4]], points[[30, 48, 54]])


def test_places_are_points_or_means_of_some():
    points = np.float32([[1, 2, 3], [4, 5, 6], [10, 20, 30]])
    assert places_of(points, [(2,), (0,)]).tolist() == [[10, 20, 30], [1, 2, 3]]
    found = places_of(points, [[0, 1], [2]])
    assert found.tolist() == [[2.5, 3.5, 4.5], [10, 20, 30]] and found.dtype == np.float32


@pytest.mark.parametrize("name", SCHEMES)
def test_the_five_of_every_scheme_are_those_that_its_file_leads_to(name):
    points = np.random.default_rng(1).uniform(0, 99, (SCHEMES[name].count, 2))
    np.testing.assert_allclose(
        five_points(points, FIVE[name]), convert(points, SCHEMES[name], SCHEMES["mtfl5"]), atol=1e-9
    )


@pytest.mark.parametrize(("angle", "scale"), [(0.7, 3.0), (-2.0, 0.4)])
def test_a_turned_and_scaled_template_lies_on_the_template(angle, scale):
    five = (TEMPLATE @ rotation(angle).T) * scale + (250, -30)
    crop = alignment(five)
    np.testing.assert_allclose(crop.to_fractions(five) * 112 - 0.5, TEMPLATE, atol=1e-4)
    assert crop.side == pytest.approx(112 * scale) and crop.angle == pytest.approx(angle) and crop.size == 112


def test_the_picture_is_cut_as_the_points_say():
    image = np.zeros((300, 400, 3), np.uint8)
    places = (TEMPLATE * 2 + (60, 30)).round()
    for x, y in places.astype(int):
        image[y - 6 : y + 7, x - 6 : x + 7] = 255
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = places[0], places[1]
    points[[30, 48, 54]] = places[2:]
    face = align(image, points)
    assert face.shape == (112, 112, 3) and face.dtype == np.uint8
    for x, y in TEMPLATE.round().astype(int):
        assert face[y, x].min() == 255 and face[y, x - 8 if x > 20 else x + 8].max() < 255


def test_what_cannot_be_aligned():
    with pytest.raises(ValueError, match="aligned faces: found points that no scheme leads to eyes"):
        align(np.zeros((5, 5, 3), np.uint8), np.zeros((5, 2)), ())
    for points in (np.full((68, 2), 3.0), np.full((68, 2), np.nan)):
        with pytest.raises(ValueError, match="expected five places apart"):
            align(np.zeros((5, 5, 3), np.uint8), points)
